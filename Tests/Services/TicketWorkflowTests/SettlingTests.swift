import Contracts
import Kernel
import Testing

@testable import TicketWorkflow

@Suite(.timeLimit(.minutes(1)))
struct SettlingTests {
    private func board(
        _ workflow: TestWorkflow,
        building: Int,
        _ change: (inout ProjectSettings) -> Void = { _ in }
    ) async throws -> Project {
        try await workflow.project { settings in
            settings.wipLimits = ["building": building]
            change(&settings)
        }
    }

    @Test func `a full column admits the best ticket when room frees`() async throws {
        try await withWorkflow { workflow in
            let project = try await board(workflow, building: 1)
            let first = try await workflow.single(project, title: "first").1
            let made = try await workflow.tickets(
                project,
                [Priority.low, .medium, .critical, .medium].map {
                    TicketCreate(title: "t", priority: $0, tasks: [TaskSpecification(title: "x")])
                }
            )
            #expect(made.tickets.allSatisfy { $0.status == .backlog })
            #expect(try await workflow.holds(made.tasks[0].id) == [.ticketNotInPhase])
            try await workflow.complete(first.id)
            var order: [Identifier] = []
            for _ in made.tickets {
                let claim = try await workflow.claim()
                order.append(claim.ticketID)
                await #expect(throws: Fault.self) { try await workflow.claim() }
                try await workflow.submit(claim)
            }
            #expect(order == [2, 1, 3, 0].map { made.tickets[$0].id })
        }
    }

    @Test func `of one batch the most important tickets are admitted`() async throws {
        try await withWorkflow { workflow in
            let project = try await board(workflow, building: 1)
            let made = try await workflow.tickets(
                project,
                [Priority.low, .critical].map {
                    TicketCreate(title: "t", priority: $0, tasks: [TaskSpecification(title: "x")])
                }
            )
            #expect(made.tickets.map(\.status) == [.backlog, .building])
        }
    }

    @Test func `no room in testing: a ticket waits in building-done, and goes before the backlog`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { $0.wipLimits = ["testing": 1] }
            func ticket(_ priority: Priority, _ phases: [Phase]) async throws -> TicketBatchResponse {
                let tasks = phases.map { TaskSpecification(title: $0.rawValue, phase: $0) }
                return try await workflow.tickets(
                    project,
                    [TicketCreate(title: "t", priority: priority, tasks: tasks)]
                )
            }
            let blocking = try await ticket(.critical, [.testing])
            let waiting = try await ticket(.low, [.implementation, .testing])
            let later = try await ticket(.critical, [.testing])
            try await workflow.complete(waiting.tasks[0].id)
            #expect(try await workflow.ticket(waiting.tickets[0].id).status == .buildingDone)
            #expect(try await workflow.ticket(later.tickets[0].id).status == .backlog)
            try await workflow.complete(blocking.tasks[0].id)
            #expect(try await workflow.ticket(waiting.tickets[0].id).status == .testing)
            #expect(try await workflow.ticket(later.tickets[0].id).status == .backlog)
            try await workflow.complete(waiting.tasks[1].id)
            #expect(try await workflow.ticket(waiting.tickets[0].id).status == .done)
            #expect(try await workflow.ticket(later.tickets[0].id).status == .testing)
        }
    }

    @Test func `a ticket that waits for another takes no place in its column`() async throws {
        try await withWorkflow { workflow in
            let project = try await board(workflow, building: 1)
            let made = try await workflow.tickets(
                project,
                [
                    TicketCreate(
                        title: "waiting",
                        priority: .critical,
                        tasks: [TaskSpecification(title: "w", dependsOn: ["n"])]
                    ),
                    TicketCreate(title: "needed", tasks: [TaskSpecification(ref: "n", title: "n")]),
                ]
            )
            #expect(made.tickets.map(\.status) == [.building, .building])
            #expect(made.tickets[0].block?.reason == .dependency)
            #expect(made.tickets[0].block?.detail == "waits for WS-2 'n'")
            #expect(made.tickets[0].block?.automatic == true)
            let third = try await workflow.single(project, title: "third")
            #expect(third.0.status == .backlog)
            try await workflow.complete(made.tasks[1].id)
            #expect(try await workflow.ticket(made.tickets[0].id).block == nil)
            #expect(
                try await workflow.eventTypes(of: made.tickets[0].id)
                    == [.ticketCreated, .ticketTransitioned, .ticketTransitioned, .ticketBlocked, .ticketUnblocked]
            )
            // Its place is taken again: nothing new is admitted.
            #expect(try await workflow.ticket(third.0.id).status == .backlog)
            try await workflow.complete(made.tasks[0].id)
            #expect(try await workflow.ticket(third.0.id).status == .building)
        }
    }

    @Test func `blocked_by holds a ticket in the backlog until the other is done`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let made = try await workflow.tickets(
                project,
                [
                    TicketCreate(ref: "a", title: "a", tasks: [TaskSpecification(title: "a")]),
                    TicketCreate(title: "b", blockedBy: ["a"], tasks: [TaskSpecification(title: "b")]),
                ]
            )
            #expect(made.tickets.map(\.status) == [.building, .backlog])
            try await workflow.complete(made.tasks[0].id)
            #expect(try await workflow.ticket(made.tickets[1].id).status == .building)
        }
    }

    @Test func `a ticket without tasks is never admitted`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let ticket = try await workflow.tickets(project, [TicketCreate(title: "empty")]).tickets[0]
            #expect(ticket.status == .backlog)
            #expect(try await workflow.transitions(ticket.id).isEmpty)
            _ = try await workflow.run(CreateTask(body: TaskCreate(ticketID: ticket.id, title: "t")))
            #expect(try await workflow.ticket(ticket.id).status == .building)
        }
    }

    @Test func `auto_start can be off for a ticket and for a project`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let manual = try await workflow.tickets(
                project,
                [TicketCreate(title: "t", autoStart: false, tasks: [TaskSpecification(title: "x")])]
            )
            #expect(manual.tickets[0].status == .backlog)
            let quiet = try await workflow.project { $0.autoStart = false }
            let (ticket, _) = try await workflow.single(quiet)
            #expect(ticket.status == .backlog)
            var patch = ProjectPatch()
            patch.settings = .object(["auto_start": .bool(true)])
            _ = try await workflow.run(UpdateProject(id: quiet.id, body: patch))
            #expect(try await workflow.ticket(ticket.id).status == .building)
        }
    }

    @Test func `a higher limit lets more in at once`() async throws {
        try await withWorkflow { workflow in
            let project = try await board(workflow, building: 1)
            let made = try await workflow.tickets(
                project,
                (0..<5).map { TicketCreate(title: "\($0)", tasks: [TaskSpecification(title: "x")]) }
            )
            #expect(made.tickets.count { $0.status == .building } == 1)
            var patch = ProjectPatch()
            patch.settings = .object(["wip_limits": .object(["building": .integer(3)])])
            _ = try await workflow.run(UpdateProject(id: project.id, body: patch))
            var building = 0
            for ticket in made.tickets where try await workflow.ticket(ticket.id).status == .building { building += 1 }
            #expect(building == 3)
        }
    }

    @Test func `very many moves are spread over several transactions`() async throws {
        try await withWorkflow { workflow in
            let project = try await board(workflow, building: 1)
            var ids: [Identifier] = []
            for _ in 0..<3 {
                ids += try await workflow.tickets(
                    project,
                    (0..<100).map { TicketCreate(title: "\($0)", tasks: [TaskSpecification(title: "x")]) }
                ).tickets.map(\.id)
            }
            var patch = ProjectPatch()
            patch.settings = .object(["wip_limits": .object(["building": .integer(1000)])])
            _ = try await workflow.run(UpdateProject(id: project.id, body: patch))
            func building() async throws -> Int {
                try await workflow.store.read { try TicketStore.count(in: .building, of: project.id, in: $0) }
            }
            #expect(try await building() == UnitOfWork.fillLimit + 1)
            try await workflow.tick()
            #expect(try await building() == ids.count)
        }
    }

    @Test func `done needs a completed task`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (ticket, task) = try await workflow.single(project)
            try await workflow.run(CancelTask(id: task.id, reason: "no"))
            #expect(try await workflow.ticket(ticket.id).status == .building)
            let other = try await workflow.run(CreateTask(body: TaskCreate(ticketID: ticket.id, title: "t")))
            try await workflow.complete(other.id)
            #expect(try await workflow.ticket(ticket.id).status == .done)
        }
    }

    @Test func `a new task for an earlier phase moves the ticket back`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let made = try await workflow.tickets(
                project,
                [
                    TicketCreate(
                        title: "t",
                        tasks: [
                            TaskSpecification(title: "build"), TaskSpecification(title: "test", phase: .testing),
                        ]
                    )
                ]
            )
            try await workflow.complete(made.tasks[0].id)
            #expect(try await workflow.task(made.tasks[1].id).readyAt != nil)
            let more = CreateTask(
                body: TaskCreate(ticketID: made.tickets[0].id, title: "more", phase: .implementation)
            )
            let claim = try await workflow.claim()
            try await workflow.expectRefusal(more, .tasksOpen)
            try await workflow.submit(claim, .failed(.platform))
            let added = try await workflow.run(more)
            let ticket = try await workflow.ticket(made.tickets[0].id)
            #expect(ticket.status == .building)
            #expect(try await workflow.transitions(ticket.id).last?.cause == .regressed)
            #expect(try await workflow.task(made.tasks[1].id).readyAt == nil)
            try await workflow.complete(added.id)
            try await workflow.advance(by: .seconds(2))
            try await workflow.complete(made.tasks[1].id)
            #expect(try await workflow.ticket(ticket.id).status == .done)
        }
    }

    @Test func `dependents of a cancelled task hold`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let made = try await workflow.tickets(
                project,
                [
                    TicketCreate(
                        title: "t",
                        tasks: [
                            TaskSpecification(ref: "a", title: "a"), TaskSpecification(title: "b", dependsOn: ["a"]),
                        ]
                    )
                ]
            )
            try await workflow.run(CancelTask(id: made.tasks[0].id, reason: "no"))
            #expect(try await workflow.holds(made.tasks[1].id) == [.dependencyCancelled])
            let again = try await workflow.run(RetryTask(id: made.tasks[0].id))
            #expect(again.lineageID == made.tasks[0].id)
            #expect(try await workflow.task(made.tasks[1].id).dependsOn == [again.id])
            #expect(try await workflow.holds(made.tasks[1].id) == [.dependency])
            try await workflow.complete(again.id)
            try await workflow.complete(made.tasks[1].id)
            let ticket = try await workflow.ticket(made.tickets[0].id)
            #expect(ticket.status == .done)
            #expect(ticket.taskCount == 2)
            #expect(ticket.completedTaskCount == 2)
        }
    }
}
