import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// What stands before every handler: who asks, the rate of its caller, the demand of its route, the state of the read
/// model, and the names in the query.
struct RouteGuard: Sendable {
    let bearer: BearerMiddleware
    let limiter: RateLimiter
    /// Whether queries can be answered.
    let isReady: @Sendable () -> Bool

    /// The route's handler behind its checks.
    func guarded(_ route: Route) -> Route.Handler {
        let names = Set(route.query.map(\.name))
        return { [self] request, context in
            guard route.demand != .open else { return try await handle(request, context, route, names) }
            return try await answer(request, bearer.identified(request, context), route, names)
        }
    }

    private func answer(
        _ request: Request,
        _ context: OmoiRequestContext,
        _ route: Route,
        _ names: Set<String>
    ) async throws -> Response {
        guard let token = context.tokenID, let standing = limiter.count(token, route.family) else {
            return try await handle(request, context, route, names)
        }
        var response: Response
        do {
            guard standing.isAdmitted else {
                let most = "\(limiter.limit) requests to \(route.family) in \(Limits.rateWindow.milliseconds / 1000) s"
                throw Fault(.rateLimited, "a token may make \(most)", retryAfter: standing.untilNext)
            }
            response = try await handle(request, context, route, names)
        } catch let fault as Fault where fault.code != .internalError {
            // Translated here already, so that a refusal carries the headers too.
            response = .problem(fault, instance: request.uri.path)
        }
        let seconds = (standing.untilFull.milliseconds + 999) / 1000
        response.headers[.rateLimit] = "\"\(route.family)\";r=\(standing.remaining);t=\(seconds)"
        response.headers[.rateLimitPolicy] =
            "\"\(route.family)\";q=\(limiter.limit);w=\(Limits.rateWindow.milliseconds / 1000)"
        return response
    }

    private func handle(
        _ request: Request,
        _ context: OmoiRequestContext,
        _ route: Route,
        _ names: Set<String>
    ) async throws -> Response {
        if route.demand != .open { try route.demand.check(context.requireActor()) }
        guard !route.needsReadModel || isReady() else {
            throw Fault(.unavailable, "the read model is still being filled; try again", retryAfter: .seconds(1))
        }
        try check(request, names)
        var context = context
        context.body = route.body
        return try await route.handle(request, context)
    }

    /// - Throws: ``Fault`` `invalid-field` that lists parameters the route does not know or that come twice.
    private func check(_ request: Request, _ names: Set<String>) throws(Fault) {
        guard request.uri.query != nil else { return }
        var seen: Set<String> = []
        var errors: [Fault.FieldError] = []
        for (key, _) in request.uri.queryParameters where errors.count < Limits.fieldErrors {
            let name = String(key)
            if !names.contains(name) {
                let known = names.isEmpty ? "none" : names.sorted().joined(separator: ", ")
                errors.append(Fault.FieldError(field: name, message: "is not a known query parameter; known: \(known)"))
            } else if !seen.insert(name).inserted {
                errors.append(Fault.FieldError(field: name, message: "is given more than once"))
            }
        }
        guard let first = errors.first else { return }
        throw Fault(.invalid, "\(first.field): \(first.message)", errors: errors)
    }
}
