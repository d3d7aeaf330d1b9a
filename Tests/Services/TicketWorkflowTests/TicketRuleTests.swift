import Contracts
import Kernel
import Testing

@testable import TicketWorkflow

/// Changes, blocks, standstill, context and archive of tickets.
@Suite(.timeLimit(.minutes(1)))
struct TicketRuleTests {
    private func patch(_ id: Identifier, version: Int? = nil, _ change: (inout TicketPatch) -> Void) -> UpdateTicket {
        var body = TicketPatch()
        change(&body)
        return UpdateTicket(id: id, ifVersion: version, body: body)
    }

    @Test func `a change is one version and one event`() async throws {
        try await withWorkflow { workflow in
            let ticket = try await workflow.tickets(try await workflow.project(), [TicketCreate(title: "t")]).tickets[0]
            let changed = try await workflow.run(
                patch(ticket.id, version: ticket.version) { body in
                    body.title = "u"
                    body.labels = ["a"]
                    body.priority = .critical
                }
            )
            #expect(changed.title == "u")
            #expect(changed.labels == ["a"])
            #expect(changed.priority == .critical)
            #expect(changed.version == ticket.version + 1)
            #expect(try await workflow.eventTypes(of: ticket.id) == [.ticketCreated, .ticketUpdated])
            let same = try await workflow.run(patch(ticket.id) { $0.title = "u" })
            #expect(same.version == changed.version)
            try await workflow.expectRefusal(patch(ticket.id, version: 1) { $0.title = "v" }, .preconditionFailed)
            try await workflow.expectRefusal(patch(ticket.id) { $0.title = " " }, .invalid)
        }
    }

    @Test func `defect 26: a change of the status goes through the rules and is recorded`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (ticket, _) = try await workflow.single(project)
            try await workflow.expectRefusal(patch(ticket.id) { $0.status = .done }, .transitionRefused)
            let empty = try await workflow.tickets(project, [TicketCreate(title: "t")]).tickets[0]
            let moved = try await workflow.run(
                patch(empty.id) { body in
                    body.status = .testing
                    body.reason = "why"
                },
                as: TestWorkflow.member
            )
            #expect(moved.status == .testing)
            #expect(moved.phase == .testing)
            #expect(moved.previousPhase == .buildingDone)
            let last = try await workflow.transitions(empty.id).last
            #expect(last?.cause == .manual)
            #expect(last?.actor == "ann")
            #expect(last?.reason == "why")
        }
    }

    @Test func `defect 16: what a ticket waits for holds its tasks wherever it is`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (first, firstTask) = try await workflow.single(project, title: "first")
            let (second, secondTask) = try await workflow.single(project, title: "second")
            #expect(try await workflow.holds(secondTask.id).isEmpty)
            let waiting = try await workflow.run(patch(second.id) { $0.blockedBy = [first.key] })
            #expect(waiting.blockedBy == [first.id])
            #expect(waiting.block?.reason == .dependency)
            #expect(try await workflow.holds(secondTask.id) == [.ticketBlocked])
            try await workflow.expectRefusal(patch(first.id) { $0.blockedBy = [second.key] }, .dependencyCycle)
            try await workflow.expectRefusal(patch(first.id) { $0.blockedBy = [first.key] }, .invalid)
            try await workflow.expectRefusal(patch(first.id) { $0.blockedBy = ["WS-99"] }, .invalid)
            try await workflow.complete(firstTask.id)
            #expect(try await workflow.ticket(second.id).block == nil)
            #expect(try await workflow.holds(secondTask.id).isEmpty)
        }
    }

    @Test func `what no longer is waited for lets the ticket go`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let made = try await workflow.tickets(
                project,
                [
                    TicketCreate(ref: "a", title: "a"),
                    TicketCreate(title: "b", blockedBy: ["a"], tasks: [TaskSpecification(title: "b")]),
                    TicketCreate(title: "c", blockedBy: ["a"], tasks: [TaskSpecification(title: "c")]),
                ]
            )
            let free = try await workflow.run(patch(made.tickets[1].id) { $0.blockedBy = [] })
            #expect(free.status == .building)
            #expect(try await workflow.ticket(made.tickets[2].id).status == .backlog)
            let archived = try await workflow.run(patch(made.tickets[0].id) { $0.archived = true })
            #expect(archived.archived)
            #expect(try await workflow.ticket(archived.id) == archived)
            let freed = try await workflow.run(ProgressTicket(id: made.tickets[2].id))
            #expect(freed.ticket.status == .building, "\(freed.blockingReasons)")
            #expect(!freed.progressed, "it went by itself")
        }
    }

    @Test func `archiving cancels what runs`() async throws {
        try await withWorkflow { workflow in
            let (ticket, task) = try await workflow.single(
                try await workflow.project { $0.wipLimits = ["building": 1] }
            )
            let claim = try await workflow.claim(task.id)
            let archived = try await workflow.run(patch(ticket.id) { $0.archived = true })
            #expect(archived.archived)
            #expect(try await workflow.task(task.id).status == .cancelled)
            #expect(workflow.stops == ["\(claim.sandboxID) cancelled"])
            #expect(try await workflow.eventTypes(of: ticket.id).contains(.ticketArchived))
            try await workflow.expectRefusal(
                TransitionTicket(id: ticket.id, body: TicketTransition(toStatus: .testing)),
                .transitionRefused
            )
            let project = archived.projectID
            let next = try await workflow.run(
                CreateTickets(
                    body: TicketBatch(
                        projectID: project,
                        tickets: [TicketCreate(title: "next", tasks: [TaskSpecification(title: "t")])]
                    )
                )
            )
            #expect(next.tickets[0].status == .building, "the archived ticket takes no place")
            let back = try await workflow.run(patch(ticket.id) { $0.archived = false })
            #expect(!back.archived)
        }
    }

    @Test func `a block by hand holds the tasks until it is lifted`() async throws {
        try await withWorkflow { workflow in
            let (ticket, task) = try await workflow.single(try await workflow.project())
            let blocked = try await workflow.run(
                BlockTicket(id: ticket.id, reason: .environment, detail: "install make"),
                as: TestWorkflow.member
            )
            #expect(blocked.block?.reason == .environment)
            #expect(blocked.block?.automatic == false)
            #expect(try await workflow.holds(task.id) == [.ticketBlocked])
            let again = try await workflow.run(
                BlockTicket(id: ticket.id, reason: .environment, detail: "install make")
            )
            #expect(again.version == blocked.version, "the same block is no news")
            #expect(try await workflow.run(UnblockTicket(id: ticket.id)).block == nil)
            #expect(try await workflow.holds(task.id).isEmpty)
            #expect(
                try await workflow.eventTypes(of: ticket.id).suffix(2) == [.ticketBlocked, .ticketUnblocked]
            )
        }
    }

    @Test func `defect 20: lifting a block that is not there is a conflict`() async throws {
        try await withWorkflow { workflow in
            let (ticket, task) = try await workflow.single(try await workflow.project { $0.maxAttempts = 1 })
            try await workflow.expectRefusal(UnblockTicket(id: ticket.id), .conflict)
            try await workflow.submit(try await workflow.claim(task.id), .failed(.agent))
            let fault = try await workflow.expectRefusal(UnblockTicket(id: ticket.id), .conflict)
            #expect(fault?.message.contains("retry") ?? false)
        }
    }

    @Test func `defect 27: the suggested remediation is kept with the block`() async throws {
        try await withWorkflow { workflow in
            let (ticket, _) = try await workflow.single(try await workflow.project())
            try await workflow.run(BlockTicket(id: ticket.id, reason: .needsInput, detail: "ask Ann"))
            #expect(try await workflow.ticket(ticket.id).block?.detail == "ask Ann")
        }
    }

    @Test func `a ticket that is done is not blocked`() async throws {
        try await withWorkflow { workflow in
            let (ticket, task) = try await workflow.single(try await workflow.project())
            try await workflow.complete(task.id)
            try await workflow.expectRefusal(BlockTicket(id: ticket.id, reason: .manual), .ticketDone)
        }
    }

    @Test func `defect 19: every update of the context stays`() async throws {
        try await withWorkflow { workflow in
            let (ticket, task) = try await workflow.single(try await workflow.project())
            try await workflow.run(
                UpdateTicketContext(
                    id: ticket.id,
                    phase: .requirements,
                    body: TicketContextUpdate(context: ["a": .integer(1), "b": .integer(2)], summary: "s")
                )
            )
            try await workflow.complete(task.id)
            let updated = try await workflow.run(
                UpdateTicketContext(
                    id: ticket.id,
                    phase: .implementation,
                    body: TicketContextUpdate(context: ["b": .null, "c": .bool(true)])
                )
            )
            #expect(updated.contextSummary == "s")
            let context = try #require(updated.context)
            #expect(Set(context.keys) == ["a", "c", "phases"])
            guard case .object(let phases)? = context["phases"] else { throw Fault(.internalError, "no phases") }
            #expect(Set(phases.keys) == ["PHASE_REQUIREMENTS", "PHASE_IMPLEMENTATION"])
            #expect(try await workflow.ticket(ticket.id).context == context)
            let large = ["x": JSONValue.string(String(repeating: "x", count: Limits.contextBytes))]
            try await workflow.expectRefusal(
                UpdateTicketContext(id: ticket.id, phase: .design, body: TicketContextUpdate(context: large)),
                .invalid
            )
        }
    }

    @Test func `progress says what keeps a ticket`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { $0.wipLimits = ["testing": 1] }
            let (ticket, _) = try await workflow.single(project)
            let held = try await workflow.run(ProgressTicket(id: ticket.id))
            #expect(!held.progressed)
            #expect(held.reason == "1 tasks of PHASE_IMPLEMENTATION are unfinished")
            let empty = try await workflow.tickets(project, [TicketCreate(title: "t")]).tickets[0]
            #expect(try await workflow.run(ProgressTicket(id: empty.id)).reason == "it has no task to do")
        }
    }

    @Test func `no room is to be seen`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { $0.wipLimits = ["testing": 1] }
            let both = [TaskSpecification(title: "b"), TaskSpecification(title: "t", phase: .testing)]
            let made = try await workflow.tickets(
                project,
                [TicketCreate(title: "a", tasks: both), TicketCreate(title: "b", tasks: both)]
            )
            try await workflow.complete(made.tasks[0].id)
            try await workflow.complete(made.tasks[2].id)
            let waiting = try await workflow.ticket(made.tickets[1].id)
            #expect(waiting.status == .buildingDone)
            #expect(waiting.waitingFor == .init(.room, "the column 'testing' has no room"))
            #expect(try await workflow.ticket(made.tickets[0].id).waitingFor == nil)
            try await workflow.complete(made.tasks[1].id)
            let moved = try await workflow.ticket(made.tickets[1].id)
            #expect(moved.status == .testing)
            #expect(moved.waitingFor == nil)
        }
    }
}

/// Tickets that stand still are found by the clock.
@Suite(.timeLimit(.minutes(1)))
struct StandstillTests {
    @Test func `defects 28 and 45: the clock blocks what stands still, and never the backlog`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let idle = try await workflow.tickets(project, [TicketCreate(title: "idle")]).tickets[0]
            let empty = try await workflow.tickets(project, [TicketCreate(title: "t", phase: .implementation)]).tickets[
                0
            ]
            let (ready, _) = try await workflow.single(project)
            try await workflow.advance(by: .seconds(29 * 60))
            #expect(try await workflow.ticket(empty.id).block == nil)
            try await workflow.advance(by: .seconds(7 * 60))
            let blocked = try await workflow.ticket(empty.id)
            #expect(blocked.block?.reason == .needsInput)
            #expect(blocked.block?.automatic == true)
            #expect(try await workflow.ticket(idle.id).block == nil)
            #expect(try await workflow.ticket(ready.id).block == nil, "ready tasks wait for an orchestrator")
            let version = blocked.version
            try await workflow.advance(by: .seconds(3600))
            #expect(try await workflow.ticket(empty.id).version == version, "found once")
            let task = try await workflow.run(CreateTask(body: TaskCreate(ticketID: empty.id, title: "t")))
            #expect(try await workflow.ticket(empty.id).block == nil)
            #expect(try await workflow.holds(task.id).isEmpty)
        }
    }

    @Test func `defect 28: a look stays inside its project`() async throws {
        try await withWorkflow { workflow in
            let mine = try await workflow.project { $0.blockingMinutes = 10 }
            let other = try await workflow.project { $0.blockingMinutes = 10 }
            let tickets = [TicketCreate(title: "t", phase: .testing)]
            let first = try await workflow.tickets(mine, tickets).tickets[0]
            let second = try await workflow.tickets(other, tickets).tickets[0]
            workflow.time.advance(by: .seconds(601))
            let bound = Actor(subject: "m", scope: .member, projectID: mine.id)
            try await workflow.expectRefusal(DetectBlocking(projectID: other.id), .forbidden, as: bound)
            let report = try await workflow.run(DetectBlocking(), as: bound)
            #expect(report.results.map(\.ticketID) == [first.id])
            #expect(report.detected == 1)
            #expect(report.results[0].minutes >= 10)
            #expect(try await workflow.ticket(second.id).block == nil)
            #expect(try await workflow.run(DetectBlocking()).results.map(\.ticketID) == [second.id])
            #expect(try await workflow.run(DetectBlocking()).detected == 0)
        }
    }

    @Test func `somebody may look after it and lift the block`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { $0.blockingMinutes = 1 }
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
            workflow.time.advance(by: .seconds(61))
            #expect(try await workflow.run(DetectBlocking(projectID: project.id)).detected == 1)
            #expect(try await workflow.run(UnblockTicket(id: made.tickets[0].id)).block == nil)
            #expect(try await workflow.run(DetectBlocking(projectID: project.id)).detected == 0, "its time begins anew")
            let retried = try await workflow.run(RetryTask(id: made.tasks[0].id))
            #expect(try await workflow.holds(retried.id).isEmpty)
        }
    }

    @Test func `it can be switched off`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { $0.blockingMinutes = 0 }
            let ticket = try await workflow.tickets(project, [TicketCreate(title: "t", phase: .testing)]).tickets[0]
            try await workflow.advance(by: .seconds(86_400))
            #expect(try await workflow.ticket(ticket.id).block == nil)
        }
    }
}
