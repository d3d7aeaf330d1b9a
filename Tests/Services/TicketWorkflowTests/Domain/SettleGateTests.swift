import Contracts
import Kernel
import Testing

@testable import TicketWorkflow

/// Gates, reviews, blockers and standstill in what settles by itself.
struct SettleGateTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var phase: Phase = .testing
        var tallies: [Phase: Settle.Tally] = [.testing: Settle.Tally(completed: 1)]
        var gates: [Phase: GateSettings] = [.testing: GateSettings(approval: true)]
        var runs: [Gate.Evidence.Run] = []
        var approval: Ticket.ApprovalStatus = .notRequired
        var approvalPhase: Phase?
        var approved: [Phase] = []
        var block: Ticket.Block?
        var openBlockers: [String] = []
        var expected: Settle.Decision

        var situation: Settle.Situation {
            let time = Timestamp(milliseconds: 0)
            var ticket = Ticket(
                id: .make(),
                key: "A-1",
                projectID: .make(),
                title: "t",
                phase: phase,
                approvalStatus: approval,
                block: block,
                createdAt: time,
                updatedAt: time,
                enteredPhaseAt: time
            )
            ticket.approvalPhase = approvalPhase
            ticket.approvedPhases = approved
            ticket.rejectionReason = approval == .rejected ? "no" : nil
            return Settle.Situation(
                ticket: ticket,
                tallies: tallies,
                openBlockers: openBlockers,
                gates: gates,
                evidence: Gate.Evidence(runs: runs)
            )
        }
    }

    private static let free = Settle.Tally(free: 1)
    private static let held = Settle.Tally(held: 1)
    private static let done = Settle.Tally(completed: 1)
    private static let unit = GateSettings(checks: ["unit"], approval: true)
    private static let passed = Gate.Evidence.Run(check: "unit", phase: .testing, passed: true)

    private static func block(_ reason: Ticket.BlockReason, automatic: Bool = true) -> Ticket.Block {
        Ticket.Block(reason: reason, detail: "", since: Timestamp(milliseconds: 0), automatic: automatic)
    }

    private static func waitForApproval(_ phase: Phase) -> Settle.Decision {
        .wait(.init(.gate, "somebody must approve leaving \(phase.rawValue)"))
    }

    static let gateCases: [Case] = [
        Case(testDescription: "no gate", gates: [:], expected: .moveWhenRoom(to: .done, cause: .advanced)),
        Case(
            testDescription: "the gate of another phase",
            gates: [.design: unit],
            expected: .moveWhenRoom(to: .done, cause: .advanced)
        ),
        Case(
            testDescription: "evidence is missing: no approval is asked for yet",
            gates: [.testing: unit],
            expected: .wait(
                .init(.gate, "the check 'unit' was not run; somebody must approve leaving PHASE_TESTING")
            )
        ),
        Case(
            testDescription: "only the approval is missing",
            gates: [.testing: unit],
            runs: [passed],
            expected: .requestApproval(.testing)
        ),
        Case(
            testDescription: "asked for and not decided",
            approval: .pendingReview,
            approvalPhase: .testing,
            expected: waitForApproval(.testing)
        ),
        Case(
            testDescription: "approved",
            approval: .approved,
            approved: [.testing],
            expected: .moveWhenRoom(to: .done, cause: .advanced)
        ),
        Case(
            testDescription: "a skipped phase keeps its gate",
            phase: .buildingDone,
            tallies: [.implementation: done],
            expected: .requestApproval(.testing)
        ),
        Case(
            testDescription: "the gate of a skipped phase was asked for",
            phase: .buildingDone,
            tallies: [.implementation: done],
            approval: .pendingReview,
            approvalPhase: .testing,
            expected: waitForApproval(.testing)
        ),
        Case(
            testDescription: "the gate of building holds in building",
            phase: .implementation,
            tallies: [.implementation: done],
            gates: [.implementation: unit],
            expected: .wait(
                .init(.gate, "the check 'unit' was not run; somebody must approve leaving PHASE_IMPLEMENTATION")
            )
        ),
        Case(
            testDescription: "leaving the backlog passes no gate",
            phase: .backlog,
            tallies: [.testing: free],
            gates: [.implementation: unit],
            expected: .moveWhenRoom(to: .testing, cause: .admitted)
        ),
        Case(
            testDescription: "going back passes no gate",
            tallies: [.implementation: free],
            expected: .move(to: .implementation, cause: .regressed)
        ),
    ]

    static let reviewCases: [Case] = [
        Case(
            testDescription: "more work in the phase overtakes its review",
            tallies: [.testing: free],
            approval: .pendingReview,
            approvalPhase: .testing,
            expected: .withdrawApproval
        ),
        Case(
            testDescription: "a rejection blocks",
            approval: .rejected,
            approvalPhase: .testing,
            expected: .block(.approvalRejected, detail: "rejected: no")
        ),
        Case(
            testDescription: "rejected and blocked: rests",
            approval: .rejected,
            approvalPhase: .testing,
            block: block(.approvalRejected),
            expected: .rest
        ),
        Case(
            testDescription: "rework lifts the rejection of a gate",
            tallies: [.testing: free],
            approval: .rejected,
            approvalPhase: .testing,
            block: block(.approvalRejected),
            expected: .withdrawApproval
        ),
        Case(
            testDescription: "nobody decided in time",
            approval: .timedOut,
            approvalPhase: .testing,
            expected: .block(.needsInput, detail: "nobody has approved or rejected it in time")
        ),
        Case(
            testDescription: "the gate no longer asks",
            gates: [:],
            approval: .pendingReview,
            approvalPhase: .testing,
            expected: .withdrawApproval
        ),
        Case(
            testDescription: "a new ticket that waits for its review rests",
            phase: .backlog,
            tallies: [.implementation: free],
            approval: .pendingReview,
            expected: .rest
        ),
        Case(
            testDescription: "a rejected new ticket is blocked in the backlog",
            phase: .backlog,
            tallies: [.implementation: free],
            approval: .rejected,
            expected: .block(.approvalRejected, detail: "rejected: no")
        ),
    ]

    static let blockerCases: [Case] = [
        Case(
            testDescription: "defect 16: blocked_by holds a ticket that is out of the backlog",
            phase: .implementation,
            tallies: [.implementation: free],
            openBlockers: ["A-2"],
            expected: .block(.dependency, detail: "waits for A-2")
        ),
        Case(
            testDescription: "and lets it go",
            phase: .implementation,
            tallies: [.implementation: free],
            block: block(.dependency),
            expected: .unblock
        ),
        Case(
            testDescription: "in the backlog it only is not admitted",
            phase: .backlog,
            tallies: [.implementation: free],
            openBlockers: ["A-2"],
            expected: .rest
        ),
    ]

    static let standstillCases: [Case] = [
        Case(
            testDescription: "found standing still: the block stays while it does",
            tallies: [.testing: held],
            gates: [:],
            block: block(.needsInput),
            expected: .rest
        ),
        Case(
            testDescription: "and goes with work",
            tallies: [.testing: free],
            gates: [:],
            block: block(.needsInput),
            expected: .unblock
        ),
        Case(
            testDescription: "by hand it stays",
            tallies: [.testing: free],
            gates: [:],
            block: block(.needsInput, automatic: false),
            expected: .rest
        ),
    ]

    @Test(arguments: gateCases) func gates(_ given: Case) {
        #expect(Settle.decide(given.situation) == given.expected)
    }

    @Test(arguments: reviewCases) func reviews(_ given: Case) {
        #expect(Settle.decide(given.situation) == given.expected)
    }

    @Test(arguments: blockerCases) func blockers(_ given: Case) {
        #expect(Settle.decide(given.situation) == given.expected)
    }

    @Test(arguments: standstillCases) func `standing still`(_ given: Case) {
        #expect(Settle.decide(given.situation) == given.expected)
    }

    struct Standstill: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var phase: Phase
        var tallies: [Phase: Settle.Tally]
        var gates: [Phase: GateSettings] = [:]
        var approval: Ticket.ApprovalStatus = .notRequired
        var approvalPhase: Phase?
        var isStuck: Bool
    }

    static let standstills: [Standstill] = [
        .init(testDescription: "no task at all", phase: .implementation, tallies: [:], isStuck: true),
        .init(
            testDescription: "defect 28: nothing in the backlog stands still",
            phase: .backlog,
            tallies: [:],
            isStuck: false
        ),
        .init(testDescription: "done is over", phase: .done, tallies: [:], isStuck: false),
        .init(testDescription: "ready", phase: .testing, tallies: [.testing: free], isStuck: false),
        .init(
            testDescription: "at work",
            phase: .testing,
            tallies: [.testing: Settle.Tally(active: 1)],
            isStuck: false
        ),
        .init(testDescription: "held for good", phase: .testing, tallies: [.testing: held], isStuck: true),
        .init(
            testDescription: "only cancelled tasks",
            phase: .testing,
            tallies: [.testing: Settle.Tally(cancelled: 1)],
            isStuck: true
        ),
        .init(
            testDescription: "a gate lacks evidence",
            phase: .testing,
            tallies: [.testing: done],
            gates: [.testing: unit],
            isStuck: true
        ),
        .init(
            testDescription: "a review has its own deadline",
            phase: .testing,
            tallies: [.testing: done],
            gates: [.testing: GateSettings(approval: true)],
            approval: .pendingReview,
            approvalPhase: .testing,
            isStuck: false
        ),
        .init(testDescription: "could move", phase: .implementation, tallies: [.implementation: done], isStuck: false),
    ]

    @Test(arguments: standstills) func `who stands still`(_ given: Standstill) {
        let situation = Case(
            testDescription: "",
            phase: given.phase,
            tallies: given.tallies,
            gates: given.gates,
            approval: given.approval,
            approvalPhase: given.approvalPhase,
            expected: .rest
        ).situation
        #expect((Settle.stuckReason(situation) != nil) == given.isStuck)
    }

    /// Every decision leads on: carried out, it is not asked for again.
    @Test(arguments: Phase.allCases, Ticket.ApprovalStatus.allCases)
    func `no review is asked for twice`(phase: Phase, approval: Ticket.ApprovalStatus) {
        let tallies = [Settle.Tally(), Self.free, Self.held, Self.done]
        for own in tallies {
            for testing in tallies {
                for approvalPhase in [nil] + Phase.allCases.map(Optional.some) {
                    var situation = Case(
                        testDescription: "",
                        phase: phase,
                        tallies: [.implementation: own, .testing: testing],
                        gates: Dictionary(
                            uniqueKeysWithValues: Phase.allCases.map { ($0, GateSettings(approval: true)) }
                        ),
                        approval: approval,
                        approvalPhase: approvalPhase,
                        expected: .rest
                    ).situation
                    var steps = 0
                    while carryOut(Settle.decide(situation), on: &situation) { steps += 1; if steps > 20 { break } }
                    #expect(steps <= 20, "\(phase) \(approval) \(own) \(testing) \(String(describing: approvalPhase))")
                }
            }
        }
    }

    /// - Returns: whether something changed.
    private func carryOut(_ decision: Settle.Decision, on situation: inout Settle.Situation) -> Bool {
        switch decision {
        case .rest, .wait: return false
        case .block(let reason, _): situation.ticket.block = Self.block(reason)
        case .unblock: situation.ticket.block = nil
        case .move(let phase, _), .moveWhenRoom(let phase, _):
            situation.ticket.phase = phase
            situation.ticket.status = phase.status
        case .requestApproval(let phase):
            situation.ticket.approvalStatus = .pendingReview
            situation.ticket.approvalPhase = phase
        case .withdrawApproval:
            situation.ticket.approvalStatus = .notRequired
            situation.ticket.approvalPhase = nil
        }
        return true
    }
}
