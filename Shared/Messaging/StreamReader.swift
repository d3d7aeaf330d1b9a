import Kernel

/// Where to begin reading a stream.
package enum StreamStart: Sendable, Equatable {
    /// The oldest message kept.
    case first
    /// What is published from now on.
    case next
    /// After the message at `offset`. The first delivery must be that very message, checked by its id; it is not
    /// handed to the handler again.
    case at(offset: Int64, id: Identifier?)
}

/// The stream no longer holds the expected message at the expected place: it was replaced or pruned.
package struct StreamReplaced: Error {
    package init() {}
}

package final class StreamReader: Sendable {
    package init(
        _ broker: BrokerConfiguration,
        stream: String,
        topology: Topology = .standard,
        prefetch: UInt16 = Limits.prefetch,
        maxBatch: Int = Limits.batch
    ) {}
    package func run(
        from start: StreamStart,
        _ handle: @escaping @Sendable ([Delivery]) async throws -> Void
    ) async throws {}
    package func stop() {}
    package var isConsuming: Bool { false }
    package func waitUntilConsuming() async {}
}
