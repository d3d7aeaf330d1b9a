import Contracts
import HTTPTypes
import Hummingbird
import Kernel
import ServiceKit

/// `/api/v1/github`: connections, what GitHub can be asked for, and its webhook.
struct GitHubController: Sendable {
    let commands: CommandClient

    @Sendable func connect(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let project = try project(request, context)
        let body = try await Received<GitHubConnect>(request, context)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        return .json(
            raw: try await commands.send(ConnectGitHub(projectID: project, body: body.value), from: origin).bytes
        )
    }

    @Sendable func disconnect(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let project = try project(request, context)
        let origin = try CommandClient.Origin(request, context)
        let ended: [GitHubConnection] = try await ask(DisconnectGitHub(projectID: project), origin)
        let names = ended.map { "\($0.owner)/\($0.repo)" }.joined(separator: ", ")
        return try .json(GitHubOutcome(message: "disconnected from \(names); its secrets are forgotten"))
    }

    /// Asks GitHub whether the connection works.
    @Sendable func sync(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let project = try project(request, context)
        let origin = try CommandClient.Origin(request, context)
        let effect: EffectReport = try await ask(VerifyGitHub(projectID: project), origin)
        _ = try await outcome(of: effect, origin)
        return try .json(GitHubOutcome(message: "GitHub confirms the repository"))
    }

    @Sendable func connections(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        try .json(await known(request, context).connections)
    }

    @Sendable func status(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        try .json(GitHubStatus(await known(request, context)))
    }

    @Sendable func repositories(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let query = QueryParameters(request)
        let call = GitHubCall.repositories(
            visibility: try query.value("visibility", of: GitHubCall.Visibility.self) ?? .all,
            sort: try query.value("sort", of: GitHubCall.Sort.self) ?? .updated,
            page: try query.gitHubPage()
        )
        return try await answer(CallGitHub(call: call), request, context)
    }

    @Sendable func repository(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        try await answer(.repository, request, context)
    }

    @Sendable func branches(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        try await answer(.branches(page: QueryParameters(request).gitHubPage()), request, context)
    }

    @Sendable func commits(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let query = QueryParameters(request)
        let page = try query.gitHubPage()
        return try await answer(.commits(from: query["sha"], path: query["path"], page: page), request, context)
    }

    @Sendable func pulls(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let query = QueryParameters(request)
        let state = try query.value("state", of: GitHubCall.PullState.self) ?? .open
        return try await answer(.pulls(state: state, page: query.gitHubPage()), request, context)
    }

    @Sendable func createBranch(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<GitHubBranchCreate>(request, context)
        return try await answer(.createBranch(body.value), request, context, body.bytes)
    }

    @Sendable func createPull(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<GitHubPullCreate>(request, context)
        return try await answer(.createPull(body.value), request, context, body.bytes)
    }

    /// No token stands before this route: the owner checks the signature.
    @Sendable func receive(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        func header(_ name: String) throws(Fault) -> String {
            guard let field = HTTPField.Name(name), let value = request.headers[field] else {
                throw Fault(.malformed, "the header \(name) is missing")
            }
            return value
        }
        let delivery = ReceiveGitHubDelivery(
            event: try header("X-GitHub-Event"),
            delivery: try header("X-GitHub-Delivery"),
            signature: request.headers[HTTPField.Name.gitHubSignature] ?? "",
            body: try await request.bodyBytes()
        )
        let origin = CommandClient.Origin(service: Gateway.name, traceparent: context.trace?.traceparent)
        return .json(raw: try await commands.send(delivery, from: origin).bytes)
    }

    // MARK: - Asking

    private func answer(
        _ call: GitHubCall,
        _ request: Request,
        _ context: OmoiRequestContext,
        _ body: [UInt8] = []
    ) async throws -> Response {
        try await answer(
            CallGitHub(
                owner: context.parameters.get("owner"),
                repo: context.parameters.get("repo"),
                call: call
            ),
            request,
            context,
            body
        )
    }

    private func answer(
        _ command: CallGitHub,
        _ request: Request,
        _ context: OmoiRequestContext,
        _ body: [UInt8] = []
    ) async throws -> Response {
        var origin = try CommandClient.Origin(request, context, body: body)
        if !command.call.isChange { origin.idempotency = nil }
        let effect: EffectReport = try await ask(command, origin)
        return try .json(await outcome(of: effect, origin))
    }

    /// What GitHub said.
    ///
    /// - Throws: GitHub's refusal; `deadline-exceeded` when there is no answer yet: the call goes on.
    private func outcome(of effect: EffectReport, _ origin: CommandClient.Origin) async throws -> JSONValue {
        let report = try await commands.outcome(of: effect.id, from: origin)
        if report.status == .done, let answer = report.answer { return answer }
        throw report.fault?.fault
            ?? Fault(.timeout, "GitHub has not answered yet; ask again later", retryAfter: .seconds(2))
    }

    private func ask<C: Command>(_ command: C, _ origin: CommandClient.Origin) async throws -> C.Reply {
        try ContractCoder.decode(from: Array(try await commands.send(command, from: origin).bytes))
    }

    private func known(_ request: Request, _ context: OmoiRequestContext) async throws -> GitHubConnections {
        var origin = try CommandClient.Origin(request, context)
        origin.idempotency = nil
        return try await ask(ListGitHubConnections(), origin)
    }

    /// The project of the query.
    private func project(_ request: Request, _ context: OmoiRequestContext) throws -> Identifier {
        guard let id = try QueryParameters(request).identifier("project_id") else {
            throw Fault.invalid("project_id", "is required")
        }
        try context.requireActor().mustSee(id, else: .notFound("project", id))
        return id
    }
}

extension QueryParameters {
    fileprivate func gitHubPage() throws(Fault) -> GitHubCall.Page {
        GitHubCall.Page(
            number: try integer("page", 1...10_000) ?? 1,
            size: try integer("per_page", 1...Limits.gitHubPageMax) ?? 30
        )
    }
}

extension HTTPField.Name {
    static let gitHubSignature = HTTPField.Name.known("X-Hub-Signature-256")
}
