import Contracts
import HTTPClient
import Kernel
import Messaging
import ServiceKit
import Storage
import TestSupport
import Testing

@testable import APIGateway

/// The real gateway on a free port, a real broker, a scripted workflow.
@Suite(.gateway, .serialized, .timeLimit(.minutes(3)))
struct GatewayHTTPTests {
    @Test func `bad input gets its own clear error and changes nothing`() async throws {
        let fixture = try GatewayFixture.current
        let (project, ticket, _) = try await fixture.sample()
        let before = fixture.workflow.state.withLock { ($0.tickets.count, $0.tasks.count, $0.projects.count) }
        for row in BadInput.all {
            func fill(_ text: String) -> String {
                text.replacing("{project}", with: project.id.description)
                    .replacing("{ticket}", with: ticket.id.description)
            }
            let outcome = try await fixture.api(fixture.admin)
                .outcome(row.method, "/api/v1/" + fill(row.path), row.body.map(fill))
            #expect(outcome.status == row.status, "\(row.name): \(outcome.text)")
            #expect(outcome.code == row.code, "\(row.name)")
            #expect(outcome.text.contains(row.says), "\(row.name): \(outcome.text)")
            #expect(outcome.response.header("Content-Type") == ContentType.problem, "\(row.name)")
        }
        let after = fixture.workflow.state.withLock { ($0.tickets.count, $0.tasks.count, $0.projects.count) }
        #expect(before == after)
    }

    @Test func `another content type is refused`() async throws {
        let fixture = try GatewayFixture.current
        let response = try await fixture.client.send(
            HTTPRequest(
                method: "POST",
                url: "http://127.0.0.1:\(fixture.gateway.port)/api/v1/projects",
                headers: [("Authorization", "Bearer \(fixture.member)"), ("Content-Type", "text/plain")],
                body: Array("{}".utf8)
            )
        )
        #expect(response.status == 415)
    }

    @Test(arguments: [
        "projects", "tickets", "tasks", "board/view", "sandboxes", "meta", "tokens", "dead-letters", "sandbox/task",
    ])
    func `without a token nothing is told`(path: String) async throws {
        let fixture = try GatewayFixture.current
        let outcome = try await fixture.api(nil).outcome("GET", "/api/v1/\(path)")
        #expect(outcome.status == 401)
        #expect(outcome.response.header("WWW-Authenticate") == "Bearer")
        #expect(try await fixture.api("nonsense").outcome("GET", "/api/v1/\(path)").status == 401)
        let expired = try fixture.workflow.token(.admin, lifetime: .seconds(-1))
        #expect(try await fixture.api(expired).outcome("GET", "/api/v1/\(path)").status == 401)
    }

    @Test(arguments: ["/livez", "/readyz", "/metrics", "/health", "/"])
    func `health needs no token`(path: String) async throws {
        #expect(try await GatewayFixture.current.api(nil).outcome("GET", path).status == 200)
    }

    @Test func `scopes decide what is allowed`() async throws {
        let fixture = try GatewayFixture.current
        let (_, ticket, task) = try await fixture.sample()
        let sandbox = Identifier.make()
        let tokens = [
            "admin": fixture.admin, "member": fixture.member, "viewer": fixture.viewer,
            "sandbox": try fixture.sandboxToken(task, sandbox: sandbox),
        ]
        let transition = #"{"to_status":"analyzing"}"#
        let activity = #"{"event_type":"agent.started","sequence":1}"#
        let rows: [(method: String, path: String, body: String?, allowed: Set<String>)] = [
            ("GET", "tickets/\(ticket.id)", nil, ["admin", "member", "viewer"]),
            ("GET", "tasks/\(task.id)/explain", nil, ["admin", "member", "viewer"]),
            ("POST", "tickets/\(ticket.id)/transition", transition, ["admin", "member"]),
            ("POST", "tasks/\(task.id)/retry", nil, ["admin", "member"]),
            ("GET", "tokens", nil, ["admin"]),
            ("POST", "tokens", #"{"subject":"a","scope":"viewer"}"#, ["admin"]),
            ("GET", "dead-letters?service=ticket-workflow", nil, ["admin"]),
            ("GET", "sandbox/task", nil, ["sandbox"]),
            ("POST", "sandboxes/\(sandbox)/events", activity, ["sandbox"]),
        ]
        for row in rows {
            for (name, token) in tokens {
                let outcome = try await fixture.api(token).outcome(row.method, "/api/v1/" + row.path, row.body)
                if row.allowed.contains(name) {
                    #expect((200...201).contains(outcome.status), "\(name) \(row.path): \(outcome.text)")
                } else {
                    #expect(outcome.code == .forbidden, "\(name) \(row.path): \(outcome.text)")
                }
            }
        }
    }

    @Test func `a sandbox speaks for its own task and sandbox only`() async throws {
        let fixture = try GatewayFixture.current
        let (_, _, task) = try await fixture.sample()
        let (_, _, other) = try await fixture.sample()
        let sandbox = Identifier.make()
        let api = fixture.api(try fixture.sandboxToken(task, sandbox: sandbox))
        let result = #"{"status":"completed","summary":"done","files_changed":[]}"#
        let foreign = try await api.outcome("POST", "/api/v1/sandbox/task/\(other.id)/results", result)
        #expect(foreign.code == .forbidden)
        #expect(foreign.text.contains(task.id.description))
        let activity = #"{"event_type":"agent.started"}"#
        #expect(
            try await api.outcome("POST", "/api/v1/sandboxes/\(Identifier.make())/events", activity).code
                == .forbidden
        )
        #expect(fixture.workflow.state.withLock { $0.tasks[other.id]?.status } == .pending)

        let assignment: Assignment = try await api.get("/api/v1/sandbox/task")
        #expect(assignment.task.id == task.id)
        #expect(assignment.sandboxID == sandbox)
        let own = try await api.outcome("POST", "/api/v1/sandbox/task/\(task.id)/results", result)
        #expect(own.status == 200)
        let answer: ResultResponse = try ContractCoder.decode(from: own.response.body)
        #expect(answer.taskStatus == .completed)
        let shown: WorkTask = try await fixture.api(fixture.viewer).get("/api/v1/tasks/\(task.id)")
        #expect(shown.status == .completed)
        let huge = String(repeating: " ", count: Limits.resultBytes + 1)
        #expect(
            try await api.outcome("POST", "/api/v1/sandbox/task/\(task.id)/results", huge).code == .tooLarge
        )
    }

    @Test func `a token bound to a project sees no other`() async throws {
        let fixture = try GatewayFixture.current
        let (project, ticket, task) = try await fixture.sample()
        let (otherProject, otherTicket, otherTask) = try await fixture.sample()
        let api = fixture.api(try fixture.workflow.token(.member, project: project.id))
        for path in ["projects/\(project.id)", "tickets/\(ticket.id)", "tasks/\(task.id)", "tasks/\(task.id)/explain"] {
            #expect(try await api.outcome("GET", "/api/v1/" + path).status == 200)
        }
        for path in [
            "projects/\(otherProject.id)", "tickets/\(otherTicket.id)", "tickets/\(otherTicket.key)",
            "tickets/\(otherTicket.id)/history", "tasks/\(otherTask.id)", "tasks/\(otherTask.id)/explain",
            "tasks/\(otherTask.id)/dependencies", "tickets?project_id=\(otherProject.id)",
            "board/view?project_id=\(otherProject.id)",
        ] {
            #expect(try await api.outcome("GET", "/api/v1/" + path).status == 404, "\(path)")
        }
        for (path, body) in [
            ("tickets", #"{"project_id":"\#(otherProject.id)","title":"x"}"#),
            ("tickets/\(otherTicket.id)/transition", #"{"to_status":"done"}"#),
            ("tasks", #"{"ticket_id":"\#(otherTicket.id)","title":"x"}"#),
            ("tasks/\(otherTask.id)/cancel", "{}"),
        ] {
            #expect(try await api.outcome("POST", "/api/v1/" + path, body).status == 404, "\(path)")
        }
        let list: TicketList = try await api.get("/api/v1/tickets")
        #expect(list.tickets.map(\.id) == [ticket.id])
        #expect(list.total == 1)
        let tasks: [WorkTask] = try await api.get("/api/v1/tasks")
        #expect(tasks.map(\.id) == [task.id])
        let board: BoardView = try await api.get("/api/v1/board/view")
        #expect(board.columns.flatMap(\.tickets).map(\.id) == [ticket.id])
    }

    @Test func `what was written is read at once`() async throws {
        let fixture = try GatewayFixture.current
        let api = fixture.api(fixture.member)
        let (project, _, _) = try await fixture.sample()
        for number in 1...20 {
            let created = try await api.outcome(
                "POST",
                "/api/v1/tickets",
                #"{"project_id":"\#(project.id)","title":"number \#(number)"}"#
            )
            #expect(created.status == 201)
            let ticket: Ticket = try ContractCoder.decode(from: created.response.body)
            #expect(created.response.header("Location") == "/api/v1/tickets/\(ticket.id)")
            #expect(created.response.header("ETag") == "\"v1\"")
            let byID: Ticket = try await api.get("/api/v1/tickets/\(ticket.id)")
            let byKey: Ticket = try await api.get("/api/v1/tickets/\(ticket.key.lowercased())")
            #expect(byID == ticket)
            #expect(byKey == ticket)
            let list: TicketList = try await api.get("/api/v1/tickets?project_id=\(project.id)")
            #expect(list.tickets.first == ticket)
            #expect(list.total == number + 1)
        }
    }

    @Test func `ETag and If-Match guard against lost updates`() async throws {
        let fixture = try GatewayFixture.current
        let (project, ticket, _) = try await fixture.sample()
        var api = fixture.api(fixture.member)
        let path = "/api/v1/tickets/\(ticket.id)"
        #expect(try await api.outcome("GET", path).response.header("ETag") == "\"v1\"")
        api.headers = [("If-None-Match", "\"v1\"")]
        #expect(try await api.outcome("GET", path).status == 304)
        api.headers = [("If-Match", "\"v1\"")]
        let moved = try await api.outcome("POST", path + "/transition", #"{"to_status":"analyzing"}"#)
        #expect(moved.status == 200)
        #expect(moved.response.header("ETag") == "\"v2\"")
        let stale = try await api.outcome("POST", path + "/transition", #"{"to_status":"done"}"#)
        #expect(stale.status == 412)
        #expect(stale.code == .preconditionFailed)
        let patched = try await api.outcome("PATCH", "/api/v1/projects/\(project.id)", #"{"name":"New"}"#)
        #expect(patched.status == 200)
        #expect(
            try await api.outcome("PATCH", "/api/v1/projects/\(project.id)", #"{"name":"Newer"}"#).status == 412
        )
        api.headers = [("If-Match", "whatever")]
        #expect(try await api.outcome("POST", path + "/transition", #"{"to_status":"done"}"#).status == 412)
        let history: [Transition] = try await fixture.api(fixture.viewer).get(path + "/history")
        #expect(history.map(\.toStatus) == [.analyzing])
    }

    @Test func `defect 39: an idempotency key travels to the owner and repeats the first answer`() async throws {
        let fixture = try GatewayFixture.current
        let (project, _, _) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let body = TicketCreate(projectID: project.id, title: "once")
        let first: Ticket = try await api.post("/api/v1/tickets", body: body, idempotencyKey: "key-1")
        let second: Ticket = try await api.post("/api/v1/tickets", body: body, idempotencyKey: "key-1")
        #expect(first == second)
        let noted = fixture.workflow.state.withLock { $0.idempotency.last }
        #expect(noted?.key == "key-1")
        #expect(noted?.scope == "somebody POST /api/v1/tickets")
        #expect(noted?.digest.count == 64)
        var other = body
        other.title = "another"
        await #expect(throws: Fault.self) {
            let _: Ticket = try await api.post("/api/v1/tickets", body: other, idempotencyKey: "key-1")
        }
        await #expect(throws: Fault.self) {
            let _: Ticket = try await api.post("/api/v1/tickets", body: body, idempotencyKey: "two words")
        }
        // What a request says in its query is part of it.
        await #expect(throws: Fault.self) {
            let _: Ticket = try await api.post(
                "/api/v1/tickets?requested_by_agent_id=x",
                body: body,
                idempotencyKey: "key-1"
            )
        }
    }

    @Test func `trace and request id are passed on`() async throws {
        let fixture = try GatewayFixture.current
        var api = fixture.api(fixture.member)
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        api.headers = [("traceparent", "00-\(trace)-00f067aa0ba902b7-01"), ("X-Request-Id", "my-id")]
        let outcome = try await api.outcome("POST", "/api/v1/projects", #"{"name":"traced"}"#)
        #expect(outcome.response.header("X-Request-Id") == "my-id")
        #expect(fixture.workflow.state.withLock { $0.traceparents.last }?.contains(trace) == true)
    }

    @Test func `dependencies can be added, replaced and removed`() async throws {
        let fixture = try GatewayFixture.current
        let (_, ticket, first) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let second: WorkTask = try await api.post(
            "/api/v1/tasks",
            body: TaskCreate(ticketID: ticket.id, title: "second")
        )
        let path = "/api/v1/tasks/\(second.id)/dependencies"
        let added = try await api.outcome("POST", path, #"{"depends_on":["\#(first.id)"]}"#)
        #expect(added.text.contains(#""dependencies_complete":false,"depends_on":["\#(first.id)"]"#))
        let removed = try await api.outcome("DELETE", path + "/\(first.id)")
        #expect(removed.text.contains(#""depends_on":[]"#))
        let replaced = try await api.outcome("PUT", path, #"{"depends_on":["\#(first.id)"]}"#)
        #expect(replaced.status == 200)
        let blocked = try await api.outcome("GET", "/api/v1/tasks/\(first.id)/dependencies")
        #expect(blocked.text.contains(second.id.description))
        let cancelled: WorkTask = try await api.post("/api/v1/tasks/\(first.id)/cancel", body: CancelBody())
        #expect(cancelled.status == .cancelled)
    }

    @Test func `tasks come as an array with the next page in Link`() async throws {
        let fixture = try GatewayFixture.current
        let (project, ticket, _) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        for number in 1...4 {
            let _: WorkTask = try await api.post(
                "/api/v1/tasks",
                body: TaskCreate(ticketID: ticket.id, title: "\(number)")
            )
        }
        var path: String? = "/api/v1/tasks?project_id=\(project.id)&limit=2"
        var titles: [String] = []
        while let next = path {
            let outcome = try await api.outcome("GET", next)
            let tasks: [WorkTask] = try ContractCoder.decode(from: outcome.response.body)
            titles += tasks.map(\.title)
            path = outcome.response.header("Link")
                .map { String($0.dropFirst().prefix { $0 != ">" }) }
        }
        #expect(titles == ["4", "3", "2", "1", "A task"])
    }

    @Test func `an issued token works, is shown once, and stops working when it is revoked`() async throws {
        let fixture = try GatewayFixture.current
        let admin = fixture.api(fixture.admin)
        let issued = try await admin.outcome("POST", "/api/v1/tokens", #"{"subject":"ci","scope":"viewer"}"#)
        #expect(issued.status == 201)
        #expect(issued.response.header("Cache-Control") == "no-store")
        let token: TokenResponse = try ContractCoder.decode(from: issued.response.body)
        #expect(issued.response.header("Location") == "/api/v1/tokens/\(token.details.id)")
        let list = try await admin.outcome("GET", "/api/v1/tokens")
        #expect(list.text.contains(token.details.id.description))
        #expect(!list.text.contains(token.token))
        let holder = fixture.api(token.token)
        #expect(try await holder.outcome("GET", "/api/v1/projects").status == 200)
        #expect(try await admin.outcome("DELETE", "/api/v1/tokens/\(token.details.id)").status == 200)
        #expect(try await holder.outcome("GET", "/api/v1/projects").status == 401)
    }

    @Test func `meta names the relay and the limits`() async throws {
        let fixture = try GatewayFixture.current
        let meta: JSONValue = try await fixture.api(fixture.viewer).get("/api/v1/meta")
        #expect(meta["relay_url"] == .string("http://127.0.0.1:8081"))
        #expect(meta["limits"]?["page_max"] == .integer(200))
    }

    @Test func `too many requests of one token to one family are refused with a time to come back`() async throws {
        let fixture = try GatewayFixture.current
        let limited = try await RunningGateway(
            url: fixture.broker.url,
            home: "\(fixture.directory)/limited",
            extra: ["OMOI_HTTP_REQUESTS_PER_MINUTE": "3"]
        )
        let api = fixture.api(fixture.viewer, of: limited)
        for left in [2, 1, 0] {
            let outcome = try await api.outcome("GET", "/api/v1/projects/\(left == 1 ? "none" : "")")
            #expect(outcome.status == (left == 1 ? 404 : 200))
            #expect(outcome.response.header("RateLimit")?.hasPrefix(#""projects";r=\#(left);t="#) == true)
            #expect(outcome.response.header("RateLimit-Policy") == #""projects";q=3;w=60"#)
        }
        let refused = try await api.outcome("GET", "/api/v1/projects")
        #expect(refused.code == .rateLimited)
        #expect(refused.response.header("RateLimit")?.hasPrefix(#""projects";r=0;t="#) == true)
        #expect(try #require(refused.response.header("Retry-After").flatMap { Int($0) }) <= 20)
        #expect(try await api.outcome("GET", "/api/v1/tickets").status == 200)
        #expect(try await fixture.api(fixture.admin, of: limited).outcome("GET", "/api/v1/projects").status == 200)
        await limited.stop()
    }

    @Test func `a foreign host or origin is refused on loopback`() async throws {
        let fixture = try GatewayFixture.current
        var api = fixture.api(fixture.admin)
        api.headers = [("Host", "evil.example")]
        #expect(try await api.outcome("GET", "/api/v1/projects").status == 403)
        api.headers = [("Origin", "http://evil.example")]
        #expect(try await api.outcome("GET", "/api/v1/projects").status == 403)
    }
}
