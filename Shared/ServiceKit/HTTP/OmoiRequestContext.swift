import Contracts
import Hummingbird
import Kernel
import Observability

/// What handlers and middleware know about a request.
package struct OmoiRequestContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// Echoed as `X-Request-Id`; set by ``RequestIDMiddleware``.
    package var requestID = ""
    /// Passed on with commands; set by ``RequestIDMiddleware``.
    package var trace: TraceContext?
    /// Who asks; set by ``BearerMiddleware``.
    package var actor: Actor?
    /// Id of the token that was presented.
    package var tokenID: Identifier?
    /// The body its route takes; nil: none.
    package var body: BodyDeclaration?

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
    }

    package var maxUploadSize: Int { Limits.requestBytes }

    /// Who asks.
    ///
    /// - Throws: ``Fault`` `unauthenticated` when no middleware has checked a token.
    package func requireActor() throws(Fault) -> Actor {
        guard let actor else { throw Fault(.unauthenticated, "send a token as Authorization: Bearer <token>") }
        return actor
    }
}

/// The body a route takes.
package struct BodyDeclaration: Sendable {
    package var schema: Schema
    /// Whether no body at all means `{}`.
    package var isOptional: Bool
    /// Bytes.
    package var limit: Int

    package init(_ schema: Schema, isOptional: Bool = false, limit: Int = Limits.requestBytes) {
        self.schema = schema
        self.isOptional = isOptional
        self.limit = limit
    }
}
