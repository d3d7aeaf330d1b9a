import Kernel
import Synchronization

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

/// The stream no longer holds the expected message at the expected place: it was replaced or pruned. The broker says
/// nothing about that by itself.
package struct StreamReplaced: Error {
    package init() {}
}

/// Reads a stream in order on a connection of its own, from a position the caller keeps.
package final class StreamReader: Sendable {
    /// Silence after attaching at a message that must be there, after which the stream counts as replaced.
    private static let silenceLimit: Duration = .seconds(5)

    private let broker: BrokerConfiguration
    private let stream: String
    private let topology: Topology
    private let prefetch: UInt16
    private let maxBatch: Int
    private let gate = Gate()
    private let runState = Mutex(RunState())

    private struct RunState {
        var isStopped = false
        var engine: ConsumerEngine?
    }

    /// - Parameters:
    ///   - topology: declared before reading; normally it contains the stream.
    ///   - prefetch: messages the broker may have outstanding, 1 or more.
    ///   - maxBatch: most messages the handler gets at once.
    package init(
        _ broker: BrokerConfiguration,
        stream: String,
        topology: Topology = .standard,
        prefetch: UInt16 = Limits.prefetch,
        maxBatch: Int = Limits.batch
    ) {
        self.broker = broker
        self.stream = stream
        self.topology = topology
        self.prefetch = max(1, prefetch)
        self.maxBatch = max(1, maxBatch)
    }

    /// Reads until ``stop()`` or cancellation, reconnecting by itself after the last message handled. May be called
    /// again after it has thrown, with another start; not while it runs.
    ///
    /// With ``StreamStart/next`` messages published before the first one was handled may be missed when the connection
    /// is lost.
    ///
    /// - Parameter handle: gets batches in stream order; calls never overlap. When it throws, the same messages come
    ///   again after a back-off.
    /// - Throws: ``StreamReplaced`` when the position is not in the stream any more.
    package func run(
        from start: StreamStart,
        _ handle: @escaping @Sendable ([Delivery]) async throws -> Void
    ) async throws {
        let cursor = StreamCursor(start: start)
        let isStopped = runState.withLock { $0.isStopped }
        if isStopped { return }
        let limit = Self.silenceLimit
        let gate = gate
        let replaced: @Sendable () -> Void = { [self] in
            cursor.markReplaced()
            currentEngine?.stop()
        }
        let source = ConsumerSource(
            queue: stream,
            declaration: nil,
            prefetch: prefetch,
            maxBatch: maxBatch,
            drainsOnStop: false,
            attach: { generation in
                let (argument, isChecked) = cursor.attach(generation: generation)
                return ConsumerSource.Attachment(
                    arguments: ["x-stream-offset": argument],
                    silenceLimit: isChecked ? limit : nil,
                    silence: replaced
                )
            },
            handle: { batch in
                switch cursor.admit(batch) {
                case .replaced: replaced()
                case .deliveries(let deliveries):
                    if !deliveries.isEmpty { try await handle(deliveries) }
                    if let last = deliveries.last { cursor.advance(past: last) }
                }
            }
        )
        let engine = ConsumerEngine(
            broker,
            topology: topology,
            threadName: "amqp-stream",
            sources: [source],
            connectionChanged: { $0 ? gate.open() : gate.close() }
        )
        let stopped = runState.withLock { state in
            state.engine = engine
            return state.isStopped
        }
        if stopped { engine.stop() }
        await engine.run()
        runState.withLock { $0.engine = nil }
        if cursor.isReplaced { throw StreamReplaced() }
        gate.finish()
    }

    /// Ends ``run(from:_:)`` after the batch being handled.
    package func stop() {
        let engine = runState.withLock { state in
            state.isStopped = true
            return state.engine
        }
        engine?.stop()
        if engine == nil { gate.finish() }
    }

    /// Whether attached to the stream.
    package var isConsuming: Bool { gate.isOpen }

    /// Returns when attached, stopped, or when the task is cancelled.
    package func waitUntilConsuming() async {
        await gate.wait()
    }

    private var currentEngine: ConsumerEngine? { runState.withLock { $0.engine } }
}
