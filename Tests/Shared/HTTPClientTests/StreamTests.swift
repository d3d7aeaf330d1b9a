import HTTPClient
import Hummingbird
import Kernel
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct StreamTests {
    private let client = WebClient()

    @Test func `parts arrive while the server still writes`() async throws {
        let goOn = Gate()
        try await withServer {
            $0.get("/") { _, _ in
                Response(
                    status: .accepted,
                    headers: [.contentType: "text/event-stream"],
                    body: .init { writer in
                        try await writer.write(ByteBuffer(string: "one"))
                        await goOn.wait()
                        try await writer.write(ByteBuffer(string: "two"))
                        try await writer.finish(nil)
                    }
                )
            }
        } _: { root in
            var parts = client.stream(.init(url: "\(root)/")).makeAsyncIterator()
            let head = try #require(try await parts.next())
            #expect(head.status == 202)
            #expect(try await parts.next()?.bytes == Array("one".utf8))
            goOn.arrive()
            #expect(try await parts.next()?.bytes == Array("two".utf8))
            let end = try await parts.next()
            #expect(end == nil)
        }
    }

    @Test func `a slow reader holds the server back and loses nothing`() async throws {
        let chunk = 64 << 10
        // Far more than both sockets' buffers take: up to 4 MiB to send and 32 MiB to receive.
        let chunks = 1024
        let written = Mutex(0)
        try await withServer {
            $0.get("/") { _, _ in
                Response(
                    status: .ok,
                    body: .init { writer in
                        for number in 0..<chunks {
                            let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: chunk)
                            try await writer.write(ByteBuffer(bytes: bytes))
                            written.withLock { $0 += 1 }
                        }
                        try await writer.finish(nil)
                    }
                )
            }
        } _: { root in
            var parts = client.stream(.init(url: "\(root)/")).makeAsyncIterator()
            #expect(try await parts.next()?.status == 200)
            // Standing still over many looks means that the server waits for the reader.
            var last = -1
            var still = 0
            try await eventually("the server stands still") {
                let now = written.withLock { $0 }
                still = now == last ? still + 1 : 0
                last = now
                return still > 25
            }
            #expect(written.withLock { $0 } < chunks * 3 / 4)
            var count = 0
            var isInOrder = true
            while let part = try await parts.next() {
                for start in stride(from: 0, to: part.bytes.count, by: 997) {
                    if part.bytes[start] != UInt8(truncatingIfNeeded: (count + start) / chunk) { isInOrder = false }
                }
                count += part.bytes.count
            }
            #expect(isInOrder)
            #expect(count == chunk * chunks)
        }
    }

    @Test func `letting go of a stream aborts it`() async throws {
        let aborted = Gate()
        try await withServer {
            $0.get("/") { _, _ in
                Response(
                    status: .ok,
                    body: .init { writer in
                        do {
                            while true { try await writer.write(ByteBuffer(repeating: 1, count: 64 << 10)) }
                        } catch {
                            aborted.arrive()
                            throw error
                        }
                    }
                )
            }
        } _: { root in
            let status = try await firstStatus(root)
            #expect(status == 200)
            await aborted.wait()
        }
    }

    /// Opens a stream, reads its head and lets go of it.
    private func firstStatus(_ url: String) async throws -> Int? {
        var parts = client.stream(.init(url: url)).makeAsyncIterator()
        return try await parts.next()?.status
    }

    @Test func `an unreachable server ends the stream with its error`() async throws {
        let port = try FreePort.find()
        let error = await #expect(throws: HTTPClientError.self) {
            var parts = client.stream(.init(url: "http://127.0.0.1:\(port)/")).makeAsyncIterator()
            _ = try await parts.next()
        }
        #expect(error?.code == .connectFailed)
    }
}
