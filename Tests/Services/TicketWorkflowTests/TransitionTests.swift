import Contracts
import Kernel
import Testing

@testable import TicketWorkflow

/// Moves by hand go through the same door as automatic ones.
@Suite(.timeLimit(.minutes(1)))
struct TransitionTests {
    private func move(
        _ ticket: Identifier,
        _ to: TicketStatus,
        version: Int? = nil,
        force: Bool? = nil
    ) -> TransitionTicket {
        TransitionTicket(
            id: ticket,
            ifVersion: version,
            body: TicketTransition(toStatus: to, reason: "why", force: force)
        )
    }

    @Test func `a move by hand is recorded with its actor and reason`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let ticket = try await workflow.tickets(project, [TicketCreate(title: "t")]).tickets[0]
            let moved = try await workflow.run(move(ticket.id, .testing), as: TestWorkflow.member)
            #expect(moved.status == .testing)
            #expect(moved.version == 5)
            let transitions = try await workflow.transitions(ticket.id)
            #expect(transitions.map(\.toStatus) == [.analyzing, .building, .buildingDone, .testing])
            #expect(transitions.map(\.cause) == [.passed, .passed, .passed, .manual])
            #expect(transitions.last?.actor == "ann")
            #expect(transitions.last?.reason == "why")
        }
    }

    @Test func `one of two moves wins`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let ticket = try await workflow.tickets(project, [TicketCreate(title: "t")]).tickets[0]
            let results = await withTaskGroup(of: Fault.Code?.self) { group in
                for _ in 0..<5 {
                    group.addTask { [move = move(ticket.id, .building)] in
                        do {
                            try await workflow.run(move)
                            return nil
                        } catch {
                            return (error as? Fault)?.code
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.count { $0 == nil } == 1)
            #expect(results.count { $0 == .transitionRefused } == 4)
        }
    }

    @Test func `refusals`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { $0.wipLimits = ["building": 1] }
            let (ticket, task) = try await workflow.single(project)
            let empty = try await workflow.tickets(project, [TicketCreate(title: "t")]).tickets[0]
            try await workflow.expectRefusal(move(ticket.id, .building), .transitionRefused)
            try await workflow.expectRefusal(move(ticket.id, .backlog), .transitionRefused)
            try await workflow.expectRefusal(move(ticket.id, .analyzing, force: true), .transitionRefused)
            try await workflow.expectRefusal(move(ticket.id, .testing), .transitionRefused)
            try await workflow.expectRefusal(move(empty.id, .building), .limitReached)
            try await workflow.expectRefusal(move(empty.id, .done), .transitionRefused)
            try await workflow.expectRefusal(move(empty.id, .testing, version: 7), .preconditionFailed)
            try await workflow.expectRefusal(
                move(empty.id, .building, force: true),
                .forbidden,
                as: TestWorkflow.member
            )
            try await workflow.claim(task.id)
            try await workflow.expectRefusal(move(ticket.id, .testing), .tasksOpen)
            try await workflow.expectRefusal(move(.make(), .testing), .notFound)
        }
    }

    @Test func `force cancels what is left behind, exceeds the limit, and says so`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { $0.wipLimits = ["building": 1] }
            let (ticket, task) = try await workflow.single(project)
            let claim = try await workflow.claim(task.id)
            let other = try await workflow.tickets(project, [TicketCreate(title: "t")]).tickets[0]
            #expect(try await workflow.run(move(other.id, .building, force: true)).status == .building)
            #expect(try await workflow.run(move(ticket.id, .testing, force: true)).status == .testing)
            #expect(try await workflow.task(task.id).status == .cancelled)
            #expect(workflow.stops == ["\(claim.sandboxID) cancelled"])
            #expect(try await workflow.transitions(ticket.id).last?.cause == .forced)
            #expect(try await workflow.run(move(ticket.id, .done, force: true)).status == .done)
            try await workflow.expectRefusal(move(ticket.id, .testing, force: true), .transitionRefused)
        }
    }

    @Test func `blocked and waiting tickets are not moved`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { $0.maxAttempts = 1 }
            let made = try await workflow.tickets(
                project,
                [
                    TicketCreate(ref: "a", title: "a", tasks: [TaskSpecification(title: "a")]),
                    TicketCreate(title: "b", blockedBy: ["a"], tasks: [TaskSpecification(title: "b")]),
                ]
            )
            try await workflow.expectRefusal(move(made.tickets[1].id, .building), .transitionRefused)
            try await workflow.submit(try await workflow.claim(), .failed(.agent))
            let fault = try await workflow.expectRefusal(move(made.tickets[0].id, .testing), .transitionRefused)
            #expect(fault?.message.contains("failing-checks") ?? false)
        }
    }

    @Test func `a ticket that does not begin in the backlog says so`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let ticket = try await workflow.tickets(project, [TicketCreate(title: "t", phase: .testing)]).tickets[0]
            let transitions = try await workflow.transitions(ticket.id)
            #expect(transitions.map(\.cause) == [.created])
            #expect(transitions.map(\.toStatus) == [.testing])
            let event = try await workflow.events().last
            #expect(event?.data.transition == transitions.first)
        }
    }
}

/// `If-Match` on what changes a task or a ticket without replacing it.
@Suite(.timeLimit(.minutes(1)))
struct StaleVersionTests {
    @Test func `a stale version changes nothing, the present one does`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (ticket, task) = try await workflow.single(project)
            let other = try await workflow.run(CreateTask(body: TaskCreate(ticketID: ticket.id, title: "other")))
            func refused(_ change: () async throws -> Void) async throws {
                let before = try await workflow.task(task.id)
                let fault = await #expect(throws: Fault.self) { try await change() }
                #expect(fault?.code == .preconditionFailed)
                #expect(try await workflow.task(task.id) == before)
            }
            let version = try await workflow.task(task.id).version
            var dependencies = ChangeDependencies(id: task.id, change: .add, dependsOn: [other.id])
            dependencies.ifVersion = version - 1
            try await refused { try await workflow.run(dependencies) }
            dependencies.ifVersion = version
            let depending = try await workflow.run(dependencies)
            #expect(depending.dependsOn == [other.id])
            var timeout = SetTimeout(id: task.id, seconds: 60)
            timeout.ifVersion = version
            try await refused { try await workflow.run(timeout) }
            var cancel = CancelTask(id: task.id, reason: "x")
            cancel.ifVersion = version
            try await refused { try await workflow.run(cancel) }
            cancel.ifVersion = try await workflow.task(task.id).version
            #expect(try await workflow.run(cancel).status == .cancelled)
            var retry = RetryTask(id: task.id)
            retry.ifVersion = version
            try await refused { try await workflow.run(retry) }
            var block = BlockTicket(id: ticket.id, reason: .manual)
            block.ifVersion = 0
            try await refused { try await workflow.run(block) }
            block.ifVersion = try await workflow.ticket(ticket.id).version
            #expect(try await workflow.run(block).isBlocked)
        }
    }
}
