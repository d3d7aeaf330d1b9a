import Contracts
import HTTPClient
import Kernel
import TestSupport
import Testing

@testable import APIGateway

@Suite(.gateway, .timeLimit(.minutes(2)))
struct BoardHTTPTests {
    @Test func `defect 26: a move on the board is a transition with a history`() async throws {
        let fixture = try GatewayFixture.current
        let (_, ticket, _) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let moved: BoardMoved = try await api.post(
            "/api/v1/board/move",
            body: BoardMove(ticketID: ticket.key, targetColumnID: .testing)
        )
        #expect(moved == BoardMoved(ticketID: ticket.id, phase: .testing))
        let history: [Transition] = try await api.get("/api/v1/tickets/\(ticket.id)/history")
        #expect(history.map(\.toStatus) == [.testing])
    }

    @Test(arguments: [
        (#"{"ticket_id":"NO-1","target_column_id":"done"}"#, 404),
        (#"{"ticket_id":"PRJ-1","target_column_id":"deploying"}"#, 422),
        (#"{"ticket_id":"PRJ-1"}"#, 422),
        (#"{"ticket_id":"PRJ-1","target_column_id":"done","why":1}"#, 422),
    ])
    func `a move to nowhere or of nothing is refused`(body: String, status: Int) async throws {
        let fixture = try GatewayFixture.current
        _ = try await fixture.sample()
        let api = fixture.api(fixture.member)
        #expect(try await api.outcome("POST", "/api/v1/board/move", body).status == status)
        #expect(try await fixture.api(fixture.viewer).outcome("POST", "/api/v1/board/move", body).status == 403)
    }

    @Test func `an automatic transition says why a ticket stays`() async throws {
        let fixture = try GatewayFixture.current
        let (_, ticket, _) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let path = "/api/v1/board/auto-transition"
        let stays: AutoTransition = try ContractCoder.decode(
            from: await api.perform("POST", "\(path)/\(ticket.id)").body
        )
        #expect(!stays.transitioned)
        #expect(stays.reason == "no unfinished task")
        #expect(stays.newPhase == nil)
        #expect(try await api.outcome("POST", "\(path)/\(Identifier.make())").status == 404)
    }

    @Test func `columns, stats and violations follow the project's settings`() async throws {
        let fixture = try GatewayFixture.current
        let (project, ticket, _) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let settings = #"{"wip_limits":{"building":1},"columns":{"building":{"name":"Bau \"1\"","color":"red"}}}"#
        let changed = try await api.outcome("PATCH", "/api/v1/projects/\(project.id)/settings", settings)
        #expect(changed.status == 200)
        let batch = TicketBatch(projectID: project.id, tickets: [TicketCreate(title: "Another")])
        let made: TicketBatchResponse = try await api.post("/api/v1/tickets/batch", body: batch)
        for id in [ticket.id, made.tickets[0].id] {
            let _: BoardMoved = try await api.post(
                "/api/v1/board/move",
                body: BoardMove(ticketID: id.description, targetColumnID: .building)
            )
        }
        let query = "?project_id=\(project.id)"
        let column: BoardColumn = try await api.get("/api/v1/board/column/PHASE_IMPLEMENTATION" + query)
        #expect([column.name, column.colorTheme] == ["Bau \"1\"", "red"])
        #expect(column.wipLimit == 1)
        #expect(column.phaseMapping == [.implementation])
        #expect(column.autoTransitionTo == .buildingDone)
        #expect(try await api.outcome("GET", "/api/v1/board/column/PHASE_DEPLOYMENT").status == 404)
        let stats: [BoardColumnStats] = try await api.get("/api/v1/board/stats" + query)
        #expect(stats.map(\.ticketCount) == [0, 0, 2, 0, 0, 0])
        #expect(stats.map(\.utilization) == [nil, 0, 2, nil, 0, nil])
        #expect(stats.map(\.wipExceeded) == [false, false, true, false, false, false])
        for path in ["/api/v1/board/wip-violations", "/api/v1/board/wip-violations" + query] {
            let violations: [WIPViolation] = try await api.get(path)
            #expect(violations.filter { $0.projectID == project.id }.map(\.excess) == [1])
        }
        let view: BoardView = try await api.get("/api/v1/board/view\(query)&search=anoth")
        #expect(view.columns[2].name == "Bau \"1\"")
        #expect(view.columns[2].color == "red")
        #expect(view.columns[2].tickets.map(\.title) == ["Another"])
        #expect(view.columns[2].matchingCount == 1)
        let list: TicketList = try await api.get("/api/v1/tickets\(query)&search=ANOTHER")
        #expect(list.tickets.map(\.title) == ["Another"])
        for path in ["board/view", "board/stats", "board/wip-violations"] {
            #expect(try await api.outcome("GET", "/api/v1/\(path)?project_id=\(Identifier.make())").status == 404)
        }
    }

    @Test func `settings are merged, and a stale change of them is refused`() async throws {
        let fixture = try GatewayFixture.current
        let (project, _, _) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let path = "/api/v1/projects/\(project.id)/settings"
        _ = try await api.outcome("PATCH", path, #"{"concurrency":7,"wip_limits":{"testing":3}}"#)
        let second = try await api.outcome("PATCH", path, #"{"wip_limits":{"building":2}}"#)
        #expect(second.response.header("ETag") == "\"v3\"")
        var settings: ProjectSettings = try await api.get(path)
        #expect(settings.concurrency == 7)
        #expect(settings.wipLimits == ["testing": 3, "building": 2])
        _ = try await api.outcome("PATCH", path, #"{"wip_limits":{"testing":null},"concurrency":null}"#)
        settings = try await api.get(path)
        #expect(settings.wipLimits == ["building": 2])
        #expect(settings.concurrency == Limits.projectConcurrency)
        #expect(try await api.outcome("PATCH", path, #"{"colour":"red"}"#).status == 422)
        var stale = api
        stale.headers = [("If-Match", "\"v1\"")]
        #expect(try await stale.outcome("PATCH", path, #"{"concurrency":1}"#).status == 412)
    }

    @Test func `a project is counted and archived`() async throws {
        let fixture = try GatewayFixture.current
        let (project, _, task) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let path = "/api/v1/projects/\(project.id)"
        let stats: ProjectStats = try await api.get("\(path)/stats")
        #expect(stats.totalTickets == 1)
        #expect(stats.ticketsByStatus["backlog"] == 1)
        #expect(stats.ticketsByPhase["PHASE_BACKLOG"] == 1)
        #expect(stats.ticketsByPhase["PHASE_DONE"] == 0)
        let archived = try await api.outcome("DELETE", path)
        #expect(archived.status == 200)
        #expect(archived.text.contains("\"success\":true"))
        let after: Project = try await api.get(path)
        #expect(after.status == .archived)
        #expect(try await api.outcome("DELETE", "/api/v1/projects/\(Identifier.make())").status == 404)
        #expect(try await api.outcome("GET", "/api/v1/projects/\(Identifier.make())/stats").status == 404)
        #expect(try await api.outcome("GET", "/api/v1/projects/\(task.id)/settings").status == 404)
    }

    @Test func `the graph shows what waits for what`() async throws {
        let fixture = try GatewayFixture.current
        let (project, ticket, task) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let next: WorkTask = try await api.post(
            "/api/v1/tasks",
            body: TaskCreate(ticketID: ticket.id, title: "Next", dependsOn: [task.id])
        )
        let root = "/api/v1/graph/dependency-graph"
        for path in ["project/\(project.id)", "ticket/\(ticket.id)", "ticket/\(ticket.key)?include_resolved=false"] {
            let outcome = try await api.outcome("GET", "\(root)/\(path)")
            #expect(outcome.status == 200)
            #expect(outcome.text.contains("\"critical_path\":[\"\(task.id)\",\"\(next.id)\"]"))
        }
        let blocked = try await api.outcome("GET", "\(root)/task/\(task.id)/blocked").text
        #expect(blocked.contains("\"blocked_count\":1"))
        #expect(blocked.contains(next.id.description))
        let blocking = try await api.outcome("GET", "\(root)/task/\(next.id)/blocking").text
        #expect(blocking.contains("\"is_complete\":false"))
        #expect(blocking.contains("\"all_dependencies_complete\":false"))
        let bound = try fixture.workflow.token(.member, project: .make())
        for path in ["project/\(project.id)", "ticket/\(ticket.id)", "task/\(task.id)/blocked"] {
            #expect(try await fixture.api(bound).outcome("GET", "\(root)/\(path)").status == 404)
            #expect(try await api.outcome("GET", "\(root)/\(path.split(separator: "/")[0])/x").status == 404)
        }
    }
}
