import Contracts
import Kernel

/// What sending a ticket back to building means for its tasks.
enum Rework {
    /// Why a ticket cannot go back; nobody is asked about a block that only says its tasks failed.
    static func refusals(_ ticket: Ticket, active: Int) -> [Fault] {
        if let block = ticket.block, !block.automatic {
            return [
                Fault(
                    .transitionRefused,
                    "\(ticket.key) is blocked (\(block.reason.rawValue)): \(block.detail); unblock it first"
                )
            ]
        }
        guard active > 0 else { return [] }
        return [
            Fault(
                .tasksOpen,
                "\(active) tasks of \(ticket.key) are being worked on; wait for them, cancel them, or use 'force'"
            )
        ]
    }

    /// The rounds a ticket may have are used up.
    static func isExhausted(_ ticket: Ticket) -> Bool { ticket.round >= Limits.rounds }

    /// The task that does the work again.
    ///
    /// - Parameter previous: completed implementation tasks of the round that ends; the new one builds on their work.
    static func task(
        id: Identifier,
        for ticket: Ticket,
        feedback: String?,
        previous: [WorkTask],
        maxAttempts: Int,
        at now: Timestamp
    ) -> WorkTask {
        var task = WorkTask(
            id: id,
            ticketID: ticket.id,
            projectID: ticket.projectID,
            phase: .implementation,
            taskType: "rework",
            title: String("Rework: \(ticket.title)".prefix(Limits.titleLength)),
            description: feedback ?? "The ticket was sent back to building without feedback.",
            priority: ticket.priority,
            dependsOn: previous.suffix(Limits.dependenciesPerTask).map(\.id),
            maxAttempts: maxAttempts,
            round: ticket.round + 1,
            createdAt: now
        )
        task.reworkOf = previous.last?.id
        return task
    }

    /// The current tasks that are done again after the rework: those of later phases, but not what was cancelled.
    static func repeated(_ tasks: [WorkTask]) -> [WorkTask] {
        tasks.filter { $0.phase > .implementation && $0.status != .cancelled }
    }

    /// The same work once more, with what was counted against it; what waits for a repeated task waits for its clone.
    ///
    /// - Parameter ids: of the clones, by the task they repeat; a task without one is not repeated.
    /// - Returns: the clones in the order of the tasks.
    static func clones(
        of tasks: [WorkTask],
        ids: [Identifier: Identifier],
        round: Int,
        at now: Timestamp
    ) -> [WorkTask] {
        tasks.compactMap { task in
            guard let id = ids[task.id] else { return nil }
            var clone = task.successor(id: id, round: round, keepingCounts: true, at: now)
            clone.reworkOf = task.id
            clone.dependsOn = task.dependsOn.map { ids[$0] ?? $0 }
            return clone
        }
    }
}
