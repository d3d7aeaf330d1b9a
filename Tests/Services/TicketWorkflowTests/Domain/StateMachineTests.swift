import Contracts
import Testing

@testable import TicketWorkflow

struct StateMachineTests {
    /// The moves a person may ask for, complete: everything else is refused.
    private static let moves: [TicketStatus: [TicketStatus]] = [
        .backlog: [.analyzing, .building, .buildingDone, .testing, .done],
        .analyzing: [.building, .buildingDone, .testing, .done],
        .building: [.buildingDone, .testing, .done],
        .buildingDone: [.testing, .done, .building],
        .testing: [.done, .building],
        .done: [],
    ]

    @Test(arguments: TicketStatus.allCases, TicketStatus.allCases)
    func `moves of a ticket`(from: TicketStatus, to: TicketStatus) {
        #expect(TicketStateMachine.mayMove(from: from, to: to) == (Self.moves[from]?.contains(to) ?? false))
    }

    @Test(arguments: Phase.allCases, Phase.allCases)
    func `a path enters every column once, in order, and ends at its target`(from: Phase, to: Phase) {
        guard from != to else { return }
        let path = TicketStateMachine.path(from: from, to: to)
        #expect(path.last == to)
        if to < from {
            #expect(path == [to])
        } else {
            let statuses = path.map(\.status)
            #expect(statuses == statuses.sorted())
            let between = TicketStatus.allCases.filter { $0 > from.status && $0 <= to.status }
            #expect(Array(Set(statuses).subtracting([from.status])).sorted() == between)
        }
    }

    @Test func `backlog to done passes every column`() {
        #expect(
            TicketStateMachine.path(from: .backlog, to: .done)
                == [.requirements, .implementation, .buildingDone, .testing, .done]
        )
        #expect(TicketStateMachine.path(from: .requirements, to: .design) == [.design])
        #expect(TicketStateMachine.path(from: .design, to: .testing) == [.implementation, .buildingDone, .testing])
    }

    /// Every edge of a task; everything else is no edge.
    private static let edges: [WorkTask.Status: [TaskStateMachine.Input: WorkTask.Status]] = [
        .pending: [.claim: .assigned, .cancel: .cancelled],
        .assigned: [.start: .running, .fail: .failed, .timeOut: .timedOut, .retry: .pending, .cancel: .cancelled],
        .running: [
            .complete: .completed, .fail: .failed, .timeOut: .timedOut, .retry: .pending, .cancel: .cancelled,
        ],
    ]

    @Test(arguments: WorkTask.Status.allCases, TaskStateMachine.Input.allCases)
    func `edges of a task`(status: WorkTask.Status, input: TaskStateMachine.Input) {
        #expect(TaskStateMachine.next(status, input) == Self.edges[status]?[input])
        if status.isFinal { #expect(TaskStateMachine.next(status, input) == nil) }
    }
}
