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
        try await next(request, identified(request, context))
    }

    /// The context with the one who asks.
    ///
    /// - Throws: ``Fault`` `unauthenticated`.
    package func identified(_ request: Request, _ context: OmoiRequestContext) async throws -> OmoiRequestContext {
        guard let token = request.headers[.authorization].flatMap(Self.token) else {
            throw Fault(.unauthenticated, "send a token as Authorization: Bearer <token>")
        }
        let verified = try await verify(token, time.now())
        var context = context
        context.actor = verified.actor
        context.tokenID = verified.id
        return context
    }

    /// What follows the scheme `Bearer`, in any case; nil for another one.
    private static func token(in header: String) -> String? {
        let bytes = header.utf8
        let scheme = "bearer ".utf8
        // Setting this bit makes capital letters small and leaves the space as it is.
        guard bytes.count > scheme.count, zip(bytes, scheme).allSatisfy({ $0 | 0x20 == $1 }) else { return nil }
        return String(header[bytes.index(bytes.startIndex, offsetBy: scheme.count)...].drop { $0 == " " })
    }
}
