import Contracts
import Kernel
import Testing

@testable import TicketWorkflow

struct SettleTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var phase: Phase = .implementation
        var tallies: [Phase: Settle.Tally] = [:]
        var block: Ticket.BlockReason?
        var isAutomatic = true
        var openBlockers: [String] = []
        var waitsFor: String?
        var failure: String?
        var approval: Ticket.ApprovalStatus = .notRequired
        var autoStart = true
        var archived = false
        var expected: Settle.Decision

        func decide() -> Settle.Decision {
            let time = Timestamp(milliseconds: 0)
            let ticket = Ticket(
                id: .make(),
                key: "A-1",
                projectID: .make(),
                title: "t",
                phase: phase,
                approvalStatus: approval,
                block: block.map { .init(reason: $0, detail: "", since: time, automatic: isAutomatic) },
                autoStart: autoStart,
                archived: archived,
                createdAt: time,
                updatedAt: time,
                enteredPhaseAt: time
            )
            return Settle.decide(
                Settle.Situation(
                    ticket: ticket,
                    tallies: tallies,
                    openBlockers: openBlockers,
                    waitsFor: waitsFor,
                    failure: failure
                )
            )
        }
    }

    private static let free = Settle.Tally(free: 1)
    private static let held = Settle.Tally(held: 1)
    private static let active = Settle.Tally(active: 1)
    private static let done = Settle.Tally(completed: 1)
    private static let gone = Settle.Tally(cancelled: 1)
    private static let failed = Settle.Tally(failed: 1)

    private static let admissionCases: [Case] = [
        Case(
            testDescription: "admitted to the first phase with work",
            phase: .backlog,
            tallies: [.implementation: free],
            expected: .moveWhenRoom(to: .implementation, cause: .admitted)
        ),
        Case(
            testDescription: "admitted although its work waits for others",
            phase: .backlog,
            tallies: [.design: held],
            waitsFor: "A-2",
            expected: .moveWhenRoom(to: .design, cause: .admitted)
        ),
        Case(testDescription: "a ticket without tasks is never admitted", phase: .backlog, expected: .rest),
        Case(
            testDescription: "only cancelled tasks are no reason",
            phase: .backlog,
            tallies: [.implementation: gone],
            expected: .rest
        ),
        Case(
            testDescription: "put back with everything done: waits for a new task",
            phase: .backlog,
            tallies: [.implementation: done],
            expected: .rest
        ),
        Case(
            testDescription: "not without auto_start",
            phase: .backlog,
            tallies: [.implementation: free],
            autoStart: false,
            expected: .rest
        ),
        Case(
            testDescription: "not before its blockers are done",
            phase: .backlog,
            tallies: [.implementation: free],
            openBlockers: ["A-2"],
            expected: .rest
        ),
        Case(
            testDescription: "not while review is pending",
            phase: .backlog,
            tallies: [.implementation: free],
            approval: .pendingReview,
            expected: .rest
        ),
        Case(
            testDescription: "not after a rejection",
            phase: .backlog,
            tallies: [.implementation: free],
            approval: .rejected,
            expected: .block(.approvalRejected, detail: "rejected: no reason given")
        ),
        Case(
            testDescription: "after approval",
            phase: .backlog,
            tallies: [.implementation: free],
            approval: .approved,
            expected: .moveWhenRoom(to: .implementation, cause: .admitted)
        ),
        Case(
            testDescription: "not while blocked by hand",
            phase: .backlog,
            tallies: [.implementation: free],
            block: .manual,
            isAutomatic: false,
            expected: .rest
        ),
        Case(
            testDescription: "not when archived",
            phase: .backlog,
            tallies: [.implementation: free],
            archived: true,
            expected: .rest
        ),
    ]

    private static let advanceCases: [Case] = [
        Case(testDescription: "stays while work is ready", tallies: [.implementation: free], expected: .rest),
        Case(testDescription: "stays while work runs", tallies: [.implementation: active], expected: .rest),
        Case(
            testDescription: "building is over: on to building-done",
            tallies: [.implementation: done, .testing: held],
            expected: .move(to: .buildingDone, cause: .advanced)
        ),
        Case(
            testDescription: "building-done waits for room in testing",
            phase: .buildingDone,
            tallies: [.implementation: done, .testing: free],
            expected: .moveWhenRoom(to: .testing, cause: .advanced)
        ),
        Case(
            testDescription: "building-done goes through to done",
            phase: .buildingDone,
            tallies: [.implementation: done],
            expected: .moveWhenRoom(to: .done, cause: .advanced)
        ),
        Case(
            testDescription: "testing is over",
            phase: .testing,
            tallies: [.implementation: done, .testing: done],
            expected: .moveWhenRoom(to: .done, cause: .advanced)
        ),
        Case(
            testDescription: "cancelled tasks count as settled",
            phase: .testing,
            tallies: [.implementation: done, .testing: gone],
            expected: .moveWhenRoom(to: .done, cause: .advanced)
        ),
        Case(
            testDescription: "done needs a completed task",
            phase: .testing,
            tallies: [.implementation: gone, .testing: gone],
            expected: .rest
        ),
        Case(testDescription: "a ticket without tasks stays where it was put", phase: .testing, expected: .rest),
        Case(
            testDescription: "requirements to design stays in the column",
            phase: .requirements,
            tallies: [.requirements: done, .design: free],
            expected: .move(to: .design, cause: .advanced)
        ),
        Case(
            testDescription: "design to building asks for room",
            phase: .design,
            tallies: [.design: done, .implementation: free],
            expected: .moveWhenRoom(to: .implementation, cause: .advanced)
        ),
        Case(
            testDescription: "new work in an earlier phase moves back",
            phase: .testing,
            tallies: [.implementation: free, .testing: free],
            expected: .move(to: .implementation, cause: .regressed)
        ),
        Case(
            testDescription: "back from building-done",
            phase: .buildingDone,
            tallies: [.implementation: free],
            expected: .move(to: .implementation, cause: .regressed)
        ),
        Case(
            testDescription: "not back while later work runs",
            phase: .testing,
            tallies: [.implementation: free, .testing: active],
            expected: .rest
        ),
        Case(
            testDescription: "done stays done",
            phase: .done,
            tallies: [.implementation: done, .testing: free],
            expected: .rest
        ),
    ]

    private static let blocksCases: [Case] = [
        Case(
            testDescription: "waits for another ticket",
            tallies: [.implementation: held],
            waitsFor: "B-1 'x'",
            expected: .block(.dependency, detail: "waits for B-1 'x'")
        ),
        Case(
            testDescription: "does not wait while own work is ready",
            tallies: [.implementation: .init(free: 1, held: 1)],
            waitsFor: "B-1",
            expected: .rest
        ),
        Case(
            testDescription: "does not wait while own work runs",
            tallies: [.implementation: .init(held: 1, active: 1)],
            waitsFor: "B-1",
            expected: .rest
        ),
        Case(
            testDescription: "held by its own cancelled task only: stays, explain says why",
            tallies: [.implementation: .init(held: 1, cancelled: 1)],
            expected: .rest
        ),
        Case(
            testDescription: "still waiting",
            tallies: [.implementation: held],
            block: .dependency,
            waitsFor: "B-2",
            expected: .rest
        ),
        Case(
            testDescription: "lifted when the others are done",
            tallies: [.implementation: free],
            block: .dependency,
            expected: .unblock
        ),
        Case(
            testDescription: "out of attempts",
            tallies: [.implementation: failed],
            failure: "task 'x': broke",
            expected: .block(.failingChecks, detail: "task 'x': broke")
        ),
        Case(
            testDescription: "failure outweighs waiting",
            tallies: [.implementation: .init(held: 1, failed: 1)],
            block: .dependency,
            waitsFor: "B-1",
            failure: "x",
            expected: .block(.failingChecks, detail: "x")
        ),
        Case(
            testDescription: "a second failure is no news",
            tallies: [.implementation: .init(failed: 2)],
            block: .failingChecks,
            failure: "y",
            expected: .rest
        ),
        Case(
            testDescription: "lifted by a retry",
            tallies: [.implementation: free],
            block: .failingChecks,
            expected: .unblock
        ),
        Case(
            testDescription: "failure becomes waiting",
            tallies: [.implementation: held],
            block: .failingChecks,
            waitsFor: "B-1",
            expected: .block(.dependency, detail: "waits for B-1")
        ),
        Case(
            testDescription: "a block by hand is not lifted",
            tallies: [.implementation: free],
            block: .manual,
            isAutomatic: false,
            expected: .rest
        ),
        Case(
            testDescription: "a block by hand is not replaced",
            tallies: [.implementation: failed],
            block: .needsInput,
            isAutomatic: false,
            failure: "x",
            expected: .rest
        ),
        Case(
            testDescription: "blocked tickets do not move",
            phase: .testing,
            tallies: [.testing: done],
            block: .manual,
            isAutomatic: false,
            expected: .rest
        ),
    ]

    @Test(arguments: admissionCases) func admission(_ given: Case) { #expect(given.decide() == given.expected) }
    @Test(arguments: advanceCases) func advance(_ given: Case) { #expect(given.decide() == given.expected) }
    @Test(arguments: blocksCases) func blocks(_ given: Case) { #expect(given.decide() == given.expected) }

    /// Over a large part of the input space: a decision never contradicts the ticket's state.
    @Test(arguments: Phase.allCases)
    func `no decision contradicts its situation`(phase: Phase) {
        let tallies = [Settle.Tally(), Self.free, Self.held, Self.active, Self.done, Self.gone, Self.failed]
        let approvals = Ticket.ApprovalStatus.allCases
        let blocks: [(Ticket.BlockReason, Bool)?] =
            [nil] + Ticket.BlockReason.allCases.flatMap { [($0, true), ($0, false)] }
        for implementation in tallies {
            for testing in tallies {
                for approval in approvals {
                    for block in blocks {
                        let given = Case(
                            testDescription: "",
                            phase: phase,
                            tallies: [.implementation: implementation, .testing: testing],
                            block: block?.0,
                            isAutomatic: block?.1 ?? true,
                            failure: implementation.failed + testing.failed > 0 ? "x" : nil,
                            approval: approval,
                            expected: .rest
                        )
                        check(given.decide(), given)
                    }
                }
            }
        }
    }

    private func check(_ decision: Settle.Decision, _ given: Case) {
        switch decision {
        case .rest, .wait: break
        case .requestApproval, .withdrawApproval: Issue.record("there are no gates here")
        case .block(let reason, _): #expect(given.block != reason && given.phase != .done)
        case .unblock: #expect(given.block != nil && given.isAutomatic)
        case .move(let to, _), .moveWhenRoom(let to, _):
            #expect(to != given.phase && given.block == nil && given.phase != .done)
            #expect(given.approval == .notRequired || given.approval == .approved)
            #expect(given.tallies.values.allSatisfy { $0.active == 0 })
            if to == .done { #expect(given.tallies.values.contains { $0.completed > 0 }) }
        }
    }
}
