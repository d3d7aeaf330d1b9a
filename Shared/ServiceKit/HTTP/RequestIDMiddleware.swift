import HTTPTypes
import Hummingbird
import Kernel
import Observability
import ServiceContextModule

/// Gives every request an id and a trace: both are accepted from the caller, made otherwise. Outermost middleware.
package struct RequestIDMiddleware: RouterMiddleware {
    package typealias Context = OmoiRequestContext

    static let header = headerName("X-Request-Id")
    private static let traceparent = headerName("traceparent")
    private static let generator = IdentifierGenerator()

    package init() {}

    package func handle(
        _ request: Request,
        context: OmoiRequestContext,
        next: @concurrent (Request, OmoiRequestContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        let baggage = mark(request, &context)
        var response = try await ServiceContext.withValue(baggage) { [context] in try await next(request, context) }
        response.headers[Self.header] = context.requestID
        return response
    }

    /// Notes id and trace; what is returned holds the trace for everything that is called.
    func mark(_ request: Request, _ context: inout OmoiRequestContext) -> ServiceContext {
        context.requestID =
            request.headers[Self.header].flatMap { Self.isUsable($0) ? $0 : nil } ?? Self.makeID()
        let trace = request.headers[Self.traceparent].flatMap(TraceContext.init)?.child() ?? TraceContext()
        context.trace = trace
        var baggage = ServiceContext.current ?? .topLevel
        baggage.traceContext = trace
        return baggage
    }

    private static func makeID() -> String {
        generator.next(at: Timestamp.now(), bucket: 0, random: QuickRandom.next()).description
    }

    /// Ids from outside end in logs and headers: short, and no characters that mean something there.
    private static func isUsable(_ id: String) -> Bool {
        (1...128).contains(id.utf8.count)
            && id.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                    || byte == 0x2d || byte == 0x2e || byte == 0x5f
            }
    }
}

/// A header name known to be valid.
func headerName(_ name: StaticString) -> HTTPField.Name {
    guard let name = HTTPField.Name(String(describing: name)) else {
        preconditionFailure("not a header name: \(name)")
    }
    return name
}
