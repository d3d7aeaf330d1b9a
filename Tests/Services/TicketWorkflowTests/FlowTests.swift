import Contracts
import Kernel
import Testing

@testable import TicketWorkflow

@Suite(.timeLimit(.minutes(1)))
struct FlowTests {
    @Test func `a ticket travels from backlog to done through all six statuses`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (created, task) = try await workflow.single(project)
            #expect(created.status == .building)
            #expect(created.key == "WS-1")
            try await workflow.complete(task.id)
            let ticket = try await workflow.ticket(created.id)
            #expect(ticket.status == .done)
            #expect(ticket.completedTaskCount == 1)
            let transitions = try await workflow.transitions(created.id)
            #expect(transitions.map(\.fromStatus) == [.backlog, .analyzing, .building, .buildingDone, .testing])
            #expect(transitions.map(\.toStatus) == [.analyzing, .building, .buildingDone, .testing, .done])
            #expect(transitions.map(\.cause) == [.passed, .admitted, .advanced, .passed, .advanced])
            #expect(transitions.allSatisfy { $0.actor == "settle" })
        }
    }

    @Test func `every version of every entity has exactly one event, without holes`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            _ = try await workflow.tickets(
                project,
                [
                    TicketCreate(
                        title: "a",
                        tasks: [
                            TaskSpecification(ref: "1", title: "1"),
                            TaskSpecification(ref: "2", title: "2", dependsOn: ["1"]),
                            TaskSpecification(title: "t", phase: .testing),
                        ]
                    ),
                    TicketCreate(title: "b", tasks: [TaskSpecification(title: "3", dependsOn: ["2"])]),
                ]
            )
            for _ in 0..<4 { try await workflow.submit(try await workflow.claim()) }
            var versions: [Identifier: [Int]] = [:]
            for event in try await workflow.events() {
                versions[event.subject, default: []].append(event.data.reference.version)
            }
            for (subject, seen) in versions { #expect(seen == Array(1...seen.count), "\(subject)") }
            let stored = try await workflow.ask(Snapshot(cursor: "ticket:")).entities
            for entity in stored {
                #expect(versions[entity.reference.id]?.last == entity.reference.version)
                #expect(entity.ticket?.status == .done)
            }
            #expect(stored.count == 2)
        }
    }

    @Test func `the events of one task in order`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (ticket, task) = try await workflow.single(project)
            try await workflow.complete(task.id)
            #expect(
                try await workflow.eventTypes(of: task.id)
                    == [.taskCreated, .taskPending, .taskAssigned, .taskStarted, .taskCompleted]
            )
            #expect(
                try await workflow.eventTypes(of: ticket.id)
                    == [.ticketCreated] + Array(repeating: .ticketTransitioned, count: 5)
            )
        }
    }

    @Test func `a diamond runs in the order of its edges`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let made = try await workflow.tickets(
                project,
                [
                    TicketCreate(
                        title: "diamond",
                        tasks: [
                            TaskSpecification(ref: "top", title: "top"),
                            TaskSpecification(ref: "left", title: "left", dependsOn: ["top"]),
                            TaskSpecification(ref: "right", title: "right", dependsOn: ["top"]),
                            TaskSpecification(title: "bottom", phase: .testing, dependsOn: ["left", "right"]),
                        ]
                    )
                ]
            )
            let ids = made.tasks.map(\.id)
            let top = try await workflow.claim()
            #expect(top.taskID == ids[0])
            await #expect(throws: Fault.self) { try await workflow.claim() }
            try await workflow.submit(top)
            let sides = [try await workflow.claim(), try await workflow.claim()]
            #expect(Set(sides.map(\.taskID)) == [ids[1], ids[2]])
            try await workflow.submit(sides[0])
            await #expect(throws: Fault.self) { try await workflow.claim() }
            #expect(try await workflow.holds(ids[3]) == [.ticketNotInPhase, .dependency])
            try await workflow.submit(sides[1])
            #expect(try await workflow.ticket(made.tickets[0].id).status == .testing)
            let bottom = try await workflow.claim()
            #expect(bottom.taskID == ids[3])
            try await workflow.submit(bottom)
            #expect(try await workflow.ticket(made.tickets[0].id).status == .done)
        }
    }
}
