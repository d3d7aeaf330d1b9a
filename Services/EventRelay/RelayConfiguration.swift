import Kernel
import ServiceKit

/// What the relay can be told.
package struct RelayConfiguration: Sendable {
    package var bind: String
    package var port: Int
    /// Origins whose pages may read the relay from a browser.
    package var origins: Set<String>
    package var heartbeat: Duration
    /// A reader that takes nothing for this long is cut.
    package var writeTimeout: Duration
    package var retention: Duration
    package var retainedRows: Int

    /// The keys of this service.
    package static let keys: [ConfigurationKey] = [
        ConfigurationKey("relay.port", .port(allowsZero: true), default: "8081", "port of events and streams"),
        ConfigurationKey(
            "http.port",
            .port(allowsZero: false),
            default: "8080",
            "port of the gateway, whose pages may read the relay"
        ),
        ConfigurationKey(
            "gateway.origins",
            .list,
            "origins whose pages may read the relay; default: http on 127.0.0.1 and localhost with the gateway's port"
        ),
        ConfigurationKey(
            "relay.heartbeat.seconds",
            .seconds(1...300),
            default: "\(Int(Limits.sseHeartbeat.seconds))",
            "time between signs of life on an idle stream"
        ),
        ConfigurationKey(
            "relay.write.seconds",
            .seconds(1...3600),
            default: "\(Int(Limits.sseWriteTimeout.seconds))",
            "a reader that takes nothing for this long is cut"
        ),
        ConfigurationKey(
            "relay.retention.hours",
            .integer(1...87_600),
            default: "\(Int(Limits.historyRetention.seconds / 3600))",
            "age at which events leave the history"
        ),
        ConfigurationKey(
            "relay.retention.rows",
            .integer(1...Int.max),
            default: "\(Limits.historyRows)",
            "most events kept"
        ),
    ]

    /// - Throws: ``ConfigurationError`` that names the variable.
    package init(_ settings: Settings, bind: String) throws(ConfigurationError) {
        self.bind = bind
        port = try settings.integer("relay.port")
        let gatewayPort = try settings.integer("http.port")
        let origins = settings.list("gateway.origins")
        self.origins = Set(
            origins.isEmpty
                ? ["127.0.0.1", "localhost"].map { "http://\($0):\(gatewayPort)" }
                : origins.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        )
        heartbeat = try settings.duration("relay.heartbeat.seconds")
        writeTimeout = try settings.duration("relay.write.seconds")
        retention = .seconds(try settings.integer("relay.retention.hours") * 3600)
        retainedRows = try settings.integer("relay.retention.rows")
    }
}
