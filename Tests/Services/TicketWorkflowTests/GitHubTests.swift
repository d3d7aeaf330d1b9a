import Contracts
import Crypto
import Kernel
import Testing

@testable import TicketWorkflow

/// Connections and calls, against a stand-in of GitHub on loopback.
@Suite(.timeLimit(.minutes(1)))
struct GitHubTests {
    private static let sha = String(repeating: "a", count: 40)
    private static let page = GitHubCall.Page(number: 2, size: 10)

    /// A workflow that takes the stand-in for GitHub.
    private static func with(
        serverToken: String? = nil,
        _ body: (TestWorkflow, StandInGitHub, Project) async throws -> Void
    ) async throws {
        let gitHub = StandInGitHub()
        try await gitHub.run { url in
            try await withWorkflow(gitHub: GitHubConfiguration(url: url + "/", token: serverToken)) {
                try await body($0, gitHub, try await $0.project())
            }
        }
    }

    private static func connect(
        _ project: Project,
        repo: String = "shop",
        secret: String? = "a webhook secret",
        token: String? = StandInGitHub.token
    ) -> ConnectGitHub {
        ConnectGitHub(
            projectID: project.id,
            body: GitHubConnect(owner: "octo", repo: repo, webhookSecret: secret, accessToken: token)
        )
    }

    private static func call(
        _ call: GitHubCall,
        _ workflow: TestWorkflow,
        as actor: Actor = TestWorkflow.member
    ) async throws -> JSONValue {
        let report = try await report(call, workflow, as: actor)
        if let fault = report.fault { throw fault.fault }
        return try #require(report.answer)
    }

    private static func report(
        _ call: GitHubCall,
        _ workflow: TestWorkflow,
        as actor: Actor = TestWorkflow.member
    ) async throws -> EffectReport {
        var isList = false
        if case .repositories = call { isList = true }
        let started = try await workflow.run(
            CallGitHub(owner: isList ? nil : "octo", repo: isList ? nil : "shop", call: call),
            as: actor
        )
        try await workflow.performEffects()
        return try await workflow.ask(DescribeEffect(id: started.id), as: actor)
    }

    // MARK: Connections

    @Test func `a connection is kept, verified and shown without its secrets`() async throws {
        try await Self.with { workflow, _, project in
            let answer = try await workflow.run(Self.connect(project), as: TestWorkflow.member)
            #expect(answer.success)
            #expect(answer.webhookURL == "/api/v1/github/webhooks/github")
            try await workflow.performEffects()
            let known = try await workflow.ask(ListGitHubConnections())
            let connection = try #require(known.connections.first)
            #expect(connection.connected && connection.webhookConfigured && connection.hasAccessToken)
            #expect(connection.username == "octocat")
            #expect(connection.verifiedAt != nil)
            let entity = try #require(try await workflow.store.read { try ProjectStore.find(project.id, in: $0) })
            #expect(entity.gitHubOwner == "octo" && entity.gitHubRepo == "shop" && entity.gitHubConnected == true)
            let status = GitHubStatus(known)
            #expect(status.connected && status.hasAccessToken && status.username == "octocat")
        }
    }

    @Test func `secrets are in no event, no effect and no answer`() async throws {
        try await Self.with { workflow, _, project in
            let secret = "the-webhook-secret"
            let answer = try await workflow.run(Self.connect(project, secret: secret))
            let report = try await Self.report(.repository, workflow)
            let known = try await workflow.ask(ListGitHubConnections())
            var told = try await workflow.events().map { String(decoding: try ContractCoder.encode($0), as: UTF8.self) }
            told.append(String(decoding: try ContractCoder.encode(answer), as: UTF8.self))
            told.append(String(decoding: try ContractCoder.encode(report), as: UTF8.self))
            told.append(String(decoding: try ContractCoder.encode(known), as: UTF8.self))
            // Outside of the table of secrets, which holds bytes, there is nothing either.
            told.append(try await workflow.contents())
            for text in told { #expect(!text.contains(secret) && !text.contains(StandInGitHub.token)) }
            try await workflow.run(DisconnectGitHub(projectID: project.id))
            let kept = try await workflow.store.read { database in
                try [SecretStore.gitHubWebhook(project.id), SecretStore.gitHubToken(project.id)]
                    .compactMap { try SecretStore.find($0, in: database) }
            }
            #expect(kept.isEmpty)
        }
    }

    @Test func `what GitHub refuses is not connected and says why`() async throws {
        try await Self.with { workflow, _, project in
            for (command, reason) in [
                (Self.connect(project, repo: "unknown"), "GitHub has no"),
                (Self.connect(project, token: "wrong"), "token"),
            ] {
                try await workflow.run(command)
                try await workflow.performEffects()
                let connection = try await workflow.ask(ListGitHubConnections()).connections[0]
                #expect(!connection.connected)
                #expect(connection.error?.contains(reason) == true, "\(connection.error ?? "")")
            }
            let project = try await workflow.store.read { try ProjectStore.find(project.id, in: $0) }
            #expect(project?.gitHubConnected == false)
            try await workflow.run(Self.connect(try #require(project)))
            try await workflow.performEffects()
            #expect(try await workflow.ask(ListGitHubConnections()).connections[0].connected)
        }
    }

    @Test func `a connection ends once`() async throws {
        try await Self.with { workflow, _, project in
            try await workflow.run(Self.connect(project))
            let ended = try await workflow.run(DisconnectGitHub(projectID: project.id))
            #expect(ended.map(\.repo) == ["shop"])
            #expect(try await workflow.ask(ListGitHubConnections()).connections.isEmpty)
            try await workflow.expectRefusal(DisconnectGitHub(projectID: project.id), .conflict)
            try await workflow.expectRefusal(DisconnectGitHub(), .invalid)
            try await workflow.expectRefusal(VerifyGitHub(projectID: project.id), .conflict)
        }
    }

    @Test(arguments: ["", "..", "a/b", "a b", "a%2f", "ä"])
    func `a name that would be another path is refused`(name: String) async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let body = GitHubConnect(owner: "octo", repo: name)
            try await workflow.expectRefusal(ConnectGitHub(projectID: project.id, body: body), .invalid)
            try await workflow.expectRefusal(CallGitHub(owner: name, repo: "shop", call: .repository), .invalid)
        }
    }

    // MARK: Calls

    @Test func `repositories, branches, commits and pull requests are read`() async throws {
        try await Self.with { workflow, gitHub, project in
            try await workflow.run(Self.connect(project))
            let list = try await Self.call(.repositories(visibility: .all, sort: .updated, page: Self.page), workflow)
            let repository = try await Self.call(.repository, workflow)
            #expect(list == [repository])
            #expect(repository["owner"] == "octo" && repository["full_name"] == "octo/shop")
            #expect(repository["node_id"] == nil && repository["description"] == nil)
            let branches = try await Self.call(.branches(page: Self.page), workflow)
            #expect(branches == [["name": "main", "protected": true, "sha": .string(Self.sha)]])
            let commits = try await Self.call(.commits(from: "a b", path: "x/y", page: Self.page), workflow)
            #expect(commits.elements.first?["message"] == "First")
            #expect(commits.elements.first?["author_email"] == "mona@example.org")
            #expect(try await Self.call(.pulls(state: .all, page: Self.page), workflow) == [])
            let requests = gitHub.state.withLock { $0.requests }
            #expect(requests.contains("GET /repos/octo/shop/commits?sha=a%20b&path=x%2Fy&per_page=10&page=2 token"))
            #expect(requests.allSatisfy { $0.hasSuffix("token") })
            for value in [repository] { try Shapes.gitHubRepository.validate(value) }
            for value in branches.elements { try Shapes.gitHubBranch.validate(value) }
            for value in commits.elements { try Shapes.gitHubCommit.validate(value) }
        }
    }

    @Test func `a branch and a pull request are made, and a repetition makes no second one`() async throws {
        try await Self.with { workflow, gitHub, project in
            try await workflow.run(Self.connect(project))
            let branch = GitHubCall.createBranch(GitHubBranchCreate(branchName: "omoi/WS-1", fromSHA: Self.sha))
            let pull = GitHubPullCreate(title: "WS-1: shop", head: "omoi/WS-1", base: "main", body: "b")
            for _ in 1...2 {
                let made = try await Self.call(branch, workflow)
                #expect(made == ["success": true, "ref": "refs/heads/omoi/WS-1", "sha": .string(Self.sha)])
                let opened = try await Self.call(.createPull(pull), workflow)
                #expect(opened["number"] == 7 && opened["state"] == "open")
                try Shapes.gitHubPullCreated.validate(opened)
            }
            #expect(gitHub.state.withLock { $0.pulls.count } == 1)
            let pulls = try await Self.call(.pulls(state: .open, page: Self.page), workflow)
            #expect(pulls.elements.first?["head"] == "omoi/WS-1")
            for value in pulls.elements { try Shapes.gitHubPull.validate(value) }
            // Another commit, or another title, is not what was asked for.
            var other = GitHubBranchCreate(branchName: "omoi/WS-1", fromSHA: String(repeating: "b", count: 40))
            await #expect(throws: Fault.self) { try await Self.call(.createBranch(other), workflow) }
            other.branchName = "fresh"
            #expect(try await Self.call(.createBranch(other), workflow)["success"] == true)
            var second = pull
            second.title = "Something else"
            let fault = await #expect(throws: Fault.self) { try await Self.call(.createPull(second), workflow) }
            #expect(fault?.code == .invalid && fault?.message.contains("already exists") == true)
        }
    }

    @Test(arguments: [
        (401, Fault.Code.conflict), (403, .conflict), (404, .notFound), (409, .conflict), (301, .conflict),
    ])
    func `a refusal of GitHub is final and says what it means`(
        status: Int,
        code: Fault.Code
    ) async throws {
        try await Self.with { workflow, gitHub, project in
            try await workflow.run(Self.connect(project))
            try await workflow.performEffects()
            gitHub.state.withLock { $0.troubles = [(status, [:])] }
            let report = try await Self.report(.repository, workflow)
            #expect(report.status == .failed)
            #expect(report.fault?.code == code)
            #expect(report.tries == 1)
        }
    }

    @Test func `trouble that passes is waited for`() async throws {
        try await Self.with { workflow, gitHub, project in
            try await workflow.run(Self.connect(project))
            try await workflow.performEffects()
            gitHub.state.withLock {
                $0.troubles = [(502, [:]), (429, ["Retry-After": "60"]), (403, ["X-RateLimit-Remaining": "0"])]
            }
            var report = try await Self.report(.repository, workflow)
            #expect(report.status == .waiting && report.fault?.code == .unavailable)
            workflow.time.advance(by: .seconds(10))
            try await workflow.performEffects()
            report = try await workflow.ask(DescribeEffect(id: report.id))
            #expect(report.status == .waiting && report.fault?.code == .rateLimited)
            workflow.time.advance(by: .seconds(59))
            try await workflow.performEffects()
            #expect(try await workflow.ask(DescribeEffect(id: report.id)).tries == 2)
            workflow.time.advance(by: .seconds(1))
            try await workflow.performEffects()
            workflow.time.advance(by: .seconds(60))
            try await workflow.performEffects()
            #expect(try await workflow.ask(DescribeEffect(id: report.id)).status == .done)
        }
    }

    @Test func `who may not see a connection learns nothing of it`() async throws {
        try await Self.with(serverToken: StandInGitHub.token) { workflow, _, project in
            let other = try await workflow.project()
            let bound = Actor(subject: "bob", scope: .member, projectID: other.id)
            let viewer = Actor(subject: "eve", scope: .viewer)
            try await workflow.expectRefusal(
                CallGitHub(owner: "octo", repo: "shop", call: .repository),
                .notFound,
                as: TestWorkflow.member
            )
            try await workflow.run(Self.connect(project))
            try await workflow.expectRefusal(
                CallGitHub(owner: "octo", repo: "shop", call: .repository),
                .notFound,
                as: bound
            )
            #expect(try await workflow.ask(ListGitHubConnections(), as: bound).connections.isEmpty)
            try await workflow.expectRefusal(DisconnectGitHub(projectID: project.id), .forbidden, as: bound)
            try await workflow.expectRefusal(Self.connect(project), .forbidden, as: bound)
            let list = GitHubCall.repositories(visibility: .all, sort: .updated, page: Self.page)
            try await workflow.expectRefusal(CallGitHub(call: list), .forbidden, as: viewer)
            let branch = GitHubBranchCreate(branchName: "x", fromSHA: Self.sha)
            try await workflow.expectRefusal(
                CallGitHub(owner: "octo", repo: "shop", call: .createBranch(branch)),
                .forbidden,
                as: viewer
            )
            #expect(try await Self.call(.repository, workflow, as: viewer)["id"] == 42)
        }
    }

    @Test func `without any token repositories cannot be listed`() async throws {
        try await withWorkflow { workflow in
            let list = GitHubCall.repositories(visibility: .all, sort: .updated, page: Self.page)
            try await workflow.expectRefusal(CallGitHub(call: list), .conflict)
        }
    }
}
