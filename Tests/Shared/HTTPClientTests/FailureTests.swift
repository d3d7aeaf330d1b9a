import HTTPClient
import Hummingbird
import Kernel
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct FailureTests {
    private let client = WebClient()

    @Test func `nobody listening is a transient error`() async throws {
        let port = try FreePort.find()
        let error = try await #require(throws: HTTPClientError.self) {
            try await client.send(.init(url: "http://127.0.0.1:\(port)/"))
        }
        #expect(error.code == .connectFailed)
        #expect(error.isTransient)
    }

    @Test func `a missing unix socket is a transient error`() async throws {
        let error = try await #require(throws: HTTPClientError.self) {
            try await client.send(.init(url: "http://local/", unixSocket: "/nonexistent/socket"))
        }
        #expect(error.code == .connectFailed)
    }

    @Test func `a slow answer ends with a timeout`() async throws {
        try await withServer {
            $0.get("/") { _, _ in
                await waitForever()
                return "late"
            }
        } _: { root in
            let error = try await #require(throws: HTTPClientError.self) {
                try await client.send(.init(url: "\(root)/", timeout: .milliseconds(150)))
            }
            #expect(error.code == .timeout)
            #expect(error.isTransient)
        }
    }

    @Test func `a silent stream ends with a timeout`() async throws {
        try await withServer {
            $0.get("/") { _, _ in
                Response(
                    status: .ok,
                    body: .init { writer in
                        try await writer.write(ByteBuffer(string: "first"))
                        await waitForever()
                        try await writer.finish(nil)
                    }
                )
            }
        } _: { root in
            var received: [UInt8] = []
            let error = await #expect(throws: HTTPClientError.self) {
                for try await part in client.stream(.init(url: "\(root)/", timeout: .milliseconds(200))) {
                    received += part.bytes
                }
            }
            #expect(error?.code == .timeout)
            #expect(received == Array("first".utf8))
        }
    }

    @Test func `a body beyond the limit is refused, one at the limit is not`() async throws {
        try await withServer {
            $0.get("/") { _, _ in String(repeating: "x", count: 1000) }
        } _: { root in
            let fits = try await client.send(.init(url: "\(root)/", maxResponseBytes: 1000))
            #expect(fits.body.count == 1000)
            let error = try await #require(throws: HTTPClientError.self) {
                try await client.send(.init(url: "\(root)/", maxResponseBytes: 999))
            }
            #expect(error.code == .responseTooLarge)
            #expect(!error.isTransient)
        }
    }

    @Test func `a head beyond the limit is refused`() async throws {
        try await withServer {
            $0.get("/") { _, _ in
                var headers = HTTPFields()
                for number in 0..<20 {
                    headers[.init("X-\(number)")!] = String(repeating: "h", count: 4000)
                }
                return Response(status: .ok, headers: headers)
            }
        } _: { root in
            let error = try await #require(throws: HTTPClientError.self) {
                try await client.send(.init(url: "\(root)/"))
            }
            #expect(error.code == .responseTooLarge)
        }
    }

    @Test func `an answer that breaks off is not an answer`() async throws {
        struct Broken: Error {}
        try await withServer {
            $0.get("/") { _, _ in
                Response(
                    status: .ok,
                    headers: [.contentLength: "100"],
                    body: .init { writer in
                        try await writer.write(ByteBuffer(string: "only this"))
                        throw Broken()
                    }
                )
            }
        } _: { root in
            let error = try await #require(throws: HTTPClientError.self) {
                try await client.send(.init(url: "\(root)/"))
            }
            #expect(error.code == .connectionLost)
            #expect(error.isTransient)
        }
    }

    @Test(arguments: [
        HTTPClient.HTTPRequest(url: "file:///etc/passwd"), HTTPClient.HTTPRequest(url: "ftp://127.0.0.1/"),
        HTTPClient.HTTPRequest(url: "127.0.0.1"),
        HTTPClient.HTTPRequest(url: ""), HTTPClient.HTTPRequest(url: "http://127.0.0.1/a b"),
        HTTPClient.HTTPRequest(url: "http://127.0.0.1/\r\nX: y"),
        HTTPClient.HTTPRequest(method: "GET /x", url: "http://127.0.0.1/"),
        HTTPClient.HTTPRequest(method: "", url: "http://127.0.0.1/"),
        HTTPClient.HTTPRequest(url: "http://127.0.0.1/", headers: [("X", "a\r\nY: b")]),
        HTTPClient.HTTPRequest(url: "http://127.0.0.1/", headers: [("X: y\r\nZ", "a")]),
        HTTPClient.HTTPRequest(url: "http://127.0.0.1/", headers: [("", "a")]),
    ])
    func `what cannot be sent safely is not sent`(request: HTTPClient.HTTPRequest) async throws {
        let error = try await #require(throws: HTTPClientError.self) { try await client.send(request) }
        #expect(error.code == .invalidRequest)
        #expect(!error.isTransient)
    }

    @Test func `cancelling the task aborts the transfer`() async throws {
        let started = Gate()
        try await withServer {
            $0.get("/") { _, _ in
                started.arrive()
                await waitForever()
                return "late"
            }
        } _: { root in
            await #expect(throws: CancellationError.self) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { _ = try await client.send(.init(url: "\(root)/", timeout: .seconds(100))) }
                    await started.wait()
                    group.cancelAll()
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func `a request of a cancelled task is not sent`() async throws {
        await #expect(throws: CancellationError.self) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.cancelAll()
                group.addTask { _ = try await client.send(.init(url: "http://127.0.0.1:9/")) }
                try await group.waitForAll()
            }
        }
    }

    @Test func `closing fails what is in flight and what comes later`() async throws {
        let started = Gate()
        try await withServer {
            $0.get("/") { _, _ in
                started.arrive()
                await waitForever()
                return "late"
            }
        } _: { root in
            await withTaskGroup(of: HTTPClientError?.self) { group in
                group.addTask {
                    await #expect(throws: HTTPClientError.self) { try await client.send(.init(url: "\(root)/")) }
                }
                await started.wait()
                client.close()
                #expect(await group.next()??.code == .closed)
            }
            let later = await #expect(throws: HTTPClientError.self) { try await client.send(.init(url: "\(root)/")) }
            #expect(later?.code == .closed)
        }
    }
}
