/// A value of a queue's argument table.
package enum QueueArgument: Sendable, Equatable {
    case string(String)
    case integer(Int64)
}

/// Messages of `exchange` whose routing key matches go to the queue.
package struct Binding: Sendable, Hashable {
    package var exchange: String
    package var routingKey: String

    package init(exchange: String, routingKey: String) {
        self.exchange = exchange
        self.routingKey = routingKey
    }
}

/// An exchange; always durable.
package struct ExchangeDeclaration: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case topic, direct, fanout
    }

    package var name: String
    package var kind: Kind

    package init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }
}

/// A queue or stream with its bindings. Declaring it again with the same arguments changes nothing; with others the
/// broker refuses.
package struct QueueDeclaration: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case classic, quorum, stream
    }

    package var name: String
    package var kind: Kind
    package var durable: Bool
    /// Gone with its last consumer.
    package var autoDelete: Bool
    /// Usable by the declaring connection only and gone with it.
    package var exclusive: Bool
    /// Without `x-queue-type`, which follows from ``kind``.
    package var arguments: [String: QueueArgument]
    package var bindings: [Binding]

    package init(
        name: String,
        kind: Kind = .classic,
        durable: Bool = true,
        autoDelete: Bool = false,
        exclusive: Bool = false,
        arguments: [String: QueueArgument] = [:],
        bindings: [Binding] = []
    ) {
        self.name = name
        self.kind = kind
        self.durable = durable
        self.autoDelete = autoDelete
        self.exclusive = exclusive
        self.arguments = arguments
        self.bindings = bindings
    }

    /// All arguments as declared, the queue type included.
    package var declaredArguments: [String: QueueArgument] {
        arguments.merging(["x-queue-type": .string(kind.rawValue)]) { own, _ in own }
    }
}
