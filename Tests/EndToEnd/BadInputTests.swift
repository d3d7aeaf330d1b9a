import Contracts
import HTTPClient
import Kernel
import Messaging
import TestSupport
import Testing

/// Bad input at the real gateway, with the real owner behind it: its own clear error, nothing changed, nothing lost.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct BadInputTests {
    /// One refused request.
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var method = "POST"
        var path: String
        var body: String
        var status: Int
        var code: Fault.Code
        var mentions: String

        var testDescription: String { name }
    }

    private static func cases(project: Project, ticket: Ticket, task: WorkTask) -> [Case] {
        let unknown = Identifier.make()
        func batch(_ tasks: String) -> String {
            #"{"project_id":"\#(project.id)","tickets":[{"title":"x","tasks":[\#(tasks)]}]}"#
        }
        return [
            Case(
                name: "unknown project",
                path: "/api/v1/tickets",
                body: #"{"project_id":"\#(unknown)","title":"x"}"#,
                status: 404,
                code: .notFound,
                mentions: unknown.description
            ),
            Case(
                name: "cycle",
                path: "/api/v1/tickets/batch",
                body: batch(
                    #"{"ref":"a","title":"a","depends_on":["b"]},{"ref":"b","title":"b","depends_on":["a"]}"#
                ),
                status: 409,
                code: .dependencyCycle,
                mentions: "a"
            ),
            Case(
                name: "self-dependency",
                path: "/api/v1/tasks/\(task.id)/dependencies",
                body: #"{"depends_on":["\#(task.id)"]}"#,
                status: 422,
                code: .invalid,
                mentions: "itself"
            ),
            Case(
                name: "unknown dependency",
                path: "/api/v1/tasks",
                body: #"{"ticket_id":"\#(ticket.id)","title":"x","depends_on":["\#(unknown)"]}"#,
                status: 422,
                code: .invalid,
                mentions: "depends_on"
            ),
        ]
    }

    private static func shapeCases(project: Project) -> [Case] {
        [
            Case(
                name: "unknown field",
                path: "/api/v1/tickets",
                body: #"{"project_id":"\#(project.id)","title":"x","colour":"red"}"#,
                status: 422,
                code: .invalid,
                mentions: "colour"
            ),
            Case(
                name: "wrong type",
                path: "/api/v1/tickets",
                body: #"{"project_id":"\#(project.id)","title":7}"#,
                status: 422,
                code: .invalid,
                mentions: "title"
            ),
            Case(
                name: "malformed JSON",
                path: "/api/v1/tickets",
                body: #"{"project_id":"#,
                status: 400,
                code: .malformed,
                mentions: "JSON"
            ),
            Case(
                name: "oversize body",
                path: "/api/v1/tickets",
                body: #"{"title":"\#(String(repeating: "x", count: Limits.requestBytes + 1))"}"#,
                status: 413,
                code: .tooLarge,
                mentions: String(Limits.requestBytes)
            ),
        ]
    }

    @Test func `every bad request has its own error and changes nothing`() async throws {
        try await Self.withHeldTask { system, project, ticket, task in
            let before: JSONValue = try await system.gateway.get("/api/v1/tasks?limit=200")
            let cases = Self.cases(project: project, ticket: ticket, task: task) + Self.shapeCases(project: project)
            for refused in cases {
                let response = try await system.gateway.perform(
                    refused.method,
                    refused.path,
                    body: Array(refused.body.utf8)
                )
                #expect(response.status == refused.status, "\(refused.name)")
                #expect(response.header("content-type")?.hasPrefix(ContentType.problem) == true, "\(refused.name)")
                let problem = try ContractCoder.decode(Problem.self, from: response.body)
                #expect(problem.code == refused.code, "\(refused.name)")
                #expect(
                    problem.detail.contains(refused.mentions)
                        || problem.errors?.contains { "\($0)".contains(refused.mentions) } == true,
                    "\(refused.name): \(problem.detail)"
                )
            }
            let after: JSONValue = try await system.gateway.get("/api/v1/tasks?limit=200")
            #expect(after == before)
        }
    }

    @Test func `tokens open only what they are for`() async throws {
        try await Self.withHeldTask { system, _, _, task in
            let base = "http://127.0.0.1:\(system.gatewayPort)"
            let client = WebClient()
            defer { client.close() }
            func status(_ token: String?, _ method: String, _ path: String) async throws -> Int {
                try await APIClient(client: client, baseURL: base, token: token).perform(method, path).status
            }
            #expect(try await status(nil, "GET", "/api/v1/tasks") == 401)
            #expect(try await status("forged.token.here", "GET", "/api/v1/tasks") == 401)
            let viewer: TokenResponse = try await system.gateway.post(
                "/api/v1/tokens",
                body: TokenCreate(subject: "reader", scope: .viewer)
            )
            #expect(try await status(viewer.token, "GET", "/api/v1/tasks") == 200)
            #expect(try await status(viewer.token, "POST", "/api/v1/tasks/\(task.id)/cancel") == 403)
            #expect(try await status(viewer.token, "GET", "/api/v1/sandbox/task") == 403)
            try await system.gateway.delete("/api/v1/tokens/\(viewer.details.id)")
            try await eventually("the token is revoked") {
                try await status(viewer.token, "GET", "/api/v1/tasks") == 401
            }
        }
    }

    @Test func `a sandbox speaks only for its own attempt, and only while it is the newest`() async throws {
        try await Self.withHeldTask { system, _, ticket, first in
            let second: WorkTask = try await system.gateway.post(
                "/api/v1/tasks",
                body: TaskCreate(ticketID: ticket.id, title: "second")
            )
            let claim = try await Self.claim(first.id, in: system)
            let client = WebClient()
            defer { client.close() }
            let sandbox = APIClient(
                client: client,
                baseURL: "http://127.0.0.1:\(system.gatewayPort)",
                token: claim.token
            )
            let result = ResultSubmission(status: .completed, summary: "done")
            await #expect(throws: Fault.self) {
                let _: ResultResponse = try await sandbox.post(
                    "/api/v1/sandbox/task/\(second.id)/results",
                    body: result
                )
            }
            let _: JSONValue = try await system.gateway.post(
                "/api/v1/tasks/\(first.id)/cancel",
                body: CancelBody(reason: "not needed")
            )
            let late = try await sandbox.perform(
                "POST",
                "/api/v1/sandbox/task/\(first.id)/results",
                body: ContractCoder.encode(result)
            )
            #expect(late.status == 409)
            #expect(try ContractCoder.decode(Problem.self, from: late.body).code == .attemptCancelled)
            let task: WorkTask = try await system.gateway.get("/api/v1/tasks/\(first.id)")
            #expect(task.status == .cancelled)
        }
    }

    @Test func `malformed JSON on a topic becomes a dead letter and stops nobody`() async throws {
        try await Self.withHeldTask { system, project, _, _ in
            try await Self.publish("{ not json", type: .sandboxRunning, to: system)
            try await eventually("the dead letter is listed") {
                let page: DeadLetterPage = try await system.gateway.get(
                    "/api/v1/dead-letters?service=ticket-workflow"
                )
                return page.items.contains { $0.source == Topic.workflowFacts }
            }
            let ticket: Ticket = try await system.gateway.post(
                "/api/v1/tickets",
                body: TicketCreate(projectID: project.id, title: "after it")
            )
            try await eventually("later events are in the history") {
                let page: JSONValue = try await system.relay.get("/api/v1/events?type=ticket.created&limit=500")
                return "\(page)".contains(ticket.id.description)
            }
        }
    }

    // MARK: - Fixture

    /// A system without an orchestrator and one ticket with one task that is ready, so that tests claim it themselves.
    private static func withHeldTask(
        _ body: (OmoiSystem, Project, Ticket, WorkTask) async throws -> Void
    ) async throws {
        var options = OmoiSystem.Options()
        options.members = [.workflow, .relay, .gateway]
        try await OmoiSystem.run(options) { system in
            var settings = ProjectSettings()
            settings.evidence = EvidenceSettings(commit: false, checks: false)
            let project: Project = try await system.gateway.post(
                "/api/v1/projects",
                body: ProjectCreate(name: "Bad input", settings: settings)
            )
            let made: TicketBatchResponse = try await system.gateway.post(
                "/api/v1/tickets/batch",
                body: TicketBatch(
                    projectID: project.id,
                    tickets: [TicketCreate(title: "first", tasks: [TaskSpecification(title: "first")])]
                )
            )
            try await body(system, project, #require(made.tickets.first), #require(made.tasks.first))
        }
    }

    private static func claim(_ task: Identifier, in system: OmoiSystem) async throws -> Claim {
        let requester = Requester(try BrokerConfiguration(url: system.broker.url, connectionName: "test claims"))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await requester.run() }
            await requester.waitUntilConnected()
            let reply = try await requester.request(
                ClaimTask(sandboxID: .make(), orchestrator: "test", taskID: task),
                to: Topic.workflow(),
                context: RequestContext(actor: .service("test"))
            )
            requester.stop()
            try await group.waitForAll()
            return reply.reply
        }
    }

    private static func publish(_ text: String, type: EventType, to system: OmoiSystem) async throws {
        let publisher = Publisher(try BrokerConfiguration(url: system.broker.url, connectionName: "test publisher"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await publisher.run() }
            await publisher.waitUntilConnected()
            var properties = MessageProperties()
            properties.type = type.rawValue
            properties.contentType = ContentType.cloudEvent
            let outcome = await publisher.publish(
                OutgoingMessage(
                    exchange: Topic.events,
                    routingKey: type.rawValue,
                    properties: properties,
                    body: Array(text.utf8),
                    mandatory: true
                )
            )
            #expect(outcome == .confirmed)
            publisher.stop()
            try await group.waitForAll()
        }
    }
}
