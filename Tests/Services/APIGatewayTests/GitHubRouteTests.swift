import Contracts
import HTTPClient
import Kernel
import TestSupport
import Testing

@testable import APIGateway

// Duplicates and `/api/v1/github`, on the same broker and gateway as the other routes.
extension GatewayHTTPTests {
    @Test func `defect 42: a suspected duplicate is 200 with its own body, a creation is 201`() async throws {
        let fixture = try GatewayFixture.current
        let (project, ticket, _) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        func create(_ extra: String) async throws -> Outcome {
            let body = #"{"project_id":"\#(project.id)","title":"\#(ScriptedWorkflow.repeated)"\#(extra)}"#
            return try await api.outcome("POST", "/api/v1/tickets", body)
        }
        let stopped = try await create("")
        #expect(stopped.status == 200, "\(stopped.text)")
        let answer: DuplicateCheckResponse = try ContractCoder.decode(from: stopped.response.body)
        #expect(answer.isDuplicate && answer.candidates[0].names(ticket))
        #expect(stopped.response.header("Location") == nil)
        #expect(try await create(#","similarity_threshold":0.5"#).status == 200)
        #expect(try await create(#","force_create":true"#).status == 201)
        #expect(try await create(#","check_duplicates":false"#).status == 201)
        #expect(try await create(#","similarity_threshold":1.5"#).code == .invalid)
    }

    @Test func `duplicates can be asked for by everybody who may read`() async throws {
        let fixture = try GatewayFixture.current
        let (project, _, _) = try await fixture.sample()
        let (other, _, _) = try await fixture.sample()
        let path = "/api/v1/tickets/check-duplicates"
        let api = fixture.api(fixture.viewer)
        let body = #"{"project_id":"\#(project.id)","title":"x","similarity_threshold":0.5,"top_k":3}"#
        let found = try await api.outcome("POST", path, body)
        #expect(found.status == 200 && found.text.contains(#""is_duplicate":false"#), "\(found.text)")
        #expect(try await api.outcome("POST", path, #"{"title":"x"}"#).status == 200)
        #expect(try await api.outcome("POST", path, #"{"title":""}"#).code == .invalid)
        #expect(try await api.outcome("POST", path, #"{"title":"x","top_k":51}"#).code == .invalid)
        let bound = fixture.api(try fixture.workflow.token(.viewer, project: project.id))
        let foreign = #"{"project_id":"\#(other.id)","title":"x"}"#
        #expect(try await bound.outcome("POST", path, foreign).status == 404)
    }

    @Test func `a project is connected to GitHub, shown and disconnected`() async throws {
        let fixture = try GatewayFixture.current
        let (project, _, _) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let query = "?project_id=\(project.id)"
        let body = #"{"owner":"octo","repo":"shop","webhook_secret":"a webhook secret","access_token":"t"}"#
        let connected = try await api.outcome("POST", "/api/v1/github/connect" + query, body)
        #expect(connected.status == 200, "\(connected.text)")
        #expect(connected.text.contains("/api/v1/github/webhooks/github"))
        #expect(!connected.text.contains("a webhook secret"))
        #expect(try await api.outcome("POST", "/api/v1/github/connect", body).code == .invalid)
        #expect(
            try await api.outcome("POST", "/api/v1/github/connect?project_id=\(Identifier.make())", body).status == 404
        )
        let list: [GitHubConnection] = try await fixture.api(fixture.viewer).get("/api/v1/github/connected")
        #expect(list.map(\.repo) == ["shop"])
        let status: GitHubStatus = try await api.get("/api/v1/github/connection-status")
        #expect(status.connected && status.hasAccessToken && !status.hasUsername)
        #expect(try await api.outcome("POST", "/api/v1/github/sync" + query).status == 200)
        let ended = try await api.outcome("DELETE", "/api/v1/github/disconnect" + query)
        #expect(ended.text.contains("octo/shop"), "\(ended.text)")
        let viewer = fixture.api(fixture.viewer)
        #expect(try await viewer.outcome("POST", "/api/v1/github/connect" + query, body).code == .forbidden)
        let bound = fixture.api(try fixture.workflow.token(.member, project: .make()))
        #expect(try await bound.outcome("DELETE", "/api/v1/github/disconnect" + query).status == 404)
    }

    @Test func `GitHub is asked through the workflow`() async throws {
        let fixture = try GatewayFixture.current
        let api = fixture.api(fixture.member)
        let base = "/api/v1/github/repos"
        let page = GitHubCall.Page(number: 2, size: 5)
        let first = GitHubCall.Page(number: 1, size: 30)
        let sha = String(repeating: "a", count: 40)
        let rows: [(method: String, path: String, body: String?, call: GitHubCall)] = [
            ("GET", "", nil, .repositories(visibility: .all, sort: .updated, page: first)),
            (
                "GET", "?visibility=private&sort=full_name&per_page=5&page=2", nil,
                .repositories(visibility: .private, sort: .fullName, page: page)
            ),
            ("GET", "/octo/shop", nil, .repository),
            ("GET", "/octo/shop/branches?per_page=5&page=2", nil, .branches(page: page)),
            ("GET", "/octo/shop/commits?sha=main&path=a%2Fb", nil, .commits(from: "main", path: "a/b", page: first)),
            ("GET", "/octo/shop/pulls?state=closed", nil, .pulls(state: .closed, page: first)),
            (
                "POST", "/octo/shop/branches", #"{"branch_name":"a/b","from_sha":"\#(sha)"}"#,
                .createBranch(GitHubBranchCreate(branchName: "a/b", fromSHA: sha))
            ),
            (
                "POST", "/octo/shop/pulls", #"{"title":"t","head":"a","base":"main"}"#,
                .createPull(GitHubPullCreate(title: "t", head: "a", base: "main"))
            ),
        ]
        for row in rows {
            let outcome = try await api.outcome(row.method, base + row.path, row.body)
            #expect(outcome.status == 200, "\(row.path): \(outcome.text)")
            let asked = fixture.workflow.state.withLock { $0.gitHubCalls.last }
            #expect(asked?.call == row.call)
            #expect(asked?.owner == (row.path.hasPrefix("/octo") ? "octo" : nil))
        }
        let refused = try await api.outcome("GET", base + "/octo/refused")
        #expect(refused.code == .conflict && refused.text.contains("access token"))
        for path in ["?visibility=none", "?per_page=101", "?page=0", "/octo/shop/pulls?state=x", "?colour=red"] {
            #expect(try await api.outcome("GET", base + path).code == .invalid, "\(path)")
        }
        #expect(try await api.outcome("POST", base + "/octo/shop/branches", #"{"branch_name":"a"}"#).code == .invalid)
        #expect(try await fixture.api(fixture.viewer).outcome("GET", base).code == .forbidden)
    }

    @Test func `defect 35: the webhook takes no token, and the owner judges the signed bytes`() async throws {
        let fixture = try GatewayFixture.current
        var nobody = fixture.api(nil)
        let path = "/api/v1/github/webhooks/github"
        let body = #"{ "zen" : "bytes as they came" }"#
        nobody.headers = [("X-GitHub-Event", "ping"), ("X-GitHub-Delivery", "d1")]
        #expect(try await nobody.outcome("POST", path, body).status == 401)
        nobody.headers.append(("X-Hub-Signature-256", "sha256=good"))
        let taken = try await nobody.outcome("POST", path, body)
        #expect(taken.status == 200 && taken.text.contains(#""status":"ignored""#), "\(taken.text)")
        let seen = try #require(fixture.workflow.state.withLock { $0.deliveries.last })
        #expect(Array(seen.body) == Array(body.utf8))
        #expect(seen.event == "ping" && seen.delivery == "d1")
        nobody.headers = [("X-Hub-Signature-256", "sha256=good")]
        #expect(try await nobody.outcome("POST", path, body).code == .malformed)
    }
}

extension DuplicateCheckResponse.Candidate {
    /// Whether it names the ticket.
    fileprivate func names(_ ticket: Ticket) -> Bool { ticketID == ticket.id && key == ticket.key }
}
