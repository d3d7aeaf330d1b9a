import Contracts
import Kernel
import ServiceKit
import Testing

@testable import TicketWorkflow

@Suite(.timeLimit(.minutes(1)))
struct CreationTests {
    // MARK: Projects

    @Test func `keys are derived from names and stay unique`() async throws {
        try await withWorkflow { workflow in
            var keys: [String] = []
            for name in ["Web Shop", "Web Shop", "wild sea", "omoi", "x", "Übung", "日本語", "日本語"] {
                keys.append(try await workflow.run(CreateProject(body: ProjectCreate(name: name))).key)
            }
            #expect(keys == ["WS", "WSA", "WSB", "OMOI", "PRJ", "BUNG", "PRJA", "PRJB"])
        }
    }

    @Test func `a project's bucket follows the idempotency key`() async throws {
        try await withWorkflow { workflow in
            func bucket(_ key: String?) async throws -> UInt8 {
                try await workflow.run(
                    CreateProject(body: ProjectCreate(name: "p")),
                    idempotency: key.map { Idempotency(scope: "admin POST /projects", key: $0, digest: "") }
                ).id.bucket
            }
            #expect(try await bucket("a") == bucket("a"))
            var random: Set<UInt8> = []
            for _ in 0..<20 { random.insert(try await bucket(nil)) }
            #expect(random.count > 5)
        }
    }

    @Test func `everything in a project inherits its bucket`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (ticket, task) = try await workflow.single(project)
            try await workflow.complete(task.id)
            #expect(ticket.id.bucket == project.id.bucket)
            #expect(try await workflow.events().allSatisfy { $0.id.bucket == project.id.bucket })
        }
    }

    @Test func `a project is changed with a version`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            var patch = ProjectPatch()
            patch.name = "Other"
            let changed = try await workflow.run(UpdateProject(id: project.id, ifVersion: 1, body: patch))
            #expect(changed.version == 2)
            #expect(changed.name == "Other")
            #expect(changed.settings == project.settings)
            #expect(try await workflow.run(UpdateProject(id: project.id, body: patch)).version == 2)
            try await workflow.expectRefusal(
                UpdateProject(id: project.id, ifVersion: 1, body: patch),
                .preconditionFailed
            )
            patch.name = "  "
            try await workflow.expectRefusal(UpdateProject(id: project.id, body: patch), .invalid)
            patch = ProjectPatch()
            patch.status = .archived
            _ = try await workflow.run(UpdateProject(id: project.id, body: patch))
            #expect(
                try await workflow.eventTypes(of: project.id) == [.projectCreated, .projectUpdated, .projectArchived]
            )
            try await workflow.expectRefusal(
                CreateTickets(body: TicketBatch(projectID: project.id, tickets: [TicketCreate(title: "t")])),
                .conflict
            )
        }
    }

    @Test(arguments: ["abc", "A", "ABCDEFGHIJK", "AB1", ""])
    func `a wrong key is refused`(key: String) async throws {
        try await withWorkflow { workflow in
            try await workflow.expectRefusal(CreateProject(body: ProjectCreate(name: "p", key: key)), .invalid)
        }
    }

    @Test func `a taken key is refused`() async throws {
        try await withWorkflow { workflow in
            _ = try await workflow.run(CreateProject(body: ProjectCreate(name: "p", key: "ABC")))
            try await workflow.expectRefusal(CreateProject(body: ProjectCreate(name: "q", key: "ABC")), .conflict)
        }
    }

    // MARK: Tickets and tasks

    @Test func `a batch resolves refs of tickets and tasks across itself`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let made = try await workflow.tickets(
                project,
                [
                    TicketCreate(
                        ref: "second",
                        title: "second",
                        blockedBy: ["first", "first"],
                        tasks: [TaskSpecification(title: "b", dependsOn: ["a", "a"])]
                    ),
                    TicketCreate(ref: "first", title: "first", tasks: [TaskSpecification(ref: "a", title: "a")]),
                ]
            )
            #expect(made.tickets.map(\.key) == ["WS-1", "WS-2"])
            #expect(made.tickets[0].blockedBy == [made.tickets[1].id])
            #expect(made.tasks[0].dependsOn == [made.tasks[1].id])
            #expect(made.tickets.map(\.status) == [.backlog, .building])
            let later = try await workflow.tickets(
                project,
                [
                    TicketCreate(
                        title: "third",
                        blockedBy: ["WS-2"],
                        tasks: [TaskSpecification(title: "c", dependsOn: ["\(made.tasks[0].id)"])]
                    )
                ]
            )
            #expect(later.tickets[0].key == "WS-3")
            #expect(later.tickets[0].blockedBy == [made.tickets[1].id])
            #expect(later.tasks[0].dependsOn == [made.tasks[0].id])
        }
    }

    struct BadBatch: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var tickets: [TicketCreate]
        var code: Fault.Code = .invalid
        var mentions: String
    }

    private static let stranger = "01890000-0000-7000-8000-000000000000"

    private static func task(_ ref: String? = nil, _ title: String = "t", _ dependsOn: [String] = []) -> TicketCreate {
        TicketCreate(title: "x", tasks: [TaskSpecification(ref: ref, title: title, dependsOn: dependsOn)])
    }

    @Test(arguments: [
        BadBatch(testDescription: "no tickets", tickets: [], mentions: "tickets"),
        BadBatch(testDescription: "an empty title", tickets: [TicketCreate(title: " ")], mentions: "tickets[0].title"),
        BadBatch(
            testDescription: "an empty task title",
            tickets: [task(nil, "\n")],
            mentions: "tickets[0].tasks[0].title"
        ),
        BadBatch(
            testDescription: "a long title",
            tickets: [TicketCreate(title: String(repeating: "x", count: 501))],
            mentions: "500"
        ),
        BadBatch(
            testDescription: "an unknown ref",
            tickets: [task(nil, "t", ["nobody"])],
            mentions: "tickets[0].tasks[0].depends_on[0]"
        ),
        BadBatch(testDescription: "an unknown id", tickets: [task(nil, "t", [stranger])], mentions: stranger),
        BadBatch(testDescription: "itself", tickets: [task("a", "t", ["a"])], mentions: "itself"),
        BadBatch(testDescription: "a ref used twice", tickets: [task("a"), task("a")], mentions: "tickets[1]"),
        BadBatch(
            testDescription: "a ticket ref used twice",
            tickets: [TicketCreate(ref: "a", title: "1"), TicketCreate(ref: "a", title: "2")],
            mentions: "'a'"
        ),
        BadBatch(
            testDescription: "an unknown blocker",
            tickets: [TicketCreate(title: "t", blockedBy: ["WS-99"])],
            mentions: "WS-99"
        ),
        BadBatch(
            testDescription: "blocked by itself",
            tickets: [TicketCreate(ref: "a", title: "t", blockedBy: ["a"])],
            mentions: "itself"
        ),
        BadBatch(
            testDescription: "a phase without tasks",
            tickets: [TicketCreate(title: "t", tasks: [TaskSpecification(title: "x", phase: .buildingDone)])],
            mentions: "PHASE_BUILDING_DONE"
        ),
        BadBatch(
            testDescription: "born done",
            tickets: [TicketCreate(title: "t", phase: .done)],
            mentions: "done"
        ),
        BadBatch(
            testDescription: "another project",
            tickets: [TicketCreate(projectID: .make(), title: "t")],
            mentions: "project_id"
        ),
        BadBatch(
            testDescription: "a cycle of tasks",
            tickets: [task("a", "one", ["b"]), task("b", "two", ["a"])],
            code: .dependencyCycle,
            mentions: "'one'"
        ),
        BadBatch(
            testDescription: "a cycle of tickets",
            tickets: [
                TicketCreate(ref: "a", title: "1", blockedBy: ["b"]),
                TicketCreate(ref: "b", title: "2", blockedBy: ["a"]),
            ],
            code: .dependencyCycle,
            mentions: "ticket WS-"
        ),
        BadBatch(
            testDescription: "a cycle through the phases",
            tickets: [
                TicketCreate(
                    title: "x",
                    tasks: [
                        TaskSpecification(title: "early", dependsOn: ["late"]),
                        TaskSpecification(ref: "late", title: "late", phase: .testing),
                    ]
                )
            ],
            code: .dependencyCycle,
            mentions: "'early'"
        ),
    ])
    func `a bad batch changes nothing`(batch: BadBatch) async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let fault = try await workflow.expectRefusal(
                CreateTickets(body: TicketBatch(projectID: project.id, tickets: batch.tickets)),
                batch.code
            )
            #expect(fault?.message.contains(batch.mentions) ?? false, "\(fault?.message ?? "")")
        }
    }

    @Test func `defect 25: status and phase must agree, and either will do`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            var request = TicketCreate(title: "t", phase: .testing)
            request.status = .building
            try await workflow.expectRefusal(
                CreateTickets(body: TicketBatch(projectID: project.id, tickets: [request])),
                .invalid
            )
            request.phase = nil
            let made = try await workflow.tickets(project, [request, TicketCreate(title: "u", phase: .design)])
            #expect(made.tickets.map(\.phase) == [.implementation, .design])
            #expect(made.tickets.map(\.status) == [.building, .analyzing])
        }
    }

    @Test func `unknown projects, tickets and tasks are not found`() async throws {
        try await withWorkflow { workflow in
            let id = Identifier.make()
            try await workflow.expectRefusal(
                CreateTickets(body: TicketBatch(projectID: id, tickets: [TicketCreate(title: "t")])),
                .notFound
            )
            try await workflow.expectRefusal(CreateTask(body: TaskCreate(ticketID: id, title: "t")), .notFound)
            try await workflow.expectRefusal(CancelTask(id: id, reason: ""), .notFound)
            try await workflow.expectRefusal(RetryTask(id: id), .notFound)
            try await workflow.expectRefusal(ChangeDependencies(id: id, change: .add, dependsOn: []), .notFound)
            try await workflow.expectRefusal(UpdateProject(id: id, body: ProjectPatch()), .notFound)
            try await workflow.expectRefusal(RevokeToken(id: id), .notFound)
            await #expect(throws: Fault.notFound("task", id)) { try await workflow.ask(ExplainTask(id: id)) }
        }
    }

    @Test func `dependencies stay inside the project`() async throws {
        try await withWorkflow { workflow in
            let (one, other) = (try await workflow.project(), try await workflow.project())
            let foreign = try await workflow.single(other).1
            let own = try await workflow.single(one).1
            try await workflow.expectRefusal(
                ChangeDependencies(id: own.id, change: .add, dependsOn: [foreign.id]),
                .invalid
            )
            try await workflow.expectRefusal(
                CreateTask(body: TaskCreate(ticketID: own.ticketID, title: "t", dependsOn: [foreign.id])),
                .invalid
            )
        }
    }

    @Test func `a task created later joins its ticket`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (ticket, first) = try await workflow.single(project)
            let task = try await workflow.run(
                CreateTask(body: TaskCreate(ticketID: ticket.id, title: "more", dependsOn: [first.id]))
            )
            #expect(task.phase == .implementation)
            #expect(try await workflow.ticket(ticket.id).taskCount == 2)
            #expect(try await workflow.eventTypes(of: ticket.id).last == .ticketUpdated)
            try await workflow.complete(first.id)
            try await workflow.complete(task.id)
            #expect(try await workflow.ticket(ticket.id).status == .done)
            try await workflow.expectRefusal(
                CreateTask(body: TaskCreate(ticketID: ticket.id, title: "late")),
                .ticketDone
            )
        }
    }

    @Test func `dependencies change while a task is pending`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (a, b) = (
                try await workflow.single(project, title: "a").1, try await workflow.single(project, title: "b").1
            )
            func change(_ change: ChangeDependencies.Change, _ ids: [Identifier]) async throws -> WorkTask {
                try await workflow.run(ChangeDependencies(id: b.id, change: change, dependsOn: ids))
            }
            let held = try await change(.add, [a.id])
            #expect(held.dependsOn == [a.id])
            #expect(held.readyAt == nil)
            #expect(try await workflow.ticket(b.ticketID).block?.reason == .dependency)
            #expect(try await workflow.holds(b.id) == [.ticketBlocked, .dependency])
            try await workflow.expectRefusal(
                ChangeDependencies(id: a.id, change: .replace, dependsOn: [b.id]),
                .dependencyCycle
            )
            try await workflow.expectRefusal(ChangeDependencies(id: a.id, change: .add, dependsOn: [a.id]), .invalid)
            try await workflow.expectRefusal(
                ChangeDependencies(id: a.id, change: .remove, dependsOn: [b.id]),
                .notFound
            )
            let free = try await change(.remove, [a.id])
            #expect(free.dependsOn.isEmpty)
            #expect(free.readyAt != nil)
            #expect(try await workflow.ticket(b.ticketID).block == nil)
            #expect(try await workflow.holds(b.id).isEmpty)
            try await workflow.claim(b.id)
            try await workflow.expectRefusal(ChangeDependencies(id: b.id, change: .add, dependsOn: [a.id]), .conflict)
        }
    }
}
