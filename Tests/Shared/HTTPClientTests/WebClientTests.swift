import HTTPClient
import HTTPTypes
import Hummingbird
import Kernel
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct WebClientTests {
    private let client = WebClient()

    @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE"])
    func `method and body arrive`(method: String) async throws {
        try await withServer {
            for known in [HTTPTypes.HTTPRequest.Method.get, .post, .put, .patch, .delete] {
                $0.on("/echo", method: known) { request, _ in
                    let body = try await request.body.collect(upTo: 1 << 20)
                    return "\(request.method.rawValue) \(String(buffer: body))"
                }
            }
        } _: { root in
            let body = method == "GET" ? nil : Array("the body\n".utf8)
            let response = try await client.send(.init(method: method, url: "\(root)/echo", body: body))
            #expect(response.status == 200)
            #expect(String(decoding: response.body, as: UTF8.self) == "\(method) \(body == nil ? "" : "the body\n")")
        }
    }

    @Test func `a POST without a body says that it is empty`() async throws {
        try await withServer {
            $0.post("/length") { request, _ in request.headers[.contentLength] ?? "none" }
        } _: { root in
            let response = try await client.send(.init(method: "POST", url: "\(root)/length"))
            #expect(response.body == Array("0".utf8))
        }
    }

    @Test func `a HEAD request has no body`() async throws {
        try await withServer {
            $0.head("/") { _, _ in Response(status: .ok, headers: [.contentLength: "12"]) }
        } _: { root in
            let response = try await client.send(.init(method: "HEAD", url: "\(root)/"))
            #expect(response.status == 200)
            #expect(response.body.isEmpty)
        }
    }

    @Test func `headers go both ways, empty ones too`() async throws {
        try await withServer {
            $0.get("/") { request, _ in
                let given = request.headers[.init("X-Given")!] ?? "absent"
                let empty = request.headers[.init("X-Empty")!].map { $0.isEmpty ? "empty" : $0 } ?? "absent"
                return Response(status: .ok, headers: [.init("X-Seen")!: "\(given) \(empty)"])
            }
        } _: { root in
            let response = try await client.send(
                .init(url: "\(root)/", headers: [("X-Given", "a: b"), ("X-Empty", "")])
            )
            #expect(response.header("x-seen") == "a: b empty")
            #expect(response.header("X-Absent") == nil)
        }
    }

    @Test(arguments: [200, 201, 204, 302, 400, 404, 409, 429, 500, 503])
    func `every status is an answer, redirects are not followed`(status: Int) async throws {
        try await withServer {
            $0.get("/") { _, _ in Response(status: .init(code: status), headers: [.location: "/elsewhere"]) }
            $0.get("/elsewhere") { _, _ in Response(status: .gone) }
        } _: { root in
            let response = try await client.send(.init(url: "\(root)/"))
            #expect(response.status == status)
        }
    }

    @Test func `requests use one connection again`() async throws {
        try await withServer {
            $0.get("/port") { _, context in "\(context.clientPort ?? 0)" }
        } _: { root in
            let first = try await client.send(.init(url: "\(root)/port"))
            let second = try await client.send(.init(url: "\(root)/port"))
            #expect(first.body == second.body)
        }
    }

    @Test func `two hundred requests are in flight at the same time`() async throws {
        let gate = Gate()
        try await withServer {
            $0.get("/:number") { _, context in
                gate.arrive()
                await gate.wait(for: 200)
                return try context.parameters.require("number")
            }
        } _: { root in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let response = try await client.send(.init(url: "\(root)/\(number)", timeout: .seconds(60)))
                        return response.body == Array("\(number)".utf8)
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test func `a unix socket is spoken to`() async throws {
        try await withTemporaryDirectory { directory in
            let socket = "\(directory)/socket"
            try await withServer(socket: socket) {
                $0.get("/name") { request, _ in "on the socket for \(request.head.authority ?? "")" }
            } _: { _ in
                let response = try await client.send(.init(url: "http://local/name", unixSocket: socket))
                #expect(response.body == Array("on the socket for local".utf8))
            }
        }
    }

    @Test func `a large body arrives whole`() async throws {
        let body = [UInt8](repeating: 7, count: 3 << 20)
        try await withServer {
            $0.post("/") { request, _ in
                Response(status: .ok, body: .init(byteBuffer: try await request.body.collect(upTo: 4 << 20)))
            }
        } _: { root in
            let response = try await client.send(.init(method: "POST", url: "\(root)/", body: body))
            #expect(response.body == body)
        }
    }
}
