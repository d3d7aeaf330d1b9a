import Contracts
import HTTPClient
import Kernel
import Testing

@testable import APIGateway

// `/api/v1/specs`, on the same broker and gateway as the other routes.
extension GatewayHTTPTests {
    private static let requirement = #"{"title":"Pay","condition":"the cart is full","action":"offer to pay"}"#

    private func spec(_ fixture: GatewayFixture, _ project: Project) async throws -> SpecView {
        try await fixture.api(fixture.member)
            .post("/api/v1/specs", body: SpecCreate(projectID: project.id, title: "Checkout"))
    }

    @Test func `a spec is written, approved and let go over HTTP`() async throws {
        let fixture = try GatewayFixture.current
        let (project, ticket, _) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let created = try await api.outcome(
            "POST",
            "/api/v1/specs",
            #"{"project_id":"\#(project.id)","title":"Checkout","description":"d"}"#
        )
        #expect(created.status == 201)
        let view: SpecView = try ContractCoder.decode(from: created.response.body)
        let path = "/api/v1/specs/\(view.spec.id)"
        #expect(created.response.header("Location") == path)
        #expect(created.response.header("ETag") == "\"v1\"")
        #expect(view.spec.status == .draft && view.currentPhase == "explore" && view.progress == 0)
        let added = try await api.outcome("POST", path + "/requirements", Self.requirement)
        #expect(added.status == 201)
        let requirement: Spec.Requirement = try ContractCoder.decode(from: added.response.body)
        let criteria = path + "/requirements/\(requirement.id)/criteria"
        let ticked = try await api.outcome("POST", criteria, #"{"text":"a button"}"#)
        #expect(ticked.status == 201)
        let criterion: Spec.Criterion = try ContractCoder.decode(from: ticked.response.body)
        let patched = try await api.outcome("PATCH", criteria + "/\(criterion.id)", #"{"completed":true}"#)
        #expect(patched.text.contains(#""completed":true"#))
        let renamed = try await api.outcome("PATCH", path + "/requirements/\(requirement.id)", #"{"title":"P"}"#)
        #expect(renamed.text.contains(#""title":"P""#))
        let design = try await api.outcome(
            "PUT",
            path + "/design",
            #"{"architecture":"a","api_spec":[{"method":"GET","path":"/x","purpose":"p"}]}"#
        )
        #expect(design.text.contains(#""endpoint":"/x""#))
        let task = try await api.outcome(
            "POST",
            path + "/tasks",
            #"{"title":"t","ticket_id":"\#(ticket.id)","criterion_ids":["\#(criterion.id)"]}"#
        )
        #expect(task.status == 201)
        let made: SpecTask = try ContractCoder.decode(from: task.response.body)
        #expect(task.response.header("Location") == "/api/v1/tasks/\(made.id)")
        #expect(made.priority == "medium" && made.phase == .implementation && made.criterionIDs == [criterion.id])
        #expect(try await api.outcome("POST", path + "/materialize").status == 409)
        #expect(try await api.outcome("POST", path + "/approve-requirements").text.contains("approved"))
        #expect(try await api.outcome("POST", path + "/approve-requirements").status == 409)
        #expect(try await api.outcome("POST", path + "/approve-design").status == 200)
        let released = try await api.outcome("POST", path + "/materialize")
        #expect(released.text.contains(#""ticket_ids":["\#(ticket.id)"]"#))
        let tasks: [SpecTask] = try await api.get(path + "/tasks")
        // The ticket is the spec's: its other task is, too.
        #expect(tasks.map(\.id).contains(made.id) && tasks.count == 2)
        let trace: SpecTrace = try await api.get(path + "/trace")
        let traced = try #require(trace.requirements.first?.criteria.first?.tickets.first)
        #expect(traced.tasks.map(\.id) == [made.id])
        #expect(trace.unlinked.map(\.tasks.count) == [1])
        let now: SpecView = try await api.get(path)
        #expect(now.tasks == tasks && now.linkedTickets == 1)
        #expect(try await api.outcome("DELETE", criteria + "/\(criterion.id)").status == 200)
        #expect(try await api.outcome("DELETE", path + "/requirements/\(requirement.id)").status == 200)
    }

    @Test func `defect 18: a project's specs are listed without asking for the archived`() async throws {
        let fixture = try GatewayFixture.current
        let (project, _, _) = try await fixture.sample()
        let api = fixture.api(fixture.viewer)
        let made = [
            try await spec(fixture, project), try await spec(fixture, project), try await spec(fixture, project),
        ]
        let path = "/api/v1/specs/project/\(project.id)"
        let all: SpecList = try await api.get(path)
        #expect(all.specs.map(\.spec.id) == made.map(\.spec.id).reversed())
        #expect(all.total == 3 && all.nextCursor == nil)
        let archived: SpecList = try await api.get(path + "?include_archived=true&status=draft")
        #expect(archived == all)
        let first: SpecList = try await api.get(path + "?limit=2")
        let rest: SpecList = try await api.get(path + "?limit=2&cursor=\(first.nextCursor ?? "")")
        #expect(first.specs + rest.specs == all.specs)
        let none: SpecList = try await api.get(path + "?status=completed")
        #expect(none.specs.isEmpty && none.total == 0)
    }

    @Test func `versions come page by page from their owner`() async throws {
        let fixture = try GatewayFixture.current
        let (project, _, _) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let id = try await spec(fixture, project).spec.id
        for title in ["a", "b"] {
            #expect(try await api.outcome("PATCH", "/api/v1/specs/\(id)", #"{"title":"\#(title)"}"#).status == 200)
        }
        let first: SpecVersionList = try await api.get("/api/v1/specs/\(id)/versions?limit=2")
        #expect(first.versions.map(\.number) == [3, 2] && first.total == 3)
        #expect(first.versions.first?.snapshot?.title == "b")
        let rest: SpecVersionList = try await api.get(
            "/api/v1/specs/\(id)/versions?limit=2&cursor=\(first.nextCursor ?? "")"
        )
        #expect(rest.versions.map(\.number) == [1] && rest.nextCursor == nil)
    }

    @Test func `a deleted spec is gone, and If-Match guards every change`() async throws {
        let fixture = try GatewayFixture.current
        let (project, _, _) = try await fixture.sample()
        let path = "/api/v1/specs/\(try await spec(fixture, project).spec.id)"
        var api = fixture.api(fixture.member)
        api.headers = [("If-Match", "\"v1\"")]
        #expect(try await api.outcome("PATCH", path, #"{"title":"x"}"#).response.header("ETag") == "\"v2\"")
        #expect(try await api.outcome("POST", path + "/requirements", Self.requirement).status == 412)
        #expect(try await api.outcome("DELETE", path).status == 412)
        api.headers = []
        #expect(try await api.outcome("DELETE", path).text.contains("deleted"))
        for (method, rest) in [
            ("GET", ""), ("GET", "/tasks"), ("GET", "/trace"), ("DELETE", ""), ("POST", "/materialize"),
        ] {
            #expect(try await api.outcome(method, path + rest).status == 404, "\(method) \(rest)")
        }
        let list: SpecList = try await api.get("/api/v1/specs/project/\(project.id)")
        #expect(list.specs.isEmpty)
    }

    @Test func `specs of another project do not exist for a bound token, and a planner may only plan`() async throws {
        let fixture = try GatewayFixture.current
        let (project, _, task) = try await fixture.sample()
        let (other, _, _) = try await fixture.sample()
        let path = "/api/v1/specs/\(try await spec(fixture, project).spec.id)"
        let stranger = fixture.api(try fixture.workflow.token(.member, project: other.id))
        for (method, rest, body) in [
            ("GET", "", nil), ("GET", "/tasks", nil), ("GET", "/trace", nil), ("GET", "/versions", nil),
            ("PATCH", "", "{}"), ("DELETE", "", nil), ("POST", "/requirements", Self.requirement),
            ("POST", "/approve-design", nil), ("POST", "/materialize", nil), ("POST", "/tasks", #"{"title":"t"}"#),
        ] as [(String, String, String?)] {
            #expect(try await stranger.outcome(method, path + rest, body).status == 404, "\(method) \(rest)")
        }
        #expect(try await stranger.outcome("GET", "/api/v1/specs/project/\(project.id)").status == 404)
        let binding = Actor.Binding(sandboxID: .make(), taskID: task.id, attempt: 1, fence: 1)
        let planner = fixture.api(try fixture.workflow.token(.plan, project: project.id, binding: binding))
        #expect(try await planner.outcome("GET", path).status == 200)
        #expect(try await planner.outcome("POST", path + "/requirements", Self.requirement).status == 201)
        #expect(try await planner.outcome("GET", "/api/v1/sandbox/task").status == 200)
        for (method, rest) in [("POST", "/approve-requirements"), ("POST", "/materialize"), ("DELETE", "")] {
            #expect(try await planner.outcome(method, path + rest).status == 403, "\(method) \(rest)")
        }
        let viewer = fixture.api(fixture.viewer)
        #expect(try await viewer.outcome("POST", path + "/requirements", Self.requirement).status == 403)
    }

    @Test func `bad input about specs gets its own clear error`() async throws {
        let fixture = try GatewayFixture.current
        let (project, _, _) = try await fixture.sample()
        let path = "specs/\(try await spec(fixture, project).spec.id)"
        let api = fixture.api(fixture.member)
        let unknown = Identifier.make()
        for (method, route, body, status, says) in [
            ("POST", "specs", #"{"title":"x"}"#, 422, "project_id: is required"),
            ("POST", "specs", #"{"title":"x","project_id":"\#(unknown)"}"#, 404, "no project"),
            ("POST", "specs", #"{"title":"","project_id":"\#(project.id)"}"#, 422, "must not be empty"),
            ("GET", "specs/\(unknown)", nil, 404, "no spec"), ("GET", "specs/x", nil, 404, "no spec"),
            ("GET", "specs/project/\(unknown)", nil, 404, "no project"),
            ("GET", "specs/project/\(project.id)?status=open", nil, 422, "must be one of"),
            ("GET", "specs/project/\(project.id)?colour=1", nil, 422, "colour"),
            ("GET", "\(path)/versions?cursor=abc", nil, 422, "next_cursor"),
            ("PATCH", path, #"{"status":"open"}"#, 422, "must be one of"),
            ("PATCH", path, #"{"progress":100}"#, 422, "progress: is not a known field"),
            ("POST", "\(path)/requirements", #"{"title":"x"}"#, 422, "condition: is required"),
            ("PATCH", "\(path)/requirements/\(unknown)", "{}", 404, "no requirement"),
            ("DELETE", "\(path)/requirements/x/criteria/y", nil, 404, "no requirement"),
            ("PUT", "\(path)/design", #"{"architecture":{"a":1}}"#, 422, "architecture"),
            ("POST", "\(path)/tasks", #"{"title":"t","phase":"Done"}"#, 422, "phase"),
            ("POST", "\(path)/tasks", #"{"title":"t","depends_on":["TSK-1"]}"#, 422, "must be a UUID"),
        ] as [(String, String, String?, Int, String)] {
            let outcome = try await api.outcome(method, "/api/v1/" + route, body)
            #expect(outcome.status == status, "\(method) \(route): \(outcome.text)")
            #expect(outcome.text.contains(says), "\(method) \(route): \(outcome.text)")
        }
    }
}
