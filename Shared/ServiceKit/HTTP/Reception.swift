import Hummingbird
import Kernel
import ServiceContextModule

/// Id and trace, metrics, problems and the check of the host in one step: what ``RequestIDMiddleware``,
/// ``RequestMetricsMiddleware``, ``ProblemMiddleware`` and ``HostMiddleware`` do one after the other. Every middleware
/// costs a request about as much as finding its route; a service that answers thousands a second has one.
package struct Reception: RouterMiddleware {
    package typealias Context = OmoiRequestContext

    private let identification = RequestIDMiddleware()
    private let metrics: RequestMetricsMiddleware<OmoiRequestContext>
    private let problems: ProblemMiddleware<OmoiRequestContext>
    private let hosts: HostMiddleware<OmoiRequestContext>
    private let time: any TimeSource

    /// - Parameters:
    ///   - routes: see ``ProblemMiddleware``.
    ///   - bind: see ``HostMiddleware``, as `allowed`.
    package init(routes: RouteTable, bind: String, allowed: [String] = [], time: any TimeSource = SystemTime()) {
        metrics = RequestMetricsMiddleware(time: time)
        problems = ProblemMiddleware(routes: routes)
        hosts = HostMiddleware(bind: bind, allowed: allowed)
        self.time = time
    }

    package func handle(
        _ request: Request,
        context: OmoiRequestContext,
        next: @concurrent (Request, OmoiRequestContext) async throws -> Response
    ) async throws -> Response {
        let start = time.uptime()
        var context = context
        let baggage = identification.mark(request, &context)
        var response = try await ServiceContext.withValue(baggage) { [context] in
            do {
                try hosts.check(request)
                return try await next(request, context)
            } catch {
                return try problems.answer(error, request)
            }
        }
        metrics.note(response, to: request, context, since: start)
        response.headers[RequestIDMiddleware.header] = context.requestID
        return response
    }
}
