import Contracts
import Kernel
import Storage

/// What the rows of the timer table are for.
enum TimerKind: String, CaseIterable {
    /// A retry's waiting time is over. Key: task; generation: the attempt that failed.
    case backoff = "task.backoff"
    /// An attempt must have ended. Key: task; generation: the attempt.
    case deadline = "task.deadline"
    /// A task's own deadline is near. Key: task.
    case urgency = "task.urgency"
    /// More tickets can move than one transaction should move. Key: project.
    case reconsider = "project.reconsider"
    /// A review should have been done. Key: ticket; generation: its round.
    case review = "ticket.review"
    /// Tickets of a project may stand still. Key: project.
    case blocking = "project.blocking"
}

extension UnitOfWork {
    /// Timers handled in one transaction.
    static let timerBatch = 100

    /// Acts on every timer that is due, up to a batch.
    ///
    /// - Returns: how many fired.
    @discardableResult
    func fireTimers() throws -> Int {
        let due = try Timers.due(at: now, limit: Self.timerBatch, in: database)
        for timer in due {
            try Timers.cancel(kind: timer.kind, key: timer.key, in: database)
            guard let kind = TimerKind(rawValue: timer.kind), let id = Identifier(timer.key) else { continue }
            switch kind {
            case .backoff: touch(ticket: try task(id).ticketID)
            case .deadline: try timeOut(task: id, attempt: timer.generation)
            case .urgency: try judgeUrgency(of: id)
            case .reconsider: reconsider(project: id)
            case .review: try escalateReview(ofTicket: id)
            case .blocking:
                try watchForBlocking(in: id)
                try blockStuck(in: id)
            }
        }
        return due.count
    }

    private func timeOut(task id: Identifier, attempt number: Int) throws {
        guard let attempt = try AttemptStore.find(task: id, number: number, in: database), attempt.status == .open
        else { return }
        try timeOut(attempt, after: Int((now - attempt.startedAt).milliseconds / 1000))
    }

    /// Ends an attempt that takes too long; its sandbox is told to stop.
    func timeOut(_ attempt: Attempt, after seconds: Int) throws {
        try end(
            attempt,
            .init(status: .timedOut, domain: .task, error: "timed out: no result after \(seconds) s")
        )
        pushStop(attempt, reason: "timed-out")
    }

    /// Ends the attempt of a sandbox whose lease has run out.
    func lose(sandbox: Identifier, why: String) throws {
        guard let attempt = try AttemptStore.find(sandbox: sandbox, in: database), attempt.status == .open else {
            environment.leases.close(sandbox)
            return
        }
        try end(attempt, .init(status: .lost, domain: .platform, error: why))
    }
}
