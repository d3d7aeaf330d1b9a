import Kernel
import ServiceKit

/// What the gateway is told beside the common settings.
package struct GatewayConfiguration: Sendable {
    package var common: CommonConfiguration
    /// 0: any free port.
    package var port: Int
    /// Where browsers and other consumers find the event relay.
    package var relayURL: String
    /// Host names that mean this gateway beside the one it listens on.
    package var allowedHosts: [String]
    /// Of one token to one family of routes; 0: no limit.
    package var requestsPerMinute: Int

    package static let keys: [ConfigurationKey] = [
        ConfigurationKey(
            "http.port",
            .port(allowsZero: true),
            default: "8080",
            "port of the HTTP API; 0 = any free one"
        ),
        ConfigurationKey("relay.port", .port(allowsZero: false), default: "8081", "port of the event relay, for /meta"),
        ConfigurationKey(
            "relay.url",
            .url(schemes: ["http", "https"]),
            "address of the event relay as clients see it; default: http://<bind>:<relay port>"
        ),
        ConfigurationKey(
            "allowed.hosts",
            .list,
            "further host names this gateway answers for while it listens on loopback"
        ),
        ConfigurationKey(
            "http.requests.per.minute",
            .integer(0...10_000_000),
            default: "\(Limits.requestsPerWindow)",
            "requests of one token to one family of routes; 0 = no limit"
        ),
    ]

    /// - Throws: ``ConfigurationError`` that names the variable.
    package init(_ settings: Settings, _ common: CommonConfiguration) throws(ConfigurationError) {
        self.common = common
        port = try settings.integer("http.port")
        let relayPort = try settings.integer("relay.port")
        let host = ["0.0.0.0", "::"].contains(common.bind) ? "127.0.0.1" : common.bind
        relayURL =
            settings.optionalText("relay.url") ?? "http://\(host.contains(":") ? "[\(host)]" : host):\(relayPort)"
        allowedHosts = settings.list("allowed.hosts")
        requestsPerMinute = try settings.integer("http.requests.per.minute")
    }
}
