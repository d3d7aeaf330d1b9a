import Contracts
import Kernel

/// The one place where tickets move by themselves: admission, advance, automatic blocks.
///
/// Pure. The caller carries out the decision and asks again until it is ``Decision/rest``; room in columns with a limit
/// is granted by the caller, best ticket first.
enum Settle {
    /// Current tasks of one phase, counted. Tasks of earlier rounds and replaced tasks are not in it.
    struct Tally: Equatable, Sendable {
        /// Pending, every dependency completed (it may still wait for its back-off).
        var free = 0
        /// Pending, some dependency not completed.
        var held = 0
        /// Assigned or running.
        var active = 0
        /// Failed or timed out: out of attempts.
        var failed = 0
        var completed = 0
        var cancelled = 0

        /// Whether the phase still needs something to happen.
        var isUnfinished: Bool { free + held + active + failed > 0 }
    }

    /// What is known about one ticket.
    struct Situation: Sendable {
        var ticket: Ticket
        var tallies: [Phase: Tally]
        /// Keys of `blocked_by` tickets that are not done.
        var openBlockers: [String] = []
        /// Names a task of another ticket that a held task of the current phase waits for.
        var waitsFor: String?
        /// Names the task that is out of attempts, with its error.
        var failure: String?
    }

    enum Decision: Equatable {
        /// Nothing to do until something changes.
        case rest
        case block(Ticket.BlockReason, detail: String)
        case unblock
        /// Move now.
        case move(to: Phase, cause: Transition.Cause)
        /// Move as soon as the target column has room.
        case moveWhenRoom(to: Phase, cause: Transition.Cause)
    }

    static func decide(_ situation: Situation) -> Decision {
        let ticket = situation.ticket
        guard !ticket.archived, ticket.phase != .done else { return .rest }
        if let decision = judgeBlock(situation) { return decision }
        guard ticket.block == nil, isApproved(ticket), let target = target(situation) else { return .rest }
        return move(situation, to: target)
    }

    /// Whether work may go on as far as approval is concerned.
    static func isApproved(_ ticket: Ticket) -> Bool {
        ticket.approvalStatus == .notRequired || ticket.approvalStatus == .approved
    }

    /// Sets, changes or lifts an automatic block. A block set by hand is never touched.
    private static func judgeBlock(_ situation: Situation) -> Decision? {
        let present = situation.ticket.block
        if let present, !present.automatic { return nil }
        guard let (reason, detail) = cause(situation) else { return present == nil ? nil : .unblock }
        // The detail names one of possibly many causes; another of the same kind is no news.
        return present?.reason == reason ? nil : .block(reason, detail: detail)
    }

    private static func cause(_ situation: Situation) -> (Ticket.BlockReason, String)? {
        if let failure = situation.failure { return (.failingChecks, failure) }
        guard let tally = situation.tallies[situation.ticket.phase], tally.free == 0, tally.active == 0,
            tally.held > 0, let other = situation.waitsFor
        else { return nil }
        return (.dependency, "waits for \(other)")
    }

    /// The first phase with an unfinished task; `done` when all are finished and at least one was completed.
    private static func target(_ situation: Situation) -> Phase? {
        if let unfinished = Phase.allCases.first(where: { situation.tallies[$0]?.isUnfinished == true }) {
            return unfinished
        }
        // The backlog is only left for work: a ticket put back there waits for a new task.
        guard situation.ticket.phase != .backlog else { return nil }
        return situation.tallies.values.contains { $0.completed > 0 } ? .done : nil
    }

    private static func move(_ situation: Situation, to target: Phase) -> Decision {
        let ticket = situation.ticket
        if target == ticket.phase { return .rest }
        if situation.tallies.values.contains(where: { $0.active > 0 }) { return .rest }
        if target < ticket.phase { return .move(to: target, cause: .regressed) }
        if ticket.phase == .backlog {
            guard ticket.autoStart, situation.openBlockers.isEmpty else { return .rest }
            return .moveWhenRoom(to: target, cause: .admitted)
        }
        // All of building is finished: leave it now, wait for room in the column made for waiting.
        if ticket.phase == .implementation { return .move(to: .buildingDone, cause: .advanced) }
        return target.status == ticket.status
            ? .move(to: target, cause: .advanced) : .moveWhenRoom(to: target, cause: .advanced)
    }
}
