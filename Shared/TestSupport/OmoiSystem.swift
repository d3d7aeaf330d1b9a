import Contracts
import FoundationEssentials
import Glibc
import HTTPClient
import Kernel
import LocalBroker
import Messaging
import Synchronization

/// The whole of Omoi as its users run it: a private broker and the built executables, in a home of its own.
package final class OmoiSystem: Sendable {
    package enum Member: String, Sendable, CaseIterable {
        case workflow = "omoi-ticket-workflow"
        case orchestrator = "omoi-orchestrator"
        case relay = "omoi-event-relay"
        case gateway = "omoi-api-gateway"
    }

    package struct Options: Sendable {
        package var provider = "process"
        package var slots = 8
        /// The members to run.
        package var members = Member.allCases
        /// Added to the environment of every member.
        package var environment: [String: String] = [:]

        package init() {}
    }

    package let home: String
    package let broker: LocalBroker
    package let gatewayPort: Int
    package let relayPort: Int
    private let options: Options
    private let healthPorts: [Member: Int]
    private let processes = Mutex<[Member: ChildProcess]>([:])
    private let client = WebClient()

    private init(home: String, broker: LocalBroker, options: Options) throws {
        self.home = home
        self.broker = broker
        self.options = options
        gatewayPort = try FreePort.find()
        relayPort = try FreePort.find()
        healthPorts = try Dictionary(uniqueKeysWithValues: Member.allCases.map { ($0, try FreePort.find()) })
    }

    /// Runs `body` with a system in which every member is ready, and stops everything afterwards.
    package static func run<Value>(
        _ options: Options = Options(),
        _ body: (OmoiSystem) async throws -> Value
    ) async throws -> Value {
        try await withTemporaryDirectory { home in
            let broker = try await LocalBroker.start(directory: "\(home)/broker")
            let outcome: Result<Value, any Error>
            do {
                let system = try OmoiSystem(home: home, broker: broker, options: options)
                outcome = await system.runMembers(body)
            } catch {
                outcome = .failure(error)
            }
            await broker.stop()
            return try outcome.get()
        }
    }

    private func runMembers<Value>(_ body: (OmoiSystem) async throws -> Value) async -> Result<Value, any Error> {
        var outcome: Result<Value, any Error>
        do {
            for member in options.members { try start(member) }
            for member in options.members { try await waitUntilReady(member) }
            outcome = .success(try await body(self))
        } catch {
            outcome = .failure(error)
        }
        for member in options.members.reversed() {
            process(member)?.signal(SIGCONT)
            process(member)?.signal(SIGTERM)
        }
        for member in options.members {
            // A member that does not stop in time is killed, and that is a failure of the test.
            do {
                try await process(member)?.waitForExit(within: .seconds(20))
            } catch {
                process(member)?.signal(SIGKILL)
                if case .success = outcome { outcome = .failure(error) }
            }
        }
        client.close()
        endWorkers()
        return outcome
    }

    /// Workers outlive their orchestrator by design; what a test leaves unfinished must not outlive the test.
    private func endWorkers() {
        let sandboxes = "\(home)/sandboxes"
        for sandbox in (try? FileManager.default.contentsOfDirectory(atPath: sandboxes)) ?? [] {
            let worker = (try? SmallFile.read("\(sandboxes)/\(sandbox)/pid")).flatMap { text in
                pid_t(text.filter { !$0.isWhitespace })
            }
            guard let worker, worker > 1 else { continue }
            let command = (try? SmallFile.read("/proc/\(worker)/cmdline")) ?? ""
            if command.contains(sandbox) { Glibc.kill(worker, SIGKILL) }
        }
    }

    /// Starts a member that does not run.
    ///
    /// - Parameter extra: environment for this start only, such as a fault point.
    package func start(_ member: Member, extra: [String: String] = [:]) throws {
        // Tests and measurements send as fast as they can.
        var environment = ["OMOI_HTTP_REQUESTS_PER_MINUTE": "0"].merging(options.environment) { _, new in new }
        environment.merge(extra) { _, new in new }
        environment["OMOI_HOME"] = home
        environment["OMOI_AMQP_URL"] = broker.url
        environment["OMOI_HTTP_PORT"] = String(gatewayPort)
        environment["OMOI_RELAY_PORT"] = String(relayPort)
        environment["OMOI_GATEWAY_URL"] = "http://127.0.0.1:\(gatewayPort)"
        environment["OMOI_HEALTH_PORT"] = healthPorts[member].map(String.init)
        environment["OMOI_SANDBOX_PROVIDER"] = options.provider
        environment["OMOI_SANDBOX_SLOTS"] = String(options.slots)
        environment["OMOI_WORKER"] = try BuiltExecutable.path("omoi-sandbox-worker")
        mkdir("\(home)/logs", 0o700)
        let process = try ChildProcess(
            BuiltExecutable.path(member.rawValue),
            environment: environment,
            logPath: "\(home)/logs/\(member.rawValue).log"
        )
        processes.withLock { $0[member] = process }
    }

    /// `kill -9`.
    package func kill(_ member: Member) async throws {
        try await process(member)?.kill()
    }

    /// `kill -9`, then a new process, ready again when this returns.
    package func killAndRestart(_ members: Member...) async throws {
        for member in members { process(member)?.signal(SIGKILL) }
        for member in members { try await process(member)?.waitForExit() }
        for member in members { try start(member) }
        for member in members { try await waitUntilReady(member) }
    }

    package func process(_ member: Member) -> ChildProcess? { processes.withLock { $0[member] } }

    /// Waits until the member says it is ready.
    package func waitUntilReady(_ member: Member, within limit: Duration = .seconds(60)) async throws {
        let url = "http://127.0.0.1:\(healthPorts[member] ?? 0)/readyz"
        try await eventually("\(member.rawValue) is ready; log:\n\(log(of: member))", within: limit) {
            guard process(member)?.isRunning == true else {
                throw Fault(.unavailable, "\(member.rawValue) ended")
            }
            return try await client.send(HTTPRequest(url: url, timeout: .seconds(5))).status == 200
        }
    }

    /// The end of a member's log, for the message of a failure.
    package func log(of member: Member) -> String {
        (try? SmallFile.read("\(home)/logs/\(member.rawValue).log")).map { String($0.suffix(3000)) } ?? ""
    }

    /// The admin token of the first start.
    package var adminToken: String {
        get throws { try SmallFile.read("\(home)/admin.token").filter { !$0.isWhitespace } }
    }

    /// The gateway as an admin.
    package var gateway: APIClient {
        get throws {
            APIClient(client: client, baseURL: "http://127.0.0.1:\(gatewayPort)", token: try adminToken)
        }
    }

    /// The relay as an admin.
    package var relay: APIClient {
        get throws { APIClient(client: client, baseURL: "http://127.0.0.1:\(relayPort)", token: try adminToken) }
    }

    /// The value of a metric without labels, or the sum over its labels.
    package func metric(_ name: String, of member: Member) async throws -> Double {
        let url = "http://127.0.0.1:\(healthPorts[member] ?? 0)/metrics"
        let response = try await client.send(HTTPRequest(url: url, timeout: .seconds(5)))
        return String(decoding: response.body, as: UTF8.self).split(separator: "\n")
            .filter { $0.hasPrefix(name + " ") || $0.hasPrefix(name + "{") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
            .reduce(0, +)
    }
}

/// Small text files of tests.
package enum SmallFile {
    /// - Throws: ``Fault`` `not-found` when it cannot be read.
    package static func read(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else { throw Fault.notFound("file", path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    /// Replaces the file's content.
    package static func write(_ text: String, to path: String, mode: mode_t = 0o600) throws {
        guard let file = fopen(path, "w") else {
            throw Fault(.internalError, "cannot write \(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        fputs(text, file)
        chmod(path, mode)
    }
}
