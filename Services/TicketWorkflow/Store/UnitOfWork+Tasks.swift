import Contracts
import Kernel
import Storage

// What people may do to a task, and the watch over its own deadline.
extension UnitOfWork {
    /// Ends a task that is being worked on as failed, whatever attempts it has left; its sandbox is told to stop.
    ///
    /// - Throws: ``Fault`` `conflict` for a task nobody is working on.
    func fail(task id: Identifier, reason: String) throws {
        let task = try task(id)
        guard let attempt = try AttemptStore.find(task: id, number: task.attempt, in: database),
            attempt.status == .open
        else {
            throw Fault(
                .conflict,
                task.status.isFinal
                    ? "the task is \(task.status.rawValue), which is final"
                    : "the task is \(task.status.rawValue): nobody works on it; cancel it instead"
            )
        }
        // The attempt was stopped by a person: what its sandbox still reports changes nothing.
        let stopped = try close(attempt, as: .cancelled, domain: nil, error: reason)
        try update(task: id, .taskFailed, attempt: stopped) { record in
            record.fence += 1
            try record.task.take(.fail)
            record.task.error = reason
            record.task.completedAt = now
            record.task.sandboxStopped = false
        }
        pushStop(stopped, reason: "cancelled")
        touch(ticket: task.ticketID)
    }

    /// Sets how long an attempt at the task may take; the one that is open is measured anew from its start.
    ///
    /// - Throws: ``Fault`` `conflict` for a final task.
    func setTimeout(task id: Identifier, seconds: Int) throws {
        let task = try task(id)
        guard !task.status.isFinal else {
            throw Fault(.conflict, "the task is \(task.status.rawValue), which is final")
        }
        guard task.timeoutSeconds != seconds else { return }
        var deadline: Timestamp?
        if let attempt = try AttemptStore.find(task: id, number: task.attempt, in: database), attempt.status == .open {
            let end = attempt.startedAt + .seconds(seconds) + environment.configuration.deadlineGrace
            try Timers.set(
                kind: TimerKind.deadline.rawValue,
                key: id.description,
                due: end,
                generation: attempt.number,
                in: database
            )
            deadline = end
        }
        try update(task: id, .taskUpdated) { record in
            record.task.timeoutSeconds = seconds
            record.task.attemptDeadlineAt = deadline
        }
    }

    /// Sets the timer that makes the task urgent. Call it when the deadline was set or changed.
    func watchDeadline(of task: WorkTask) throws {
        let (kind, key) = (TimerKind.urgency.rawValue, task.id.description)
        guard let deadline = task.deadlineAt, !task.status.isFinal else {
            return try Timers.cancel(kind: kind, key: key, in: database)
        }
        try Timers.set(kind: kind, key: key, due: deadline - Rank.urgency, generation: 0, in: database)
    }

    /// The deadline of a task has come near, or was moved.
    func judgeUrgency(of id: Identifier) throws {
        let record = try taskRecord(id)
        let isUrgent = Rank.isUrgent(deadline: record.task.deadlineAt, now: now)
        guard record.isUrgent != isUrgent, record.task.status == .pending else { return }
        try note(task: id) { $0.isUrgent = isUrgent }
    }

    /// The place of a ready task in the order of claims, after something that counts for it has changed.
    func rerank(task id: Identifier) throws {
        let task = try task(id)
        guard let readyAt = task.readyAt, task.status == .pending else { return }
        let dependents = try DependencyStore.countDependents(of: id, in: database)
        try note(task: id) { record in
            record.rank = Rank.value(
                readyAt: readyAt,
                priority: task.priority,
                dependents: dependents,
                retries: task.countedFailures
            )
        }
    }

    /// Open attempts that have taken longer than their task allows, of the projects the actor may change.
    func overdueAttempts() throws -> [(attempt: Attempt, seconds: Int)] {
        try AttemptStore.open(in: database).compactMap { attempt in
            let task = try task(attempt.taskID)
            guard actor.projectID == nil || actor.projectID == task.projectID else { return nil }
            let allowed = try task.timeoutSeconds ?? project(task.projectID).settings.agent.timeoutSeconds
            let taken = (now - attempt.startedAt).milliseconds / 1000
            return taken >= Int64(allowed) ? (attempt, Int(taken)) : nil
        }
    }
}
