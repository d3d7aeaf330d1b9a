import HTTPTypes
import Hummingbird
import Kernel

/// Checks the bearer token of every request and tells handlers who asks.
package struct BearerMiddleware: RouterMiddleware {
    package typealias Context = OmoiRequestContext
    package typealias Verify = @Sendable (_ token: String, _ now: Timestamp) async throws -> VerifiedToken

    private let time: any TimeSource
    private let verify: Verify

    /// - Parameter verify: see ``KeyProvider/verify(_:now:)``; throws ``Fault`` `unauthenticated` for a bad token.
    package init(time: any TimeSource = SystemTime(), verify: @escaping Verify) {
        self.time = time
        self.verify = verify
    }

    package func handle(
        _ request: Request,
        context: OmoiRequestContext,
        next: @concurrent (Request, OmoiRequestContext) async throws -> Response
    ) async throws -> Response {
        guard let header = request.headers[.authorization], let space = header.firstIndex(of: " "),
            header[..<space].lowercased() == "bearer"
        else { throw Fault(.unauthenticated, "send a token as Authorization: Bearer <token>") }
        let token = header[space...].drop { $0 == " " }
        let verified = try await verify(String(token), time.now())
        var context = context
        context.actor = verified.actor
        context.tokenID = verified.id
        return try await next(request, context)
    }
}
