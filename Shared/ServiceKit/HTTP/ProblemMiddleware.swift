import HTTPTypes
import Hummingbird
import Kernel
import Logging

/// Turns every failure into an RFC 9457 problem: a ``Fault`` as it is, the router's own errors by their status,
/// anything else as `internal-error`, logged once.
package struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    private let routes: RouteTable
    private let logger: Logger

    /// - Parameter routes: of the router, so that a known path with another method is answered 405 and not 404.
    package init(routes: RouteTable = RouteTable(), logger: Logger = Logger(label: "http")) {
        self.routes = routes
        self.logger = logger
    }

    package func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            return try answer(error, request)
        }
    }

    /// The problem an error is answered with.
    ///
    /// - Throws: `CancellationError`, which has no answer.
    func answer(_ error: any Error, _ request: Request) throws -> Response {
        switch error {
        case let fault as Fault:
            if fault.code == .internalError { report(fault, request) }
            return Response.problem(fault, instance: request.uri.path)
        case let error as any HTTPResponseError:
            return refuse(request, error)
        case let error as CancellationError:
            throw error
        default:
            report(error, request)
            let fault = Fault(.internalError, "something went wrong here; the log of the service says what")
            return Response.problem(fault, instance: request.uri.path)
        }
    }

    private func refuse(_ request: Request, _ error: any HTTPResponseError) -> Response {
        let path = request.uri.path
        let text = (error as? HTTPError)?.body
        switch error.status.code {
        case 404:
            let allowed = routes.methods(for: path)
            guard !allowed.isEmpty else {
                return Response.problem(Fault(.notFound, "no resource at \(path)"), instance: path)
            }
            let list = allowed.map(\.rawValue).joined(separator: ", ")
            var response = Response.problem(
                Fault(.methodNotAllowed, "\(path) supports \(list)"),
                instance: path
            )
            response.headers[.allow] = list
            return response
        case 405: return Response.problem(Fault(.methodNotAllowed, text ?? "wrong method"), instance: path)
        case 413: return Response.problem(Fault(.tooLarge, text ?? "the body is too large"), instance: path)
        case 415: return Response.problem(Fault(.unsupportedMedia, text ?? "unsupported"), instance: path)
        case 400..<500: return Response.problem(Fault(.malformed, text ?? "the request is wrong"), instance: path)
        default:
            report(error, request)
            return Response.problem(Fault(.internalError, "something went wrong here"), instance: path)
        }
    }

    private func report(_ error: any Error, _ request: Request) {
        logger.error(
            "request failed",
            metadata: [
                "method": "\(request.method.rawValue)", "path": "\(request.uri.path)",
                "reason": "\(HandlerFailure.describe(error))",
            ]
        )
    }
}
