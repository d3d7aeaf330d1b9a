import Contracts
import Kernel
import Testing

@testable import TicketWorkflow

/// What one request may bring along, however small its parts are.
@Suite(.timeLimit(.minutes(1)))
struct LimitTests {
    @Test func `the tasks of all tickets of a request are counted together`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let many = TicketCreate(
                title: "many",
                tasks: (0..<Limits.tasksPerBatch / 2).map { TaskSpecification(title: "task \($0)") }
            )
            let one = TicketCreate(title: "one", tasks: [TaskSpecification(title: "task")])
            let tickets = TicketBatch(projectID: project.id, tickets: [many, many, one])
            try await workflow.expectRefusal(CreateTickets(body: tickets), .invalid)
        }
    }

    @Test(arguments: ["https://bot:secret@example.org/o/r", "HTTP://token@example.org/o/r.git"])
    func `an address with credentials is refused, as every reader of the project would see them`(
        repository: String
    ) async throws {
        try await withWorkflow { workflow in
            try await workflow.expectRefusal(
                CreateProject(body: ProjectCreate(name: "New", repository: repository)),
                .invalid
            )
            var patch = ProjectPatch()
            patch.repository = repository
            let project = try await workflow.project()
            try await workflow.expectRefusal(UpdateProject(id: project.id, body: patch), .invalid)
            let accepted = [
                "ssh://git@example.org/o/r", "git@example.org:o/r", "https://example.org/@scope/r", "/srv/r",
            ]
            for accepted in accepted {
                patch.repository = accepted
                #expect(try await workflow.run(UpdateProject(id: project.id, body: patch)).repository == accepted)
            }
        }
    }

    @Test func `settings are limited as a whole, however often they are added to`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let text = String(repeating: "x", count: Limits.projectSettingsBytes)
            var patch = ProjectPatch()
            patch.settings = .object([
                "agent": .object(["kind": .string("command"), "command": .array([.string(text)])])
            ])
            try await workflow.expectRefusal(UpdateProject(id: project.id, body: patch), .invalid)
        }
    }
}
