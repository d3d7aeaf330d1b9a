import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// `/api/v1/tokens`, for administrators.
struct TokensController: Sendable {
    let model: ReadModel
    let commands: CommandClient

    var routes: [Route] {
        [
            Route(
                .post,
                "tokens",
                operation: "issueToken",
                summary: "Issue a token; its text is told only here",
                demand: .admin,
                body: Schemas.tokenCreate,
                answers: [
                    Route.Answer(
                        status: 201,
                        schema: .object([.required("token", .text), .required("details", Shapes.token)]),
                        description: "The token, and what it is",
                        headers: ["Location"]
                    )
                ],
                handle: issue
            ),
            Route(
                .get,
                "tokens",
                operation: "listTokens",
                summary: "Tokens, without their text",
                demand: .admin,
                query: .page,
                answers: [.page("tokens", of: Shapes.token)],
                handle: list
            ),
            Route(
                .delete,
                "tokens/{id}",
                operation: "revokeToken",
                summary: "Revoke a token",
                demand: .admin,
                answers: [.entity(Shapes.token)],
                handle: revoke
            ),
        ]
    }

    /// The only answer that ever contains the signed token.
    @Sendable func issue(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<TokenCreate>(request, context)
        let actor = try context.requireActor()
        if let own = actor.projectID, body.value.projectID != own {
            throw Fault(.forbidden, "a token bound to project \(own) may issue tokens for that project only")
        }
        var origin = try CommandClient.Origin(request, context, body: body.bytes)
        // A key would make the owner keep the answer, and with it the secret: a repetition makes another token instead.
        origin.idempotency = nil
        let reply = try await commands.send(IssueToken(body: body.value), from: origin)
        let details = try Members(Members(reply, "reply").required("details"), "details")
        return .json(
            raw: reply.bytes,
            status: .created,
            location: "/api/v1/tokens/\(try details.string("id"))",
            headers: [.cacheControl: "no-store"]
        )
    }

    @Sendable func list(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let page = try QueryParameters(request).page()
        let only = try context.requireActor().projectID
        return .page(try await model.store.read { db in try TokenTable.list(only: only, page, in: db) }, as: "tokens")
    }

    @Sendable func revoke(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try context.parameters.identifier("id", kind: "token")
        if let own = try context.requireActor().projectID {
            let found = try await model.store.read { db in try db.entity("token", id, only: own) }
            guard found != nil else { throw Fault.notFound("token", id) }
        }
        return .changed(try await commands.send(RevokeToken(id: id), from: .init(request, context)))
    }
}
