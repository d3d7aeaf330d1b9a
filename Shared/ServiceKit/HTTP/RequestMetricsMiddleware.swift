import HTTPTypes
import Hummingbird
import Kernel
import Metrics
import Synchronization

/// Counts and times requests by method, route template and status. Paths never become labels.
package struct RequestMetricsMiddleware<Context: RequestContext>: RouterMiddleware {
    private let time: any TimeSource
    private let handles = RequestMetrics()

    package init(time: any TimeSource = SystemTime()) {
        self.time = time
    }

    package func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let start = time.uptime()
        let response = try await next(request, context)
        note(response, to: request, context, since: start)
        return response
    }

    /// - Parameter start: uptime.
    func note(_ response: Response, to request: Request, _ context: Context, since start: Duration) {
        handles.record(
            method: request.method.rawValue,
            route: context.endpointPath ?? "none",
            status: response.status.code,
            duration: time.uptime() - start
        )
    }
}

/// The handles, made once per combination.
private final class RequestMetrics: Sendable {
    private struct Key: Hashable {
        let method: String
        let route: String
        let status: Int
    }

    private static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    private let handles = Mutex<[Key: (count: Counter, time: Timer)]>([:])

    func record(method: String, route: String, status: Int, duration: Duration) {
        let key = Key(method: Self.methods.contains(method) ? method : "other", route: route, status: status)
        let (count, time) = handles.withLock { handles in
            if let handle = handles[key] { return handle }
            let dimensions = [("method", key.method), ("route", key.route)]
            let handle = (
                Counter(label: "omoi_http_requests", dimensions: dimensions + [("status", String(key.status))]),
                Timer(label: "omoi_http_request_duration", dimensions: dimensions)
            )
            handles[key] = handle
            return handle
        }
        count.increment()
        time.recordNanoseconds(Int64(duration.seconds * 1e9))
    }
}
