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
        /// Keys of `blocked_by` tickets that are neither done nor archived.
        var openBlockers: [String] = []
        /// Names a task of another ticket that a held task of the current phase waits for.
        var waitsFor: String?
        /// Names the task that is out of attempts, with its error.
        var failure: String?
        /// The project's gates that require something.
        var gates: [Phase: GateSettings] = [:]
        /// What the ticket can show for them.
        var evidence = Gate.Evidence()
    }

    enum Decision: Equatable {
        /// Nothing to do until something changes.
        case rest
        /// The same, and what is waited for is to be seen.
        case wait(Ticket.Waiting)
        /// Only the approval of leaving the phase is missing: ask for it.
        case requestApproval(Phase)
        /// The review asked for is about a phase whose work goes on: it no longer matters.
        case withdrawApproval
        case block(Ticket.BlockReason, detail: String)
        case unblock
        /// Move now.
        case move(to: Phase, cause: Transition.Cause)
        /// Move as soon as the target column has room.
        case moveWhenRoom(to: Phase, cause: Transition.Cause)
    }

    static func decide(_ situation: Situation) -> Decision {
        let ticket = situation.ticket
        guard !ticket.archived else { return .rest }
        // Moved past its review by force.
        guard ticket.phase != .done else { return ticket.approvalPhase == nil ? .rest : .withdrawApproval }
        if let decision = judgeBlock(situation) { return decision }
        if isReviewStale(situation) { return .withdrawApproval }
        guard ticket.block == nil else { return .rest }
        return step(situation)
    }

    /// Whether work may go on as far as approval is concerned. The review of a gate holds only the way out.
    static func isApproved(_ ticket: Ticket) -> Bool {
        ticket.approvalPhase != nil || ticket.approvalStatus == .notRequired || ticket.approvalStatus == .approved
    }

    /// Why nothing will ever move the ticket unless somebody does something; nil while something may happen by itself.
    ///
    /// Tickets of the backlog may wait there for ever, reviews have deadlines of their own, ready and running tasks are
    /// watched by others.
    static func stuckReason(_ situation: Situation) -> String? {
        let ticket = situation.ticket
        guard !ticket.archived, ticket.phase != .done, ticket.phase != .backlog, isApproved(ticket),
            ticket.approvalPhase == nil, cause(situation) == nil,
            !situation.tallies.values.contains(where: { $0.active > 0 })
        else { return nil }
        switch step(situation) {
        case .wait(let waiting):
            return waiting.condition == .gate ? waiting.detail : nil
        case .rest:
            let tally = situation.tallies[ticket.phase] ?? Tally()
            guard tally.free == 0 else { return nil }
            return tally.held > 0
                ? "its tasks wait for tasks that will not be completed" : "it has no task to go on with"
        case .block, .unblock, .move, .moveWhenRoom, .requestApproval, .withdrawApproval:
            return nil
        }
    }

    /// Why the ticket stays in its phase, for people, the most important first; empty when it is over.
    static func holds(_ situation: Situation) -> [String] {
        let ticket = situation.ticket
        if ticket.archived { return ["\(ticket.key) is archived"] }
        guard ticket.phase != .done else { return [] }
        var holds: [String] = []
        if let block = ticket.block { holds.append("blocked (\(block.reason.rawValue)): \(block.detail)") }
        if !isApproved(ticket) { holds.append("waits for a review") }
        let tally = situation.tallies[ticket.phase] ?? Tally()
        let unfinished = tally.free + tally.held + tally.active + tally.failed
        if unfinished > 0 { holds.append("\(unfinished) tasks of \(ticket.phase.rawValue) are unfinished") }
        if ticket.phase == .backlog {
            if !situation.tallies.values.contains(where: \.isUnfinished) { holds.append("it has no task to do") }
            if !ticket.autoStart { holds.append("it does not start by itself (auto_start is off)") }
            holds += situation.openBlockers.map { "waits for \($0)" }
        } else if unfinished == 0 {
            holds += gateHolds(situation)
        }
        if let waiting = ticket.waitingFor, waiting.condition == .room { holds.append(waiting.detail) }
        return holds.isEmpty ? ["nothing is left to do in \(ticket.phase.rawValue)"] : holds
    }

    private static func gateHolds(_ situation: Situation) -> [String] {
        guard let target = target(situation), target > situation.ticket.phase else { return [] }
        return shortfalls(situation, to: target).map(\.description)
    }

    /// Sets, changes or lifts an automatic block. A block set by hand is never touched.
    private static func judgeBlock(_ situation: Situation) -> Decision? {
        let present = situation.ticket.block
        if let present, !present.automatic { return nil }
        guard let (reason, detail) = cause(situation) else {
            guard let present else { return nil }
            // Found to stand still, and it still does.
            if present.reason == .needsInput, stuckReason(situation) != nil { return nil }
            return .unblock
        }
        // The detail names one of possibly many causes; another of the same kind is no news.
        return present?.reason == reason ? nil : .block(reason, detail: detail)
    }

    private static func cause(_ situation: Situation) -> (Ticket.BlockReason, String)? {
        let ticket = situation.ticket
        if let failure = situation.failure { return (.failingChecks, failure) }
        switch ticket.approvalStatus {
        case .rejected: return (.approvalRejected, "rejected: \(ticket.rejectionReason ?? "no reason given")")
        case .timedOut: return (.needsInput, "nobody has approved or rejected it in time")
        case .notRequired, .pendingReview, .approved: break
        }
        if ticket.phase != .backlog, let blocker = situation.openBlockers.first {
            return (.dependency, "waits for \(blocker)")
        }
        guard let tally = situation.tallies[ticket.phase], tally.free == 0, tally.active == 0, tally.held > 0,
            let other = situation.waitsFor
        else { return nil }
        return (.dependency, "waits for \(other)")
    }

    /// Whether the review of a gate was overtaken: by a move, by more work, or by other rules.
    private static func isReviewStale(_ situation: Situation) -> Bool {
        let ticket = situation.ticket
        guard let phase = ticket.approvalPhase else { return false }
        return ticket.phase > phase || situation.gates[phase]?.approval != true
            || situation.tallies.contains { (ticket.phase...phase).contains($0.key) && $0.value.isUnfinished }
    }

    /// What an unblocked ticket does next.
    private static func step(_ situation: Situation) -> Decision {
        guard isApproved(situation.ticket), let target = target(situation) else { return .rest }
        return move(situation, to: target)
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
        let next = ticket.phase == .implementation ? .buildingDone : target
        if let decision = judgeGates(situation, to: next) { return decision }
        if next != target || target.status == ticket.status { return .move(to: next, cause: .advanced) }
        return .moveWhenRoom(to: target, cause: .advanced)
    }

    /// What the gates on the way to a phase demand first; nil when they are open.
    private static func judgeGates(_ situation: Situation, to next: Phase) -> Decision? {
        let ticket = situation.ticket
        let shortfalls = shortfalls(situation, to: next)
        guard !shortfalls.isEmpty else { return nil }
        let isOnlyApproval = shortfalls.allSatisfy { if case .approval = $0 { true } else { false } }
        if isOnlyApproval, case .approval(let phase)? = shortfalls.first, ticket.approvalPhase != phase {
            return .requestApproval(phase)
        }
        return .wait(.init(.gate, shortfalls.map(\.description).joined(separator: "; ")))
    }

    /// What the gates on the way to a phase lack.
    static func shortfalls(_ situation: Situation, to next: Phase) -> [Gate.Shortfall] {
        Gate.passed(from: situation.ticket.phase, to: next).flatMap { phase in
            situation.gates[phase].map { gate in
                Gate.shortfalls(
                    gate,
                    leaving: phase,
                    situation.evidence,
                    approved: situation.ticket.approvedPhases ?? []
                )
            } ?? []
        }
    }
}
