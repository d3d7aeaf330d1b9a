import Glibc
import HTTPClient
import Kernel
import LocalBroker
import UnixSignals

/// A whole system on this machine: broker, four services, and what keeps them running.
package struct Instance: Sendable {
    /// In the order they are started.
    package static let services = [
        "omoi-ticket-workflow", "omoi-orchestrator", "omoi-event-relay", "omoi-api-gateway",
    ]
    /// Longest time from the start of the services until all are ready.
    private static let startDeadline: Duration = .seconds(90)

    let home: Home
    let surroundings: Surroundings
    let httpPort: Int
    let relayPort: Int

    package init(_ surroundings: Surroundings) throws {
        self.surroundings = surroundings
        home = Home(path: try surroundings.home())
        httpPort = try surroundings.port("OMOI_HTTP_PORT", default: 8080)
        relayPort = try surroundings.port("OMOI_RELAY_PORT", default: 8081)
    }

    package var gatewayURL: String { "http://\(surroundings.localAddress):\(httpPort)" }
    package var relayURL: String { "http://\(surroundings.localAddress):\(relayPort)" }

    /// Runs the system until SIGINT, SIGTERM or SIGHUP, or until `body` has ended; then stops everything: services
    /// first, then the broker.
    ///
    /// - Parameter body: runs once all services are ready; nil: for ever.
    package func run(_ body: (@Sendable (Instance) async throws -> Void)?) async throws {
        try home.create()
        let lock = try HomeLock(home)
        defer { withExtendedLifetime(lock) {} }
        try await stopLeftovers()
        try Port.check("OMOI_HTTP_PORT", port: httpPort, address: surroundings.bindAddress)
        try Port.check("OMOI_RELAY_PORT", port: relayPort, address: surroundings.bindAddress)
        let directory = try Self.executableDirectory()
        // From here on there is something to stop.
        let signals = await UnixSignalsSequence(trapping: [.sigint, .sigterm, .sighup])
        let broker = try await startBroker()
        let outcome = await withTaskGroup(of: Result<Void, any Error>.self) { group in
            group.addTask {
                for await _ in signals { return .failure(Interrupted()) }
                return .failure(CancellationError())
            }
            group.addTask {
                do {
                    return .success(try await runServices(from: directory, broker: broker, body))
                } catch {
                    return .failure(error)
                }
            }
            let first = await group.next() ?? .success(())
            group.cancelAll()
            await group.waitForAll()
            return first
        }
        await broker?.stop()
        do {
            try outcome.get()
        } catch is Interrupted {
            // A system is ended by a signal; only a demonstration was cut short by it.
            if body != nil { throw Ending(status: .failure) }
        }
    }

    private struct Interrupted: Error {}

    /// Stops the services a crashed `up` left behind.
    private func stopLeftovers() async throws {
        for service in Self.services.reversed() {
            guard let record = ProcessRecord.read(service, in: home) else { continue }
            if record.isRunning {
                surroundings.console.note("omoi: stopping \(service), left behind by an earlier `omoi up`")
                try await record.stop()
            }
            ProcessRecord.remove(service, in: home)
        }
    }

    /// - Returns: nil when OMOI_AMQP_URL names a broker of somebody else.
    private func startBroker() async throws -> LocalBroker? {
        if let url = surroundings.variable("OMOI_AMQP_URL") {
            try await BrokerProbe.connect(url)
            try home.writeSecret(url + "\n", to: home.brokerAddressFile)
            return nil
        }
        let broker = try await LocalBroker.start(directory: home.brokerDirectory)
        try home.writeSecret(broker.url + "\n", to: home.brokerAddressFile)
        return broker
    }

    private func runServices(
        from directory: String,
        broker: LocalBroker?,
        _ body: (@Sendable (Instance) async throws -> Void)?
    ) async throws {
        let services = try Self.services.map { try service($0, in: directory, brokerURL: broker?.url) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { try await service.run() } }
            if let broker { group.addTask { try await keepRunning(broker) } }
            group.addTask {
                try await waitUntilReady(services)
                try await broker?.settle()
                surroundings.console.print("board: \(gatewayURL)/api/v1/board/view")
                surroundings.console.print("token: \(home.adminTokenFile)")
                if let body {
                    try await body(self)
                } else {
                    try await Task.sleep(for: .seconds(Int64.max / 2))
                }
            }
            // Whoever ends first ends all: `body`, or a service that refuses its configuration.
            try await group.next()
            group.cancelAll()
        }
    }

    private func service(_ name: String, in directory: String, brokerURL: String?) throws -> ServiceProcess {
        let executable = "\(directory)/\(name)"
        guard access(executable, X_OK) == 0 else {
            throw Fault(.unavailable, "\(executable) is missing: build everything with `swift build`")
        }
        var environment = surroundings.environment
        // The caller's own token is no business of services and agents.
        environment["OMOI_TOKEN"] = nil
        environment["OMOI_HOME"] = home.path
        environment["OMOI_AMQP_URL"] = brokerURL ?? environment["OMOI_AMQP_URL"]
        environment["OMOI_HTTP_PORT"] = String(httpPort)
        environment["OMOI_RELAY_PORT"] = String(relayPort)
        environment["OMOI_BIND"] = surroundings.bindAddress
        // Ctrl-C stops everything, agents too; a service that dies and comes back still finds its sandboxes.
        environment["OMOI_SANDBOX_ON_STOP"] = surroundings.variable("OMOI_SANDBOX_ON_STOP") ?? "end"
        environment["OMOI_GATEWAY_URL"] = surroundings.variable("OMOI_GATEWAY_URL") ?? gatewayURL
        let port: Int
        switch name {
        case "omoi-api-gateway": port = httpPort
        case "omoi-event-relay": port = relayPort
        default: port = try Port.free()
        }
        // Gateway and relay answer health questions on the port they serve anyway.
        environment["OMOI_HEALTH_PORT"] = String(port == httpPort || port == relayPort ? 0 : port)
        return ServiceProcess(
            name: name,
            executable: executable,
            healthPort: port,
            environment: environment,
            home: home,
            console: surroundings.console
        )
    }

    /// Starts the private broker again when it died.
    private func keepRunning(_ broker: LocalBroker) async throws {
        guard let port = BrokerProbe.port(of: broker.url) else { return }
        while true {
            do {
                try await Task.sleep(for: .seconds(2))
            } catch is CancellationError {
                return
            }
            guard !Port.accepts(port: port) else { continue }
            surroundings.console.note("omoi: the broker is away; starting it again")
            do {
                try await broker.restart()
            } catch let fault as Fault {
                surroundings.console.note("omoi: \(fault.message)")
            }
        }
    }

    private func waitUntilReady(_ services: [ServiceProcess]) async throws {
        let client = WebClient()
        let deadline = ContinuousClock.now + Self.startDeadline
        for service in services {
            while try await !Readiness.isReady(service.healthPort, at: surroundings.localAddress, client) {
                guard ContinuousClock.now < deadline else {
                    throw Fault(
                        .unavailable,
                        "\(service.name) is not ready after \(Int(Self.startDeadline.seconds)) s;"
                            + " see \(home.logFile(service.name))"
                    )
                }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    private static func executableDirectory() throws(Fault) -> String {
        guard let resolved = realpath("/proc/self/exe", nil) else {
            throw Fault(.internalError, "cannot find the directory of this program")
        }
        defer { free(resolved) }
        let path = String(cString: resolved)
        return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }
}
