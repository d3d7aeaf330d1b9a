import Kernel

/// Consumes queues on a connection of its own, in batches, with acknowledgements after handling.
///
/// A message is delivered again when its handler failed or the connection was lost before the acknowledgement: handlers
/// have to cope with duplicates. When a queue is deleted, it is declared again and consuming goes on.
package final class Consumer: Sendable {
    private let engine: ConsumerEngine

    /// - Parameters:
    ///   - topology: declared before consuming, then each subscription's own queue.
    ///   - connectionChanged: told true when all subscriptions are consumed, false when the connection is lost; called
    ///     on the connection's thread, so it must not block.
    package init(
        _ broker: BrokerConfiguration,
        topology: Topology = .standard,
        subscriptions: [Subscription],
        connectionChanged: @escaping @Sendable (Bool) -> Void = { _ in }
    ) {
        engine = ConsumerEngine(
            broker,
            topology: topology,
            threadName: "amqp-consume",
            sources: subscriptions.map { ConsumerSource($0) },
            connectionChanged: connectionChanged
        )
    }

    /// Connects and reconnects until ``stop()`` is called or the task is cancelled. Call it once.
    package func run() async throws {
        await engine.run()
    }

    /// Takes no more messages, lets the handlers finish their batches, acknowledges them, closes the connection and
    /// ends ``run()``. What has arrived from a queue that goes away with its consumer is handled as well.
    package func stop() {
        engine.stop()
    }

    /// Whether all subscriptions are consumed.
    package var isConsuming: Bool { engine.gate.isOpen }

    /// Returns when consuming, stopped, or when the task is cancelled.
    package func waitUntilConsuming() async {
        await engine.gate.wait()
    }
}
