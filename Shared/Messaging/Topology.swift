import Contracts

/// The exchanges, queues, streams and bindings every service declares before its first publish. Command queues are not
/// part of it: they exist only while their owner consumes.
package struct Topology: Sendable, Equatable {
    package var exchanges: [ExchangeDeclaration]
    package var queues: [QueueDeclaration]

    package init(exchanges: [ExchangeDeclaration], queues: [QueueDeclaration]) {
        self.exchanges = exchanges
        self.queues = queues
    }

    /// Every binding with the queue it feeds.
    package var bindings: [(queue: String, binding: Binding)] {
        queues.flatMap { queue in queue.bindings.map { (queue.name, $0) } }
    }

    /// The topology of the application.
    package static let standard = Topology(
        exchanges: [
            ExchangeDeclaration(name: Topic.events, kind: .topic),
            ExchangeDeclaration(name: Topic.activityExchange, kind: .topic),
            ExchangeDeclaration(name: Topic.commands, kind: .direct),
        ],
        queues: [log, activity, workflowFacts, wakeUp]
    )

    /// Stream of all domain events.
    package static let log = QueueDeclaration(
        name: Topic.log,
        kind: .stream,
        arguments: [
            "x-max-age": .string("7D"),
            "x-max-length-bytes": .integer(4 << 30),
            "x-stream-max-segment-size-bytes": .integer(64 << 20),
        ],
        bindings: [Binding(exchange: Topic.events, routingKey: "#")]
    )

    /// Stream of all activity.
    package static let activity = QueueDeclaration(
        name: Topic.activity,
        kind: .stream,
        arguments: [
            "x-max-age": .string("1D"),
            "x-max-length-bytes": .integer(2 << 30),
            "x-stream-max-segment-size-bytes": .integer(64 << 20),
        ],
        bindings: [Binding(exchange: Topic.activityExchange, routingKey: "#")]
    )

    /// The sandbox facts the workflow acts on. The delivery limit is explicit and large: a small one drops innocent
    /// messages when a consumer crashes, and "no limit" sends returned messages to the tail.
    package static let workflowFacts = QueueDeclaration(
        name: Topic.workflowFacts,
        kind: .quorum,
        arguments: ["x-delivery-limit": .integer(100_000)],
        bindings: ["running", "completing", "completed", "failed", "terminated"].map {
            Binding(exchange: Topic.events, routingKey: "sandbox.\($0)")
        }
    )

    /// Losable wake-ups shared by all orchestrators.
    package static let wakeUp = QueueDeclaration(
        name: Topic.wakeUp,
        kind: .classic,
        arguments: ["x-max-length": .integer(1000), "x-overflow": .string("drop-head")],
        bindings: [Binding(exchange: Topic.events, routingKey: EventType.taskPending.rawValue)]
    )

    /// A command queue: exists only while its owner consumes, so that `mandatory` says "owner away".
    package static func commandQueue(_ name: String) -> QueueDeclaration {
        QueueDeclaration(
            name: name,
            kind: .classic,
            autoDelete: true,
            bindings: [Binding(exchange: Topic.commands, routingKey: name)]
        )
    }
}
