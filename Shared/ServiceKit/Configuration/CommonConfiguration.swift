import Kernel
import Logging
import Messaging

/// What every service is told: where it keeps its files, where the broker is, how it logs.
package struct CommonConfiguration: Sendable {
    package let service: String
    /// Root of all files (`OMOI_HOME`).
    package let home: String
    /// `amqp://…` with credentials: secret. Empty for a process that does not use the broker.
    package let amqpURL: String
    /// Address to listen on (`OMOI_BIND`).
    package let bind: String
    /// Port of `/livez`, `/readyz` and `/metrics`; 0 = off.
    package let healthPort: Int
    package let logLevel: Logger.Level

    /// The keys of every service.
    package static let keys: [ConfigurationKey] = [
        ConfigurationKey(
            "home",
            .path,
            "directory of all data; default $XDG_STATE_HOME/omoi, else ~/.local/state/omoi"
        ),
        ConfigurationKey(
            "amqp.url",
            .url(schemes: ["amqp", "amqps"]),
            secret: true,
            "broker with credentials; default: the content of $OMOI_HOME/amqp.url"
        ),
        ConfigurationKey("bind", .text, default: "127.0.0.1", "address to listen on"),
        ConfigurationKey(
            "health.port",
            .port(allowsZero: true),
            default: "0",
            "port of /livez, /readyz and /metrics; 0 = off"
        ),
        ConfigurationKey(
            "log.level",
            .choice(Logger.Level.allCases.map(\.rawValue)),
            default: "info",
            "least level that is logged"
        ),
        ConfigurationKey(
            "fault.point",
            .text,
            "tests only: the point at which the process kills itself with SIGKILL"
        ),
    ]

    /// - Parameters:
    ///   - usesBroker: whether a start without a broker's URL is refused.
    ///   - environment: for `XDG_STATE_HOME` and `HOME`.
    /// - Throws: ``ConfigurationError`` that names the variable.
    package init(
        service: String,
        settings: Settings,
        usesBroker: Bool = true,
        environment: [String: String]
    ) throws(ConfigurationError) {
        self.service = service
        if let home = settings.optionalText("home") {
            self.home = home
        } else if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
            home = state + "/omoi"
        } else if let user = environment["HOME"], !user.isEmpty {
            home = user + "/.local/state/omoi"
        } else {
            throw ConfigurationError("OMOI_HOME must be set to a directory, because HOME is not set")
        }
        bind = try settings.text("bind")
        healthPort = try settings.integer("health.port")
        logLevel = Logger.Level(rawValue: try settings.text("log.level")) ?? .info
        let file = home + "/amqp.url"
        let url = settings.optionalText("amqp.url") ?? FileAccess.text(of: file)?.withoutSurroundingWhitespace
        amqpURL = usesBroker ? url ?? "" : ""
        guard usesBroker else { return }
        if amqpURL.isEmpty {
            throw ConfigurationError("OMOI_AMQP_URL must be set to amqp://user:password@host:port/, or \(file) exist")
        }
        do {
            _ = try BrokerConfiguration(url: amqpURL, connectionName: service)
        } catch {
            throw ConfigurationError(error.message)
        }
    }

    /// `$OMOI_HOME/data`.
    package var dataDirectory: String { home + "/data" }

    /// The service's database, `$OMOI_HOME/data/<name>.sqlite`. Makes the directory.
    ///
    /// - Parameter name: the service's name unless given.
    /// - Throws: ``ConfigurationError`` when the directory cannot be made or written.
    package func storePath(_ name: String? = nil) throws(ConfigurationError) -> String {
        try FileAccess.makeDirectory(dataDirectory, variable: "OMOI_HOME")
        return "\(dataDirectory)/\(name ?? service).sqlite"
    }

    /// The broker, for one connection.
    ///
    /// - Parameter part: what the connection is for, `publish`; shown by the broker beside the service's name.
    package func broker(_ part: String) throws(ConfigurationError) -> BrokerConfiguration {
        do {
            return try BrokerConfiguration(url: amqpURL, connectionName: "\(service) \(part)")
        } catch {
            throw ConfigurationError(error.message)
        }
    }
}

extension String {
    /// Without white space and line feeds at both ends.
    var withoutSurroundingWhitespace: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
