import FoundationEssentials
import Kernel
import Logging
import ServiceKit

/// The settings of an orchestrator.
package struct OrchestratorConfiguration: Sendable {
    /// Name on topics and in events; the same over all restarts.
    package let instance: String
    /// Absolute `OMOI_HOME`.
    package let home: String
    /// `bubblewrap` or `process`.
    package let provider: String
    package let slots: Int
    /// Without a trailing slash.
    package let gatewayURL: String
    /// Path of `omoi-sandbox-worker`.
    package let worker: String
    /// Further paths agents may read.
    package let readOnly: [String]
    package let heartbeat: Duration
    /// From the end of a sandbox to the removal of its directory.
    package let keep: Duration
    /// Whether sandboxes end when this process stops gracefully; otherwise its next run takes them over.
    package let endsSandboxes: Bool
    /// The whole environment; workers get a listed few of it.
    package let environment: [String: String]

    package static let keys: [ConfigurationKey] = [
        ConfigurationKey(
            "instance",
            .text,
            default: "local",
            "name of this orchestrator: letters, digits, - and _; no two may have the same"
        ),
        ConfigurationKey(
            "sandbox.provider",
            .choice(["bubblewrap", "process"]),
            default: "bubblewrap",
            "where agents run: isolated by bwrap, or (process) with no isolation at all"
        ),
        ConfigurationKey("sandbox.slots", .integer(1...256), default: "4", "sandboxes at the same time"),
        ConfigurationKey(
            "sandbox.read.only",
            .list,
            "further absolute paths agents may read, such as a toolchain in /opt; those that are missing are skipped"
        ),
        ConfigurationKey(
            "sandbox.keep.seconds",
            .seconds(0...2_592_000),
            default: "300",
            "how long the directory of an ended sandbox is kept"
        ),
        ConfigurationKey(
            "sandbox.on.stop",
            .choice(["keep", "end"]),
            default: "keep",
            "at a graceful stop sandboxes go on and are taken over by the next run (keep), or are ended too (end)"
        ),
        ConfigurationKey(
            "gateway.url",
            .url(schemes: ["http", "https"]),
            "where workers reach the gateway; default http://127.0.0.1:$OMOI_HTTP_PORT"
        ),
        ConfigurationKey(
            "http.port",
            .port(allowsZero: false),
            default: "8080",
            "the gateway's port, for the default of gateway-url"
        ),
        ConfigurationKey("worker", .path, "path of omoi-sandbox-worker; default: beside this program"),
        ConfigurationKey(
            "heartbeat.seconds",
            .seconds(1...60),
            default: "5",
            "time between two heartbeats to the workflow"
        ),
    ]

    /// - Parameter home: `OMOI_HOME`; links in it are followed, because workers and processes tell their real paths.
    /// - Throws: ``ConfigurationError`` that names the variable.
    package init(
        _ settings: Settings,
        home: String,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ConfigurationError) {
        instance = try settings.text("instance")
        let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
        guard (1...64).contains(instance.count), instance.allSatisfy(allowed.contains) else {
            throw ConfigurationError("OMOI_INSTANCE must be 1 to 64 letters, digits, - and _")
        }
        self.home = LocalFile.resolved(Self.absolute(home))
        provider = try settings.text("sandbox.provider")
        slots = try settings.integer("sandbox.slots")
        readOnly = settings.list("sandbox.read.only")
        keep = try settings.duration("sandbox.keep.seconds")
        heartbeat = try settings.duration("heartbeat.seconds")
        endsSandboxes = try settings.text("sandbox.on.stop") == "end"
        let port = try settings.integer("http.port")
        let url = settings.optionalText("gateway.url") ?? "http://127.0.0.1:\(port)"
        gatewayURL = url.hasSuffix("/") ? String(url.dropLast()) : url
        worker = Self.absolute(settings.optionalText("worker") ?? Self.sibling("omoi-sandbox-worker"))
        self.environment = environment
    }

    /// Makes the configured provider.
    ///
    /// - Throws: ``ConfigurationError`` with one line that names the fix.
    package func makeProvider(logger: Logger) throws(ConfigurationError) -> any SandboxProvider {
        guard provider == "bubblewrap" else {
            return ProcessProvider(worker: worker, environment: environment, logger: logger)
        }
        do {
            return try BubblewrapProvider(
                worker: worker,
                home: home,
                readOnly: readOnly,
                environment: environment,
                logger: logger
            )
        } catch {
            throw ConfigurationError(error.message)
        }
    }

    private static func absolute(_ path: String) -> String {
        let whole = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        return whole.count > 1 && whole.hasSuffix("/") ? String(whole.dropLast()) : whole
    }

    /// Path of another program in the folder of this one.
    private static func sibling(_ name: String) -> String {
        let own = ProcessInfo.processInfo.arguments.first ?? ""
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? own
        return (program.lastIndex(of: "/").map { String(program[...$0]) } ?? "") + name
    }
}
