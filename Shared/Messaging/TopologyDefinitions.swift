import Contracts
import Kernel

extension Topology {
    /// A user of the broker and its rights; the patterns are regular expressions over names of exchanges and queues.
    package struct User: Sendable, Equatable {
        package var name: String
        /// As `rabbitmqctl hash_password` prints it: base64 of salt and SHA-256.
        package var passwordHash: String
        package var tags: [String]
        package var configure: String
        package var write: String
        package var read: String

        package init(
            name: String,
            passwordHash: String,
            tags: [String] = [],
            configure: String,
            write: String,
            read: String
        ) {
            self.name = name
            self.passwordHash = passwordHash
            self.tags = tags
            self.configure = configure
            self.write = write
            self.read = read
        }
    }

    /// The topology as a `definitions.json` that a broker loads at boot.
    package func definitionsJSON(virtualHost: String = "/", users: [User] = []) -> String {
        let definitions: JSONText = .object([
            ("vhosts", .array([.object([("name", .string(virtualHost))])])),
            ("users", .array(users.map(Self.user))),
            ("permissions", .array(users.map { Self.permission($0, virtualHost) })),
            ("exchanges", .array(exchanges.map { Self.exchange($0, virtualHost) })),
            ("queues", .array(queues.map { Self.queue($0, virtualHost) })),
            ("bindings", .array(bindings.map { Self.binding($0.queue, $0.binding, virtualHost) })),
        ])
        return definitions.text(indent: "") + "\n"
    }

    private static func user(_ user: User) -> JSONText {
        .object([
            ("name", .string(user.name)),
            ("password_hash", .string(user.passwordHash)),
            ("hashing_algorithm", .string("rabbit_password_hashing_sha256")),
            ("tags", .array(user.tags.map { .string($0) })),
        ])
    }

    private static func permission(_ user: User, _ virtualHost: String) -> JSONText {
        .object([
            ("user", .string(user.name)), ("vhost", .string(virtualHost)), ("configure", .string(user.configure)),
            ("write", .string(user.write)), ("read", .string(user.read)),
        ])
    }

    private static func exchange(_ exchange: ExchangeDeclaration, _ virtualHost: String) -> JSONText {
        .object([
            ("name", .string(exchange.name)), ("vhost", .string(virtualHost)),
            ("type", .string(exchange.kind.rawValue)),
            ("durable", .bool(true)), ("auto_delete", .bool(false)), ("internal", .bool(false)),
            ("arguments", .object([])),
        ])
    }

    private static func queue(_ queue: QueueDeclaration, _ virtualHost: String) -> JSONText {
        let arguments = queue.declaredArguments.sorted { $0.key < $1.key }.map { name, value in
            switch value {
            case .string(let text): (name, JSONText.string(text))
            case .integer(let number): (name, JSONText.integer(number))
            }
        }
        return .object([
            ("name", .string(queue.name)), ("vhost", .string(virtualHost)), ("durable", .bool(queue.durable)),
            ("auto_delete", .bool(queue.autoDelete)), ("arguments", .object(arguments)),
        ])
    }

    private static func binding(_ queue: String, _ binding: Binding, _ virtualHost: String) -> JSONText {
        .object([
            ("source", .string(binding.exchange)), ("vhost", .string(virtualHost)), ("destination", .string(queue)),
            ("destination_type", .string("queue")), ("routing_key", .string(binding.routingKey)),
            ("arguments", .object([])),
        ])
    }
}

/// JSON whose members keep their order, so that the file reads like the topology.
private indirect enum JSONText {
    case string(String)
    case integer(Int64)
    case bool(Bool)
    case array([JSONText])
    case object([(String, JSONText)])

    func text(indent: String) -> String {
        let inner = indent + "  "
        switch self {
        case .string(let text): return Self.quote(text)
        case .integer(let number): return String(number)
        case .bool(let flag): return flag ? "true" : "false"
        case .array(let items):
            if items.isEmpty { return "[]" }
            return "[\n" + items.map { inner + $0.text(indent: inner) }.joined(separator: ",\n") + "\n\(indent)]"
        case .object(let members):
            if members.isEmpty { return "{}" }
            let lines = members.map { "\(inner)\(Self.quote($0.0)) : \($0.1.text(indent: inner))" }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        }
    }

    private static func quote(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 0x20:
                quoted += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
