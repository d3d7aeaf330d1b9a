import Contracts
import Kernel
import Storage

// How attempts begin and end. Every end closes the attempt's row, its lease and its timers.
extension UnitOfWork {
    /// Opens an attempt at a ready task for a sandbox: number, holder, and a fence higher than all before.
    func open(task id: Identifier, sandbox: Identifier, orchestrator: String) throws -> (TaskRecord, Attempt) {
        let record = try taskRecord(id)
        let project = try project(record.task.projectID)
        let attempt = Attempt(
            id: .make(bucket: id.bucket),
            taskID: id,
            number: record.task.attempt + 1,
            fence: record.fence + 1,
            sandboxID: sandbox,
            orchestrator: orchestrator,
            startedAt: now
        )
        try AttemptStore.insert(attempt, in: database)
        let seconds = record.task.timeoutSeconds ?? project.settings.agent.timeoutSeconds
        let deadline = now + .seconds(seconds) + environment.configuration.deadlineGrace
        let claimed = try update(task: id, .taskAssigned, attempt: attempt) { record in
            record.fence = attempt.fence
            try record.task.take(.claim)
            record.task.attempt = attempt.number
            record.task.sandboxID = sandbox
            record.task.sandboxStopped = false
            record.task.attemptDeadlineAt = deadline
        }
        try Timers.set(
            kind: TimerKind.deadline.rawValue,
            key: id.description,
            due: deadline,
            generation: attempt.number,
            in: database
        )
        let (leases, uptime) = (environment.leases, environment.time.uptime())
        transaction.afterCommit { leases.open(attempt, uptime: uptime) }
        return (claimed, attempt)
    }

    /// The sandbox of an assigned task works.
    func start(task id: Identifier, attempt: Attempt) throws {
        guard try task(id).status == .assigned else { return }
        try update(task: id, .taskStarted, attempt: attempt) { record in
            try record.task.take(.start)
            record.task.startedAt = now
        }
    }

    /// Ends an attempt without a completed task: the task is tried again or ends, by ``AttemptOutcome``.
    func end(_ attempt: Attempt, _ ending: AttemptOutcome.Ending) throws {
        let attempt = try close(attempt, as: ending.status, domain: ending.domain, error: ending.error)
        var task = try task(attempt.taskID)
        guard !task.status.isFinal else { return }
        let outcome = AttemptOutcome.decide(ending, on: &task, now: now, random: environment.random())
        task.error = ending.error
        switch outcome {
        case .retry(let notBefore):
            try update(task: task.id, .taskRetrying, attempt: attempt) { record in
                try task.take(.retry)
                task.readyAt = nil
                task.notBefore = notBefore
                task.notBeforeCause = ending.domain
                task.sandboxID = nil
                task.attemptDeadlineAt = nil
                task.startedAt = nil
                record.task = task
            }
            try Timers.set(
                kind: TimerKind.backoff.rawValue,
                key: task.id.description,
                due: notBefore,
                generation: attempt.number,
                in: database
            )
        case .end(let status):
            try update(task: task.id, status == .timedOut ? .taskTimedOut : .taskFailed, attempt: attempt) { record in
                try task.take(status == .timedOut ? .timeOut : .fail)
                task.completedAt = now
                record.task = task
            }
        }
        touch(ticket: task.ticketID)
    }

    /// Ends an attempt with a completed task.
    func complete(_ attempt: Attempt, result: TaskResult) throws {
        let attempt = try close(attempt, as: .completed, domain: nil, error: nil)
        let task = try task(attempt.taskID)
        try update(task: task.id, .taskCompleted, attempt: attempt) { record in
            try record.task.take(.complete)
            record.task.completedAt = now
            record.task.error = nil
            record.task.notBefore = nil
            record.task.notBeforeCause = nil
            record.task.resultID = result.id
            record.task.summary = Self.summary(result.summary)
            record.task.branch = result.branch
            record.task.commit = result.commits.last?.sha
        }
        try recount(ticket: task.ticketID, completed: 1)
        touch(ticket: task.ticketID)
        for ticket in try DependencyStore.noteCompletion(of: task.id, in: database) { touch(ticket: ticket) }
    }

    /// Cancels a task that is not final: its fence rises, its sandbox is told to stop.
    @discardableResult
    func cancel(task id: Identifier, reason: String) throws -> WorkTask {
        let task = try task(id)
        guard !task.status.isFinal else {
            throw Fault(.conflict, "the task is \(task.status.rawValue), which is final")
        }
        var attempt = try AttemptStore.find(task: id, number: task.attempt, in: database)
        let isOpen = attempt?.status == .open
        if isOpen, let open = attempt { attempt = try close(open, as: .cancelled, domain: nil, error: reason) }
        let cancelled = try update(task: id, .taskCancelled, attempt: isOpen ? attempt : nil) { record in
            record.fence += 1
            try record.task.take(.cancel)
            record.task.error = reason
            record.task.readyAt = nil
            record.task.notBefore = nil
            record.task.notBeforeCause = nil
            record.task.completedAt = now
            record.task.sandboxStopped = !isOpen
        }
        if isOpen, let attempt { pushStop(attempt, reason: "cancelled") }
        try Timers.cancel(kind: TimerKind.backoff.rawValue, key: id.description, in: database)
        try recount(ticket: task.ticketID, tasks: -1)
        touch(ticket: task.ticketID)
        return cancelled.task
    }

    /// Tells the attempt's orchestrator after the commit to stop the sandbox; its next heartbeat would tell it as well.
    func pushStop(_ attempt: Attempt, reason: String) {
        let stop = environment.stop
        let command = StopSandbox(sandboxID: attempt.sandboxID, reason: reason)
        transaction.afterCommit { stop(attempt.orchestrator, command) }
    }

    /// Ends an attempt's row, its lease and its timer.
    func close(
        _ attempt: Attempt,
        as status: Attempt.Status,
        domain: FaultDomain?,
        error: String?
    ) throws -> Attempt {
        var attempt = attempt
        attempt.status = status
        attempt.faultDomain = domain
        attempt.error = error.map { String($0.prefix(Limits.reasonLength)) }
        attempt.endedAt = now
        try AttemptStore.update(attempt, in: database)
        try Timers.cancel(kind: TimerKind.deadline.rawValue, key: attempt.taskID.description, in: database)
        let (leases, sandbox) = (environment.leases, attempt.sandboxID)
        transaction.afterCommit { leases.close(sandbox) }
        return attempt
    }

    /// The text cut to ``Limits/summaryBytes``, at a character.
    private static func summary(_ text: String) -> String {
        guard text.utf8.count > Limits.summaryBytes else { return text }
        var cut = ""
        var bytes = 0
        for character in text {
            bytes += character.utf8.count
            guard bytes <= Limits.summaryBytes else { break }
            cut.append(character)
        }
        return cut
    }
}
