import Contracts
import Kernel

/// Whether a person may move a ticket: the same door automatic moves go through.
enum ManualMove {
    struct Facts: Sendable {
        var ticket: Ticket
        var target: Phase
        /// Current tasks of phases before the target that are not final.
        var leftBehind: [WorkTask]
        var tallies: [Phase: Settle.Tally]
        /// Keys of `blocked_by` tickets that are not done.
        var openBlockers: [String]
        /// What the gates on the way lack.
        var shortfalls: [Gate.Shortfall]
        /// Whether the target's column takes another ticket.
        var hasRoom: Bool
    }

    /// Everything that speaks against the move, what cannot be forced first.
    static func refusals(_ facts: Facts) -> [Fault] {
        let absolute = impossibilities(facts)
        return absolute.isEmpty ? objections(facts) : absolute
    }

    /// What no `force` overcomes.
    static func impossibilities(_ facts: Facts) -> [Fault] {
        let ticket = facts.ticket
        if ticket.archived { return [refusal(facts, "it is archived")] }
        guard TicketStateMachine.mayMove(from: ticket.phase, to: facts.target) else {
            return [refusal(facts, "that is not a way a ticket goes")]
        }
        return []
    }

    private static func objections(_ facts: Facts) -> [Fault] {
        let ticket = facts.ticket
        var faults: [Fault] = []
        if let block = ticket.block {
            faults.append(refusal(facts, "it is blocked (\(block.reason.rawValue)): \(block.detail)"))
        }
        if !Settle.isApproved(ticket) { faults.append(refusal(facts, "it waits for a review")) }
        if facts.leftBehind.contains(where: { $0.status != .pending }) {
            faults.append(
                Fault(
                    .tasksOpen,
                    "tasks of \(ticket.key) are being worked on; wait for them, cancel them, or use 'force'"
                )
            )
        }
        for task in facts.leftBehind where task.status == .pending {
            faults.append(refusal(facts, "the task '\(task.title)' of \(task.phase.rawValue) is unfinished"))
        }
        if let blocker = facts.openBlockers.first { faults.append(refusal(facts, "it waits for \(blocker)")) }
        if facts.target == .done {
            let tallies = facts.tallies.values
            if !tallies.contains(where: { $0.completed > 0 }) || tallies.contains(where: \.isUnfinished) {
                faults.append(refusal(facts, "'done' needs at least one completed task and none unfinished"))
            }
        }
        for shortfall in facts.shortfalls { faults.append(refusal(facts, shortfall.description)) }
        if !facts.hasRoom {
            faults.append(Fault(.limitReached, "the column '\(facts.target.status.rawValue)' has no room"))
        }
        return faults
    }

    private static func refusal(_ facts: Facts, _ reason: String) -> Fault {
        let (from, to) = (facts.ticket.phase, facts.target)
        let places =
            from.status == to.status
            ? "\(from.rawValue) and may not move to \(to.rawValue)"
            : "'\(from.status.rawValue)' and may not move to '\(to.status.rawValue)'"
        return Fault(.transitionRefused, "\(facts.ticket.key) is in \(places): \(reason)")
    }
}
