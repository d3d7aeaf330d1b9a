import Contracts
import Kernel
import Messaging
import Synchronization

/// An outside consumer with a durable queue of its own that writes down every event it sees.
package final class EventLedger: Sendable {
    private let seen = Mutex<[Event]>([])

    /// Runs `body` while the ledger listens on the broker's public exchange.
    ///
    /// - Parameter patterns: topic patterns such as `task.*`.
    package static func listen<Value>(
        to url: String,
        patterns: [String],
        _ body: (EventLedger) async throws -> Value
    ) async throws -> Value {
        let ledger = EventLedger()
        let queue = QueueDeclaration(
            name: "test.ledger.\(Identifier.make())",
            kind: .classic,
            durable: true,
            autoDelete: false,
            exclusive: false,
            bindings: patterns.map { Binding(exchange: Topic.events, routingKey: $0) }
        )
        let subscription = Subscription(queue: queue, prefetch: 200, maxBatch: 100) { deliveries in
            let events = try deliveries.map { try ContractCoder.decode(Event.self, from: $0.body) }
            ledger.seen.withLock { $0 += events }
        }
        let consumer = Consumer(
            try BrokerConfiguration(url: url, connectionName: "test ledger"),
            subscriptions: [subscription]
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await consumer.run() }
            await consumer.waitUntilConsuming()
            let outcome: Result<Value, any Error>
            do {
                outcome = .success(try await body(ledger))
            } catch {
                outcome = .failure(error)
            }
            consumer.stop()
            try await group.waitForAll()
            return try outcome.get()
        }
    }

    /// Everything seen so far, in order of arrival, repeats included.
    package var events: [Event] { seen.withLock { $0 } }

    /// Everything seen of some types.
    package func events(of types: EventType...) -> [Event] { events.filter { types.contains($0.type) } }
}
