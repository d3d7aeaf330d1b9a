import FoundationEssentials
import Logging
import ServiceContextModule
import Synchronization
import Testing

@testable import Observability

/// Takes log lines instead of standard error.
private final class Lines: Sendable {
    private let lines = Mutex<[[UInt8]]>([])

    func append(_ line: [UInt8]) { lines.withLock { $0.append(line) } }

    var all: [String] { lines.withLock { $0.map { String(decoding: $0, as: UTF8.self) } } }
}

private struct Line: Decodable {
    var time: String
    var level: String
    var service: String
    var message: String
    var trace_id: String?
    var error: String?
    var metadata: [String: String]?
}

@Suite struct JSONLogHandlerTests {
    private let lines = Lines()

    private func logger(level: Logger.Level = .info) -> Logger {
        Logger(label: "test") { [lines] _ in
            JSONLogHandler(service: "omoi-test", level: level) { lines.append($0) }
        }
    }

    private func decoded() throws -> [Line] {
        try lines.all.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    @Test(arguments: [
        "plain", "", "quote \" backslash \\ slash /", "line\nfeed\r\ttab", "nul \u{0} bell \u{7} del \u{7f}",
        "häß 🐘 \u{2028}",
        #"{"level":"error"}"#,
    ])
    func `any text is one line of JSON and comes back as it was`(text: String) throws {
        logger().info("\(text)", metadata: ["value": "\(text)"])
        let all = lines.all
        #expect(all.count == 1)
        #expect(all[0].utf8.filter { $0 == 0x0a }.count == 1)
        let line = try #require(try decoded().first)
        #expect(line.message == text)
        #expect(line.metadata == ["value": text])
        #expect(line.level == "info")
        #expect(line.service == "omoi-test")
        #expect(line.time.hasSuffix("Z"))
    }

    @Test func `nothing below the level is written`() {
        logger(level: .warning).info("no")
        #expect(lines.all.isEmpty)
    }

    @Test func `metadata of the call wins over metadata of the logger`() throws {
        var logger = logger()
        logger[metadataKey: "a"] = "1"
        logger[metadataKey: "b"] = "1"
        logger.info("x", metadata: ["b": "2"])
        #expect(try decoded()[0].metadata == ["a": "1", "b": "2"])
    }

    @Test func `nested metadata is nested JSON`() {
        logger().info("x", metadata: ["list": ["a", ["b": "c"]]])
        #expect(lines.all[0].contains(#""metadata":{"list":["a",{"b":"c"}]}"#))
    }

    @Test func `the trace of the task is part of the line`() throws {
        var context = ServiceContext.topLevel
        let trace = TraceContext()
        context.traceContext = trace
        ServiceContext.withValue(context) { logger().info("x") }
        #expect(try decoded()[0].trace_id == trace.traceID)
    }

    @Test(arguments: [
        ("amqp://omoi:s3cret@127.0.0.1:5672/", "amqp://omoi:[redacted]@127.0.0.1:5672/"),
        ("cannot reach amqps://u:a:s3cret@b@h/ now", "cannot reach amqps://u:[redacted]@h/ now"),
        ("Authorization: Bearer s3cret end", "Authorization: Bearer [redacted] end"),
        ("mail a@b.example", "mail a@b.example"),
    ])
    func `secrets in texts are replaced`(text: String, expected: String) throws {
        logger().info("\(text)", metadata: ["url": "\(text)"])
        let line = try decoded()[0]
        #expect(line.message == expected)
        #expect(line.metadata == ["url": expected])
    }

    @Test(arguments: ["token", "authorization", "password", "client_secret", "Set-Cookie"])
    func `values under secret names are never written`(key: String) {
        logger().info("x", metadata: [key: "s3cret"])
        #expect(!lines.all[0].contains("s3cret"))
    }
}
