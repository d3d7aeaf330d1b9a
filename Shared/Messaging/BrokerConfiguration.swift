import Kernel

/// Where the broker is and how to log in.
package struct BrokerConfiguration: Sendable {
    /// Files for an `amqps` connection. The broker's certificate and host name are always verified.
    package struct TLS: Sendable, Equatable {
        /// PEM bundle of the certificate authorities to trust.
        package var authorityFile: String
        /// PEM certificate and key of this client, when the broker asks for one.
        package var certificateFile: String?
        package var keyFile: String?

        package init(
            authorityFile: String = "/etc/ssl/certs/ca-certificates.crt",
            certificateFile: String? = nil,
            keyFile: String? = nil
        ) {
            self.authorityFile = authorityFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    package var host: String
    package var port: Int
    package var user: String
    package var password: String
    package var virtualHost: String
    /// Nil for a plain connection.
    package var tls: TLS?
    /// Longest silence before the connection counts as dead; whole seconds.
    package var heartbeat: Duration = Limits.heartbeat
    /// Longest time for connecting, logging in, and any one request during set-up.
    package var timeout: Duration = .seconds(10)
    /// Shown by `rabbitmqctl list_connections`.
    package var connectionName: String

    /// Reads `amqp://user:password@host:port/vhost` or `amqps://…`. The query may hold `cacertfile`, `certfile`,
    /// `keyfile` and `heartbeat` (seconds).
    ///
    /// - Throws: ``Fault`` with code `invalid-field` that names `OMOI_AMQP_URL` and never repeats the password.
    package init(url: String, connectionName: String) throws(Fault) {
        var parser = BrokerURLParser(url)
        let parts = try parser.parse()
        host = parts.host
        port = parts.port
        user = parts.user
        password = parts.password
        virtualHost = parts.virtualHost
        tls = parts.tls
        if let seconds = parts.heartbeat { heartbeat = .seconds(seconds) }
        self.connectionName = connectionName
    }

    /// The same broker under another connection name.
    package func named(_ name: String) -> BrokerConfiguration {
        var copy = self
        copy.connectionName = name
        return copy
    }

    /// Host and port, for messages and logs.
    package var address: String { "\(host):\(port)" }
}

/// The parts of an AMQP URL (RabbitMQ URI specification).
private struct BrokerURLParser {
    struct Parts {
        var host = "127.0.0.1"
        var port = 5672
        var user = "guest"
        var password = "guest"
        var virtualHost = "/"
        var tls: BrokerConfiguration.TLS?
        var heartbeat: Int64?
    }

    private var rest: Substring
    private var parts = Parts()

    init(_ url: String) {
        rest = Substring(url.trimmed)
    }

    mutating func parse() throws(Fault) -> Parts {
        try parseScheme()
        let query = cut(at: "?")
        let path = cut(at: "/")
        if let path, !path.isEmpty { parts.virtualHost = try decode(path) }
        try parseCredentials()
        try parseAddress()
        if let query { try parse(query: query) }
        return parts
    }

    private mutating func parseScheme() throws(Fault) {
        if rest.hasPrefix("amqp://") {
            rest = rest.dropFirst("amqp://".count)
        } else if rest.hasPrefix("amqps://") {
            rest = rest.dropFirst("amqps://".count)
            parts.tls = BrokerConfiguration.TLS()
            parts.port = 5671
        } else {
            throw wrong("must start with amqp:// or amqps://")
        }
    }

    /// Removes the first `separator` and what follows from the rest, and returns what follows.
    private mutating func cut(at separator: Character) -> Substring? {
        guard let index = rest.firstIndex(of: separator) else { return nil }
        let tail = rest[rest.index(after: index)...]
        rest = rest[..<index]
        return tail
    }

    private mutating func parseCredentials() throws(Fault) {
        guard let at = rest.lastIndex(of: "@") else { return }
        let credentials = rest[..<at]
        rest = rest[rest.index(after: at)...]
        let pair = credentials.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        parts.user = try decode(pair[0])
        if pair.count == 2 { parts.password = try decode(pair[1]) }
    }

    private mutating func parseAddress() throws(Fault) {
        var portText: Substring?
        if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
            let tail = rest[rest.index(after: end)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { throw wrong("has no valid port") }
            portText = tail.isEmpty ? nil : tail.dropFirst()
            parts.host = String(rest[rest.index(after: rest.startIndex)..<end])
        } else {
            portText = cut(at: ":")
            parts.host = String(rest)
        }
        guard !parts.host.isEmpty else { throw wrong("has no host") }
        guard let portText else { return }
        guard let port = Int(portText), (1...65535).contains(port) else { throw wrong("has no valid port") }
        parts.port = port
    }

    private mutating func parse(query: Substring) throws(Fault) {
        for item in query.split(separator: "&") {
            let pair = item.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { throw wrong("has a query item without value") }
            let value = try decode(pair[1])
            switch pair[0] {
            case "cacertfile": parts.tls?.authorityFile = value
            case "certfile": parts.tls?.certificateFile = value
            case "keyfile": parts.tls?.keyFile = value
            case "heartbeat":
                guard let seconds = Int64(value), (1...3600).contains(seconds) else {
                    throw wrong("heartbeat must be 1 to 3600 seconds")
                }
                parts.heartbeat = seconds
            default: throw wrong("knows no query item '\(pair[0])'")
            }
        }
    }

    /// Undoes percent encoding.
    private func decode(_ text: Substring) throws(Fault) -> String {
        var bytes: [UInt8] = []
        var source = text.utf8.makeIterator()
        while let byte = source.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let first = source.next(), let second = source.next(),
                let value = UInt8(String(decoding: [first, second], as: UTF8.self), radix: 16)
            else { throw wrong("has a broken percent escape") }
            bytes.append(value)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func wrong(_ what: String) -> Fault {
        .invalid("OMOI_AMQP_URL", "\(what); expected amqp://user:password@host:port/vhost")
    }
}

extension String {
    /// Without white space at both ends, such as the newline of a file.
    fileprivate var trimmed: String {
        var view = Substring(self)
        while view.first?.isWhitespace == true { view.removeFirst() }
        while view.last?.isWhitespace == true { view.removeLast() }
        return String(view)
    }
}
