import Contracts
import HTTPClient
import Hummingbird
import Kernel
import Logging
import Observability
import TestSupport
import Testing

@testable import ServiceKit

private struct Body: Codable, Equatable {
    var name: String
    var count: Int?
}

private let schema = Schema.object([
    .required("name", .string(min: 1, max: 10)), .optional("count", .integer(0...5)),
])

/// Runs a real server with all middleware while `body` runs.
private func withServer(
    health: HealthChecks = HealthChecks(),
    bind: String = "127.0.0.1",
    _ body: (String, WebClient) async throws -> Void
) async throws {
    let router = Router(context: OmoiRequestContext.self)
    let table = RouteTable()
    var logger = Logger(label: "test server")
    logger.logLevel = .critical
    router.add(middleware: RequestIDMiddleware())
    router.add(middleware: RequestMetricsMiddleware())
    router.add(middleware: ProblemMiddleware(routes: table, logger: logger))
    router.add(middleware: HostMiddleware(bind: bind, allowed: ["board.example"]))
    HealthRoutes.add(to: router, ServiceRuntime(service: "omoi-test", logger: logger, health: health))
    router.get("/fault") { _, _ -> Response in
        throw Fault(.unavailable, "come back", retryAfter: .milliseconds(1200))
    }
    router.get("/crash") { _, _ -> Response in throw CocoaLikeError() }
    router.get("/trace") { _, context in
        Response(status: .ok, body: .init(byteBuffer: .init(string: context.trace?.traceparent ?? "none")))
    }
    router.post("/bodies/{id}") { request, _ in
        try Response.json(try await request.body(as: Body.self, schema: schema), status: .created)
    }
    let secured = router.group("/api")
        .add(
            middleware: BearerMiddleware { token, now in
                guard token == "good" else { throw Fault(.unauthenticated, "bad token") }
                return VerifiedToken(actor: Actor(subject: "ann", scope: .member), id: .make(), expiresAt: now)
            }
        )
    secured.get("/who") { _, context in try Response.json(try context.requireActor()) }
    table.fill(from: router)
    let (ports, port) = AsyncStream<Int>.makeStream()
    let application = Application(
        router: router,
        configuration: .init(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { port.yield($0.localAddress?.port ?? 0) },
        logger: logger
    )
    let client = WebClient()
    defer { client.close() }
    try await withServices([application]) {
        var iterator = ports.makeAsyncIterator()
        let number = try #require(await iterator.next())
        try await body("http://127.0.0.1:\(number)", client)
    }
}

private struct CocoaLikeError: Error {}

private func ask(
    _ method: String,
    _ url: String,
    headers: [(String, String)] = [],
    body: [UInt8]? = nil
) -> HTTPClient.HTTPRequest {
    HTTPClient.HTTPRequest(method: method, url: url, headers: headers, body: body)
}

private func problem(_ response: HTTPClient.HTTPResponse) throws -> Problem {
    #expect(response.header("content-type") == "application/problem+json")
    let problem = try ContractCoder.decode(Problem.self, from: response.body)
    #expect(problem.status == response.status)
    return problem
}

@Suite(.timeLimit(.minutes(1))) struct HTTPTests {
    @Test func `a fault is a problem with status, code and when to come back`() async throws {
        try await withServer { url, client in
            let response = try await client.send(ask("GET", url + "/fault"))
            #expect(response.status == 503)
            #expect(response.header("retry-after") == "2")
            let problem = try problem(response)
            #expect(problem.code == .unavailable)
            #expect(problem.instance == "/fault")
            #expect(problem.type == "urn:omoi:problem:unavailable")
        }
    }

    @Test func `an unexpected error is an internal error without details`() async throws {
        try await withServer { url, client in
            let response = try await client.send(ask("GET", url + "/crash"))
            #expect(response.status == 500)
            #expect(try problem(response).code == .internalError)
            #expect(!String(decoding: response.body, as: UTF8.self).contains("CocoaLikeError"))
        }
    }

    @Test(arguments: [
        ("GET", "/nothing", 404, nil), ("GET", "/bodies/1", 405, "POST"), ("DELETE", "/fault", 405, "GET"),
        ("GET", "/bodies", 404, nil), ("GET", "/api/none", 404, nil),
    ])
    func `unknown paths and methods are problems too`(
        method: String,
        path: String,
        status: Int,
        allow: String?
    ) async throws {
        try await withServer { url, client in
            let response = try await client.send(ask(method, url + path))
            #expect(response.status == status)
            #expect(response.header("allow") == allow)
            _ = try problem(response)
        }
    }

    @Test(arguments: [
        (#"{"name":"a","count":3}"#, "application/json", 201, nil),
        (#"{"name":"a"}"#, "application/json; charset=utf-8", 201, nil),
        (#"{"name":"a"}"#, "text/plain", 415, Fault.Code.unsupportedMedia),
        (#"{"name":"#, "application/json", 400, .malformed),
        ("", "application/json", 400, .malformed), (#"{"count":9,"x":1}"#, "application/json", 422, .invalid),
        (#"[]"#, "application/json", 422, .invalid),
        (String(repeating: "[", count: 100_000), "application/json", 400, .malformed),
    ])
    func `bodies are checked`(body: String, type: String, status: Int, code: Fault.Code?) async throws {
        try await withServer { url, client in
            let request = ask(
                "POST",
                url + "/bodies/1",
                headers: [("Content-Type", type)],
                body: Array(body.utf8)
            )
            let response = try await client.send(request)
            #expect(response.status == status)
            if let code {
                let problem = try problem(response)
                #expect(problem.code == code)
                if body.contains("count") { #expect(problem.errors?.map(\.field) == ["x", "name", "count"]) }
            }
        }
    }

    @Test(arguments: [true, false])
    func `a body beyond the limit is refused, announced or not`(isChunked: Bool) async throws {
        try await withServer { url, client in
            var headers = [("Content-Type", "application/json")]
            if isChunked { headers.append(("Transfer-Encoding", "chunked")) }
            let body = Array(repeating: UInt8(ascii: " "), count: Limits.requestBytes + 1)
            let response = try await client.send(ask("POST", url + "/bodies/1", headers: headers, body: body))
            #expect(response.status == 413)
            #expect(try problem(response).code == .tooLarge)
        }
    }

    @Test func `the request id is echoed when it is harmless and made otherwise, on problems too`() async throws {
        try await withServer { url, client in
            for (sent, isEchoed) in [
                ("abc-1.2_3", true), (String(repeating: "a", count: 129), false), ("a b", false),
                (#"a"b"#, false),
            ] {
                let request = ask("GET", url + "/nothing", headers: [("X-Request-Id", sent)])
                let id = try #require(try await client.send(request).header("x-request-id"))
                #expect((id == sent) == isEchoed)
                if !isEchoed { #expect(Identifier(id) != nil) }
            }
        }
    }

    @Test func `the caller's trace is continued, an invalid one replaced`() async throws {
        try await withServer { url, client in
            let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
            for (header, isContinued) in [
                ("00-\(trace)-00f067aa0ba902b7-01", true), ("00-\(trace)-0000000000000000-01", false),
            ] {
                let request = ask("GET", url + "/trace", headers: [("traceparent", header)])
                let text = String(decoding: try await client.send(request).body, as: UTF8.self)
                let context = try #require(TraceContext(text))
                #expect((context.traceID == trace) == isContinued)
                #expect(text != header)
            }
        }
    }

    @Test(arguments: [
        ("Bearer good", 200), ("bearer good", 200), ("Bearer bad", 401), ("Bearer", 401), ("Basic good", 401),
        ("good", 401),
    ])
    func `a bearer token is asked for`(header: String, status: Int) async throws {
        try await withServer { url, client in
            let request = ask("GET", url + "/api/who", headers: [("Authorization", header)])
            let response = try await client.send(request)
            #expect(response.status == status)
            if status == 401 {
                #expect(response.header("www-authenticate") == "Bearer")
                #expect(try problem(response).code == .unauthenticated)
            } else {
                #expect(try ContractCoder.decode(Actor.self, from: response.body).subject == "ann")
            }
        }
    }

    @Test(arguments: [
        ("localhost", nil, 200), ("LOCALHOST:1234", nil, 200), ("127.0.0.1:80", nil, 200), ("[::1]:80", nil, 200),
        ("board.example", nil, 200), ("evil.example", nil, 403), ("localhost.evil.example", nil, 403),
        ("localhost", "http://localhost:3000", 200), ("localhost", "https://evil.example", 403),
        ("localhost", "null", 403), ("localhost", "https://board.example", 200),
    ])
    func `foreign hosts and origins are refused on loopback`(host: String, origin: String?, status: Int) async throws {
        try await withServer { url, client in
            var headers = [("Host", host)]
            if let origin { headers.append(("Origin", origin)) }
            let response = try await client.send(ask("GET", url + "/livez", headers: headers))
            #expect(response.status == status)
        }
    }

    @Test func `any host is answered when the service listens for others`() async throws {
        try await withServer(bind: "0.0.0.0") { url, client in
            let request = ask("GET", url + "/livez", headers: [("Host", "omoi.example")])
            let response = try await client.send(request)
            #expect(response.status == 200)
        }
    }

    @Test func `readiness names what is down`() async throws {
        let health = HealthChecks()
        health.add("broker") { .down("no connection") }
        try await withServer(health: health) { url, client in
            #expect(try await client.send(ask("GET", url + "/livez")).status == 200)
            let down = try await client.send(ask("GET", url + "/readyz"))
            #expect(down.status == 503)
            let report = try ContractCoder.decode(HealthReport.self, from: down.body)
            #expect(report.checks.map(\.reason) == ["no connection"])
            health.add("broker") { .up }
            #expect(try await client.send(ask("GET", url + "/readyz")).status == 200)
            let metrics = try await client.send(ask("GET", url + "/metrics"))
            #expect(metrics.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
        }
    }
}
