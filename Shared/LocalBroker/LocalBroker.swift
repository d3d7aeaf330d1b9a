import Glibc
import Kernel
import Logging
import Synchronization

/// A private RabbitMQ node on loopback ports of its own: for a single machine and for tests.
///
/// Data, credentials and node name live in one directory and survive restarts. The node does not outlive the process
/// that started it: a guard process kills it when the starter is gone, and ``start(directory:port:)`` ends one left
/// over.
package final class LocalBroker: Sendable {
    /// `amqp://user:password@127.0.0.1:port/`; constant for the life of this object.
    package let url: String
    /// Where data, log and settings are.
    package let directory: String

    private let installation: BrokerInstallation
    private let settings: NodeSettings
    private let running: Mutex<RunningNode?>
    private let lock: DirectoryLock
    private let logger = Logger(label: "omoi.local-broker")

    /// Longest time a node may take until it lets its user in.
    private static let startDeadline: Duration = .seconds(120)
    /// Longest time an orderly stop may take before the node is killed.
    private static let stopDeadline: Duration = .seconds(15)

    private init(
        directory: String,
        installation: BrokerInstallation,
        settings: NodeSettings,
        lock: consuming DirectoryLock
    ) {
        self.directory = directory
        self.installation = installation
        self.settings = settings
        self.lock = lock
        url = "amqp://\(NodeSettings.user):\(settings.password)@127.0.0.1:\(settings.port)/"
        running = Mutex(nil)
    }

    /// Starts the node that lives in `directory`, a new one when there is none, and waits until it accepts logins.
    ///
    /// - Parameter port: the AMQP port; by default the last one used, or a free one.
    /// - Throws: ``Fault`` in one line: what to install, who holds the directory or port, or the end of the node's log.
    package static func start(directory: String, port: Int? = nil) async throws -> LocalBroker {
        let installation = try BrokerInstallation.find()
        let directory = absolute(directory)
        try TextFile.makeDirectory(directory)
        let lock = try DirectoryLock(directory + "/lock")
        await RunningNode.endLeftover(in: directory)
        if !TextFile.exists(directory + "/settled") { try TextFile.removeTree(directory + "/data") }
        let settings = try NodeSettings.load(directory: directory, port: port)
        let broker = LocalBroker(directory: directory, installation: installation, settings: settings, lock: lock)
        try await broker.launch()
        return broker
    }

    /// Waits until what the node was told to declare at its first start survives even a kill. Call it once the queues
    /// and streams exist and before anybody relies on them; later calls return at once.
    ///
    /// RabbitMQ 3.10 writes the registry of quorum queues and streams up to seconds late. A node killed before that
    /// never finds them again ("home node is down", for ever), so ``start(directory:port:)`` makes a node that was
    /// never settled anew.
    package func settle() async throws {
        guard !TextFile.exists(directory + "/settled") else { return }
        try await saveRegistry()
        try TextFile.write("", to: directory + "/settled")
    }

    /// Has the node write its registry of quorum queues and streams now, see ``settle()``: for queues younger than
    /// that, before the node is killed.
    package func saveRegistry() async throws {
        _ = try await control(["eval", "[dets:sync(Table) || Table <- dets:all()]."])
    }

    /// The Erlang machine's process; nil while the node is stopped.
    package var processID: Int32? { running.withLock { $0?.mark.pid } }

    /// Stops the node in order; what it holds stays in the directory. Does nothing when it is not running.
    package func stop() async {
        guard let node = take() else { return }
        await node.end(signal: SIGTERM, within: Self.stopDeadline, directory: directory)
        // An orderly end saves the registry as well.
        guard !TextFile.exists(directory + "/settled") else { return }
        do {
            try TextFile.write("", to: directory + "/settled")
        } catch {
            logger.error("the next start will make an empty node", metadata: ["error": "\(error.message)"])
        }
    }

    /// Kills the node with SIGKILL, as a power cut of its process would, and waits until it is gone.
    package func kill() async {
        guard let node = take() else { return }
        await node.end(signal: SIGKILL, within: Self.stopDeadline, directory: directory)
    }

    /// Freezes the node, as a machine that hangs would: its connections stay open and nothing answers.
    package func pause() {
        running.withLock { $0?.mark.kill(SIGSTOP) }
    }

    /// Lets a frozen node go on.
    package func resume() {
        running.withLock { $0?.mark.kill(SIGCONT) }
    }

    /// Starts the node again on the same port, after ending it in order if it runs.
    package func restart() async throws {
        await stop()
        try await launch()
    }

    /// Runs `rabbitmqctl` against the node and returns what it printed.
    ///
    /// - Throws: ``Fault`` with the last line of output when it failed.
    package func control(_ arguments: [String]) async throws -> String {
        let output = "\(directory)/control-\(UInt64.random(in: .min ... .max)).out"
        defer { unlink(output) }
        let environment = installation.environment(directory: directory, settings: settings)
        let pid = try spawn(
            [installation.control, "--quiet"] + arguments,
            environment: environment,
            outputFile: output
        )
        while true {
            if let status = exitStatus(ofChild: pid) {
                let text = TextFile.read(output) ?? ""
                if status == 0 { return text }
                throw Fault(
                    .unavailable,
                    "rabbitmqctl \(arguments.first ?? "") failed: \(text.split(separator: "\n").last ?? "no output")"
                )
            }
            do {
                try await Task.sleep(for: .milliseconds(20))
            } catch {
                Glibc.kill(-pid, SIGKILL)
                throw error
            }
        }
    }

    private func take() -> RunningNode? {
        running.withLock { node in
            defer { node = nil }
            return node
        }
    }

    private func launch() async throws {
        try installation.writeFiles(directory: directory, settings: settings)
        let node = try RunningNode(installation: installation, directory: directory, settings: settings)
        do {
            try await waitForLogin(node)
        } catch {
            await node.end(signal: SIGKILL, within: Self.stopDeadline, directory: directory)
            throw error
        }
        running.withLock { $0 = node }
    }

    private func waitForLogin(_ node: RunningNode) async throws {
        let probe = LoginProbe(port: settings.port, user: NodeSettings.user, password: settings.password)
        let deadline = ContinuousClock.now.advanced(by: Self.startDeadline)
        while true {
            if node.hasEnded {
                throw Fault(.unavailable, "the message broker did not start: \(lastWords())")
            }
            // A blocking call of at most two seconds, so not on the pool's threads.
            let accepted = await withCheckedContinuation { continuation in
                startThread(named: "broker-probe") { continuation.resume(returning: probe.succeeds()) }
            }
            if accepted { return }
            guard ContinuousClock.now < deadline else {
                throw Fault(.unavailable, "the message broker did not accept logins in time; see \(directory)/log")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// The line of the node's output that explains best why it ended.
    private func lastWords() -> String {
        let lines = (TextFile.read(directory + "/log/console.log") ?? "").split(separator: "\n")
        let cause = lines.last { $0.contains("eaddrinuse") || $0.lowercased().contains("error") }
        return (cause ?? lines.last).map(String.init) ?? "no output; see \(directory)/log"
    }

    private static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return String(cString: current) + "/" + path
    }
}
