import HTTPTypes
import Hummingbird
import ServiceKit

/// Lets pages of the gateway's origin read this service from a browser (Fetch standard, CORS). Other origins get no
/// permission and their browsers refuse the answer.
struct CrossOriginMiddleware: RouterMiddleware {
    typealias Context = OmoiRequestContext

    let origins: Set<String>

    func handle(
        _ request: Request,
        context: OmoiRequestContext,
        next: @concurrent (Request, OmoiRequestContext) async throws -> Response
    ) async throws -> Response {
        guard let origin = request.headers[.origin], origins.contains(origin) else {
            return try await next(request, context)
        }
        let isPreflight = request.method == .options && request.headers[.accessControlRequestMethod] != nil
        var response = isPreflight ? Response(status: .noContent) : try await next(request, context)
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.vary] = "Origin"
        if isPreflight {
            response.headers[.accessControlAllowMethods] = "GET"
            response.headers[.accessControlAllowHeaders] = "Authorization, Last-Event-ID, X-Request-Id, traceparent"
            response.headers[.accessControlMaxAge] = "600"
        }
        return response
    }
}
