import Contracts
import Kernel
import Testing

@testable import TicketWorkflow

/// Sending a ticket back to building begins another round.
@Suite(.timeLimit(.minutes(1)))
struct RegressTests {
    /// A ticket in testing with one completed implementation task and two test tasks, the second after the first.
    private func tested(_ workflow: TestWorkflow) async throws -> (Ticket, [WorkTask]) {
        let made = try await workflow.tickets(
            try await workflow.project(),
            [
                TicketCreate(
                    title: "t",
                    tasks: [
                        TaskSpecification(title: "build"),
                        TaskSpecification(ref: "a", title: "test a", phase: .testing),
                        TaskSpecification(title: "test b", phase: .testing, dependsOn: ["a"]),
                    ]
                )
            ]
        )
        try await workflow.complete(made.tasks[0].id)
        return (try await workflow.ticket(made.tickets[0].id), made.tasks)
    }

    private func regress(_ id: Identifier, force: Bool = false) -> RegressTicket {
        RegressTicket(id: id, toStatus: .building, feedback: "the sum is wrong", force: force)
    }

    private func current(_ workflow: TestWorkflow, _ ticket: Identifier) async throws -> [WorkTask] {
        try await workflow.store.read { try TaskStore.current(of: ticket, in: $0).map(\.task) }
    }

    @Test func `a regress makes a round: rework with the feedback, clones of what comes after`() async throws {
        try await withWorkflow { workflow in
            let (ticket, tasks) = try await tested(workflow)
            #expect(ticket.status == .testing)
            try await workflow.complete(tasks[1].id)
            let back = try await workflow.run(regress(ticket.id), as: TestWorkflow.member)
            #expect(back.status == .building)
            #expect(back.round == 2)
            let last = try await workflow.transitions(ticket.id).last
            #expect(last?.cause == .regressed)
            #expect(last?.actor == "ann")
            #expect(last?.reason == "the sum is wrong")

            let current = try await current(workflow, ticket.id)
            #expect(current.map(\.taskType) == ["rework", "implementation", "implementation"])
            let (rework, first, second) = (current[0], current[1], current[2])
            #expect(rework.description == "the sum is wrong")
            #expect(rework.dependsOn == [tasks[0].id], "it builds on the work of the round before")
            #expect(rework.reworkOf == tasks[0].id)
            #expect(first.reworkOf == tasks[1].id)
            #expect(first.lineageID == tasks[1].lineageID)
            #expect(second.dependsOn == [first.id], "what waits for a repeated task waits for its clone")
            #expect(current.allSatisfy { $0.round == 2 && $0.status == .pending })
            #expect(back.taskCount == 3)
            #expect(back.completedTaskCount == 0)

            #expect(try await workflow.task(tasks[0].id).status == .completed, "completed work is never reopened")
            #expect(try await workflow.task(tasks[1].id).status == .completed)
            #expect(try await workflow.task(tasks[2].id).status == .cancelled)
            #expect(try await workflow.holds(rework.id).isEmpty)
            #expect(try await workflow.holds(first.id) == [.ticketNotInPhase])
            for task in current { try await workflow.complete(task.id) }
            #expect(try await workflow.ticket(ticket.id).status == .done)
        }
    }

    @Test func `a move back by hand is a regress`() async throws {
        try await withWorkflow { workflow in
            let (ticket, _) = try await tested(workflow)
            let back = try await workflow.run(
                TransitionTicket(id: ticket.id, body: TicketTransition(toStatus: .building, reason: "again"))
            )
            #expect(back.round == 2)
            #expect(try await current(workflow, ticket.id).first?.description == "again")
        }
    }

    @Test func `a regress lifts the failure it answers`() async throws {
        try await withWorkflow { workflow in
            let made = try await workflow.tickets(
                try await workflow.project { $0.maxAttempts = 1 },
                [
                    TicketCreate(
                        title: "t",
                        tasks: [TaskSpecification(title: "b"), TaskSpecification(title: "t", phase: .testing)]
                    )
                ]
            )
            try await workflow.complete(made.tasks[0].id)
            try await workflow.submit(try await workflow.claim(made.tasks[1].id), .failed(.task))
            #expect(try await workflow.ticket(made.tickets[0].id).block?.reason == .failingChecks)
            let back = try await workflow.run(regress(made.tickets[0].id))
            #expect(back.block == nil)
            #expect(back.status == .building)
        }
    }

    @Test func `tasks at work are not left behind without force`() async throws {
        try await withWorkflow { workflow in
            let (ticket, tasks) = try await tested(workflow)
            let claim = try await workflow.claim(tasks[1].id)
            try await workflow.expectRefusal(regress(ticket.id), .tasksOpen)
            try await workflow.expectRefusal(regress(ticket.id, force: true), .forbidden, as: TestWorkflow.member)
            #expect(try await workflow.run(regress(ticket.id, force: true)).round == 2)
            #expect(workflow.stops == ["\(claim.sandboxID) cancelled"])
        }
    }

    @Test func `three rounds, then the ticket is blocked`() async throws {
        try await withWorkflow { workflow in
            let (ticket, _) = try await tested(workflow)
            for round in 2...3 {
                #expect(try await workflow.run(regress(ticket.id)).round == round)
                let rework = try await current(workflow, ticket.id)[0]
                try await workflow.complete(rework.id)
                #expect(try await workflow.ticket(ticket.id).status == .testing)
            }
            let fault = await #expect(throws: Fault.self) { try await workflow.run(self.regress(ticket.id)) }
            #expect(fault?.code == .conflict)
            let blocked = try await workflow.ticket(ticket.id)
            #expect(blocked.block?.reason == .failingChecks)
            #expect(blocked.round == 3)
            #expect(blocked.status == .testing)
        }
    }

    @Test func `defect 20: what is no way back is refused`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (ticket, _) = try await workflow.single(project)
            try await workflow.expectRefusal(regress(ticket.id), .transitionRefused)
            try await workflow.expectRefusal(
                RegressTicket(id: ticket.id, toStatus: .backlog),
                .transitionRefused
            )
            try await workflow.expectRefusal(regress(.make()), .notFound)
            let testing = try await workflow.tickets(project, [TicketCreate(title: "t", phase: .testing)]).tickets[0]
            try await workflow.expectRefusal(
                RegressTicket(id: testing.id, toStatus: .analyzing),
                .transitionRefused
            )
            try await workflow.run(BlockTicket(id: testing.id, reason: .manual))
            try await workflow.expectRefusal(regress(testing.id), .transitionRefused)
        }
    }
}

/// Moves between phases, and the tasks a phase usually has.
@Suite(.timeLimit(.minutes(1)))
struct PhaseTests {
    @Test func `a phase is entered with its usual tasks, once`() async throws {
        try await withWorkflow { workflow in
            let ticket = try await workflow.tickets(
                try await workflow.project(),
                [TicketCreate(title: "shop", phase: .requirements)]
            ).tickets[0]
            let change = try await workflow.run(
                ChangePhase(id: ticket.id, body: PhaseTransition(toPhase: .implementation, reason: "known"))
            )
            #expect(change.ticket.phase == .implementation)
            #expect(change.fromPhase == .requirements)
            #expect(change.tasks.map(\.taskType) == ["implement_feature"])
            #expect(try await workflow.holds(change.tasks[0].id).isEmpty)
            #expect(try await workflow.run(SpawnPhaseTasks(id: ticket.id)).tasks.isEmpty)
            let tests = try await workflow.run(SpawnPhaseTasks(id: ticket.id, phase: .testing))
            #expect(tests.tasks.map(\.taskType) == ["write_tests", "run_tests"])
            try await workflow.expectRefusal(SpawnPhaseTasks(id: ticket.id, phase: .done), .invalid)
        }
    }

    @Test func `without tasks when that is asked for`() async throws {
        try await withWorkflow { workflow in
            let ticket = try await workflow.tickets(try await workflow.project(), [TicketCreate(title: "t")]).tickets[0]
            let change = try await workflow.run(
                ChangePhase(id: ticket.id, body: PhaseTransition(toPhase: .design, spawnTasks: false))
            )
            #expect(change.tasks.isEmpty)
            #expect(change.ticket.phase == .design)
            let check = try await workflow.run(CheckPhase(id: ticket.id, toPhase: .requirements))
            #expect(!check.canTransition)
        }
    }

    @Test func `a check says what a move would`() async throws {
        try await withWorkflow { workflow in
            let (ticket, _) = try await workflow.single(try await workflow.project())
            for phase in Phase.allCases {
                let check = try await workflow.run(CheckPhase(id: ticket.id, toPhase: phase))
                #expect(!check.canTransition)
                try await workflow.expectRefusal(
                    ChangePhase(id: ticket.id, body: PhaseTransition(toPhase: phase)),
                    .transitionRefused
                )
            }
        }
    }
}
