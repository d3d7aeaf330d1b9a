import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// What a route demands of the caller's token.
enum Demand: Sendable {
    case read, write, admin
    /// A sandbox that speaks for itself.
    case sandbox

    /// - Throws: ``Fault`` `forbidden` that says which token would do.
    func check(_ actor: Actor) throws(Fault) {
        switch (self, actor.scope) {
        case (.sandbox, .sandbox):
            guard actor.binding != nil else { throw Fault(.forbidden, "this token is not bound to a sandbox") }
        case (.sandbox, _):
            throw Fault(.forbidden, "only a sandbox may do this, with its own token")
        case (_, .sandbox):
            throw Fault(.forbidden, "a sandbox token allows only the sandbox's own task, results and events")
        case (.read, .admin), (.read, .member), (.read, .viewer), (.read, .plan), (.write, .admin),
            (.write, .member), (.admin, .admin):
            return
        case (.read, _), (.write, _):
            throw Fault(.forbidden, "a token of scope \(actor.scope.rawValue) may only read; this needs scope member")
        case (.admin, _):
            throw Fault(.forbidden, "this needs a token of scope admin, not \(actor.scope.rawValue)")
        }
    }
}

/// Lets only callers through whose token meets the demand of the routes behind it.
struct ScopeMiddleware: RouterMiddleware {
    typealias Context = OmoiRequestContext

    let demand: Demand

    func handle(
        _ request: Request,
        context: OmoiRequestContext,
        next: @concurrent (Request, OmoiRequestContext) async throws -> Response
    ) async throws -> Response {
        try demand.check(context.requireActor())
        return try await next(request, context)
    }
}

/// Refuses what looks into the read model while that is not whole: an incomplete answer would look like a deletion.
struct ReadinessMiddleware: RouterMiddleware {
    typealias Context = OmoiRequestContext

    /// Whether queries can be answered.
    let isReady: @Sendable () -> Bool

    func handle(
        _ request: Request,
        context: OmoiRequestContext,
        next: @concurrent (Request, OmoiRequestContext) async throws -> Response
    ) async throws -> Response {
        guard isReady() else {
            throw Fault(.unavailable, "the read model is still being filled; try again", retryAfter: .seconds(1))
        }
        return try await next(request, context)
    }
}
