import Contracts
import Testing

@Suite struct `The one map of phase, status and column` {
    @Test(arguments: [
        (Phase.backlog, TicketStatus.backlog, false), (.requirements, .analyzing, true), (.design, .analyzing, true),
        (.implementation, .building, true), (.buildingDone, .buildingDone, false), (.testing, .testing, true),
        (.done, .done, false),
    ])
    func `defect 24: a phase has its status`(phase: Phase, status: TicketStatus, hasTasks: Bool) {
        #expect(phase.status == status)
        #expect(phase.hasTasks == hasTasks)
        #expect(status.phases.contains(phase))
    }

    @Test func `the order of work is the order of declaration`() {
        #expect(Phase.allCases.map(\.order) == Array(0..<7))
        #expect(TicketStatus.allCases.map(\.order) == Array(0..<6))
        #expect(Phase.allCases.sorted() == Phase.allCases)
        #expect(TicketStatus.allCases.flatMap(\.phases) == Phase.allCases)
        #expect(
            TicketStatus.allCases.map(\.rawValue)
                == ["backlog", "analyzing", "building", "building-done", "testing", "done"]
        )
    }

    @Test func `columns have their limits`() {
        #expect(TicketStatus.allCases.map(\.defaultLimit) == [nil, 5, 10, nil, 8, nil])
    }

    @Test func `only faults of agent and task are counted`() {
        #expect(FaultDomain.allCases.filter(\.isCounted) == [.agent, .task])
    }

    @Test func `final states are the four endings`() {
        #expect(
            Set(WorkTask.Status.allCases.filter(\.isFinal)) == [.completed, .failed, .timedOut, .cancelled]
        )
        #expect(Sandbox.State.allCases.filter(\.isLive) == [.pending, .creating, .running, .completing])
    }
}
