import Contracts
import FoundationEssentials
import Glibc
import HTTPClient
import Kernel
import TestSupport
import Testing

/// `omoi up` and what the README says about it, as a new user meets them.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct UpTests {
    /// A running `omoi up`.
    private struct Up {
        let home: String
        let environment: [String: String]
        let process: ChildProcess

        init(home: String) throws {
            self.home = home
            environment = [
                "OMOI_HOME": home, "OMOI_HTTP_PORT": String(try FreePort.find()),
                "OMOI_RELAY_PORT": String(try FreePort.find()),
            ]
            process = try Self.start(home: home, environment: environment)
        }

        static func start(home: String, environment: [String: String]) throws -> ChildProcess {
            try ChildProcess(
                BuiltExecutable.path("omoi"),
                ["up"],
                environment: environment,
                logPath: "\(home).up.log"
            )
        }

        var output: String { get throws { try SmallFile.read("\(home).up.log") } }

        func waitUntilReady() async throws {
            try await Self.waitUntilReady(process, home: home)
        }

        static func waitUntilReady(_ process: ChildProcess, home: String, times: Int = 1) async throws {
            try await eventually("`omoi up` says where the token is", within: .seconds(60)) {
                let text = try SmallFile.read("\(home).up.log")
                guard process.isRunning else { throw Fault(.unavailable, "`omoi up` ended: \(text)") }
                return text.components(separatedBy: "admin.token").count > times
            }
        }

        func stop() async throws {
            process.signal(SIGINT)
            #expect(try await process.waitForExit(within: .seconds(40)) == 0)
        }
    }

    private func withUp(_ body: (Up) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let up = try Up(home: "\(directory)/home")
            do {
                try await up.waitUntilReady()
                try await body(up)
            } catch {
                up.process.signal(SIGINT)
                try await up.process.waitForExit(within: .seconds(40))
                throw error
            }
            if up.process.isRunning { try await up.stop() }
        }
    }

    /// The first code block of the README after a marker.
    private func readme(_ marker: String) throws -> String {
        let root = #filePath.components(separatedBy: "/Tests/EndToEnd/")[0]
        let text = try SmallFile.read("\(root)/README.md")
        let block = try #require(text.components(separatedBy: "<!-- test: \(marker) -->").dropFirst().first)
        let lines = block.split(separator: "\n", omittingEmptySubsequences: false).drop { !$0.hasPrefix("```") }
        return lines.dropFirst().prefix { !$0.hasPrefix("```") }.joined(separator: "\n")
    }

    @Test func `it prints the board and the token file, keeps secrets private and stops cleanly`() async throws {
        try await withUp { up in
            let text = try up.output
            #expect(text.contains("http://127.0.0.1:\(up.environment["OMOI_HTTP_PORT"] ?? "")"))
            for secret in ["admin.token", "amqp.url"] {
                var status = stat()
                #expect(stat("\(up.home)/\(secret)", &status) == 0)
                #expect(status.st_mode & 0o077 == 0, "\(secret) is its owner's alone")
            }
            try await up.stop()
            let port = up.environment["OMOI_HTTP_PORT"] ?? ""
            let client = WebClient()
            await #expect(throws: HTTPClientError.self) {
                try await client.send(HTTPRequest(url: "http://127.0.0.1:\(port)/livez"))
            }
            client.close()
        }
    }

    @Test func `the README's curl example works as pasted`() async throws {
        try await withUp { up in
            let script = "\(up.home)/readme.sh"
            try SmallFile.write(try readme("curl"), to: script)
            let shell = try ChildProcess(
                "bash",
                ["-e", "-o", "pipefail", script],
                environment: up.environment,
                logPath: "\(script).log"
            )
            let status = try await shell.waitForExit(within: .seconds(90))
            let output = try SmallFile.read("\(script).log")
            #expect(status == 0, "\(output)")
            #expect(output.contains("testing -> done"), "\(output)")
        }
    }

    @Test func `the README's Python consumer sees the tasks complete`() async throws {
        try await withUp { up in
            let script = "\(up.home)/consumer.py"
            try SmallFile.write(try readme("python"), to: script)
            let consumer = try ChildProcess(
                "/usr/bin/python3",
                [script],
                environment: up.environment,
                logPath: "\(script).log"
            )
            let shell = "\(up.home)/readme.sh"
            try SmallFile.write(try readme("curl"), to: shell)
            // The consumer binds at some moment; the job is run again until it has met one whole run.
            try await eventually("the consumer saw a ticket done", within: .seconds(120)) {
                guard consumer.isRunning else {
                    throw Fault(.internalError, try SmallFile.read("\(script).log"))
                }
                let job = try ChildProcess(
                    "bash",
                    ["-e", shell],
                    environment: up.environment,
                    logPath: "\(shell).log"
                )
                try await job.waitForExit(within: .seconds(90))
                let output = try SmallFile.read("\(script).log")
                return output.contains("task.completed proof completed") && output.contains("ticket.transitioned")
            }
            try await consumer.kill()
        }
    }

    @Test func `a killed up leaves nothing behind that stops the next one`() async throws {
        try await withUp { up in
            try await up.process.kill()
            let again = try Up.start(home: up.home, environment: up.environment)
            try await Up.waitUntilReady(again, home: up.home, times: 2)
            again.signal(SIGINT)
            #expect(try await again.waitForExit(within: .seconds(40)) == 0)
        }
    }

    @Test func `a second up on the same home is refused, one on another home runs beside it`() async throws {
        try await withUp { up in
            let second = try ChildProcess(
                BuiltExecutable.path("omoi"),
                ["up"],
                environment: up.environment,
                logPath: "\(up.home).second.log"
            )
            #expect(try await second.waitForExit(within: .seconds(20)) != 0)
            #expect(try SmallFile.read("\(up.home).second.log").contains(up.home))
            try await withUp { other in
                #expect(other.process.isRunning && up.process.isRunning)
            }
        }
    }
}
