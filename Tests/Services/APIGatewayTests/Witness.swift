import Contracts
import HTTPTypes
import Hummingbird
import Kernel
import ServiceKit
import Synchronization
import Testing

@testable import APIGateway

/// Sees every answer of a gateway, and holds it against what the routes declare.
final class Witness: RouterMiddleware {
    typealias Context = OmoiRequestContext

    private struct Exchange: Hashable {
        var method: String
        var path: String
        var status: Int
        var headers: [String: String]
        var body: [UInt8]
    }

    private let exchanges = Mutex<Set<Exchange>>([])

    func handle(
        _ request: Request,
        context: OmoiRequestContext,
        next: @concurrent (Request, OmoiRequestContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        // The router's own name for "no such route".
        guard let path = context.endpointPath, path != "NotFound" else { return response }
        let exchange = Exchange(
            method: request.method.rawValue,
            path: path,
            status: response.status.code,
            headers: Dictionary(response.headers.map { ($0.name.canonicalName, $0.value) }) { $1 },
            body: []
        )
        let length = response.body.contentLength
        if length == 0 {
            exchanges.withLock { _ = $0.insert(exchange) }
        } else {
            response.body = response.body.map { [self, exchange] buffer in
                var seen = exchange
                seen.body = Array(buffer.readableBytesView)
                exchanges.withLock { _ = $0.insert(seen) }
                return buffer
            }
        }
        return response
    }

    /// Records an issue for every answer that is not as declared.
    func hold(against routes: [Route]) {
        let declared = Dictionary(routes.map { ("\($0.method.rawValue) \($0.fullPath)", $0) }) { $1 }
        var mistakes: Set<String> = []
        for exchange in exchanges.withLock({ $0 }) {
            let name = "\(exchange.method) \(exchange.path)"
            guard let route = declared[name] else {
                if !OpenAPI.probes.contains(where: { $0.path == exchange.path }) { mistakes.insert("\(name): unknown") }
                continue
            }
            if let mistake = Self.mistake(in: exchange, route) {
                mistakes.insert("\(name) \(exchange.status): \(mistake)")
            }
        }
        for mistake in mistakes.sorted() { Issue.record("\(mistake)") }
    }

    private static func mistake(in exchange: Exchange, _ route: Route) -> String? {
        let type = exchange.headers["content-type"]
        if let answer = route.answers.first(where: { $0.status == exchange.status }) {
            guard type == answer.contentType else { return "has the content type \(type ?? "none")" }
            for header in answer.headers where header != "Link" && exchange.headers[header.lowercased()] == nil {
                return "has no \(header)"
            }
            return answer.schema.flatMap { mistake(in: exchange.body, $0) }
        }
        if exchange.status == 304 { return route.answersNotModified ? nil : "is not declared" }
        guard exchange.status >= 400 else { return "is not declared" }
        guard type == ContentType.problem else { return "is no problem but \(type ?? "nothing")" }
        return mistake(in: exchange.body, Shapes.problem)
    }

    private static func mistake(in body: [UInt8], _ schema: Schema) -> String? {
        do {
            try schema.validate(ContractCoder.decode(JSONValue.self, from: body))
            return nil
        } catch let fault as Fault where !fault.errors.isEmpty {
            return fault.errors.map { "\($0.field) \($0.message)" }.joined(separator: ", ")
        } catch {
            return "\(error) in \(String(decoding: body.prefix(2000), as: UTF8.self))"
        }
    }
}
