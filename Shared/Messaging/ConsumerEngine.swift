import Kernel
import Logging
import Synchronization

/// Consumes from one connection: its thread reads and acknowledges, one task per source handles batches.
final class ConsumerEngine: Sendable {
    /// What the handlers' tasks tell the connection's thread.
    private struct State {
        var isStopping = false
        /// The connection in use; 0 before the first.
        var generation = 0
        /// Highest tag to acknowledge of each source, with everything before it; 0 for none.
        var acknowledged: [UInt64]
        /// Sources whose handler is still at work.
        var running: Int
        /// The connection that has to be given up because a handler failed.
        var failed: (generation: Int, reason: String)?
    }

    /// What the connection's thread takes per turn.
    struct Turn {
        var isStopping: Bool
        var acknowledged: [UInt64]
        var running: Int
        var failure: String?
    }

    let broker: BrokerConfiguration
    let topology: Topology
    let sources: [ConsumerSource]
    let buffers: [BatchBuffer]
    let wakeUp = WakeUp()
    /// Open while all sources are consumed.
    let gate = Gate()
    let metrics: MessagingMetrics
    private let threadName: String
    private let connectionChanged: @Sendable (Bool) -> Void
    private let state: Mutex<State>

    init(
        _ broker: BrokerConfiguration,
        topology: Topology,
        threadName: String,
        sources: [ConsumerSource],
        connectionChanged: @escaping @Sendable (Bool) -> Void
    ) {
        self.broker = broker
        self.topology = topology
        self.threadName = threadName
        self.sources = sources
        self.connectionChanged = connectionChanged
        buffers = sources.map { BatchBuffer(maxBatch: $0.maxBatch) }
        metrics = MessagingMetrics(connection: broker.connectionName)
        state = Mutex(State(acknowledged: Array(repeating: 0, count: sources.count), running: sources.count))
    }

    /// Returns after ``stop()`` or cancellation, when all handlers have returned.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withConnectionThread(named: self.threadName, stop: { self.stop() }) { self.runThread() }
            }
            for index in sources.indices {
                group.addTask { await self.handleBatches(of: index) }
            }
        }
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        wakeUp.signal()
    }

    var isStopping: Bool { state.withLock { $0.isStopping } }

    // MARK: The connection's thread

    private func runThread() {
        let reconnector = Reconnector(
            broker: broker,
            wakeUp: wakeUp,
            metrics: metrics,
            isStopping: { self.isStopping }
        )
        reconnector.run { connection in
            let loop = ConsumeLoop(connection: connection, engine: self, generation: beginGeneration())
            defer { endGeneration() }
            try loop.serve()
        }
        for buffer in buffers { buffer.close(discarding: true) }
        gate.finish()
    }

    private func beginGeneration() -> Int {
        let generation = state.withLock { state in
            state.generation += 1
            state.acknowledged = Array(repeating: 0, count: sources.count)
            state.failed = nil
            return state.generation
        }
        for buffer in buffers { buffer.reset(generation: generation) }
        return generation
    }

    /// All sources are consumed.
    func attached() {
        gate.open()
        connectionChanged(true)
    }

    private func endGeneration() {
        guard gate.isOpen else { return }
        gate.close()
        connectionChanged(false)
    }

    func takeTurn() -> Turn {
        state.withLock { state in
            defer { for index in sources.indices { state.acknowledged[index] = 0 } }
            return Turn(
                isStopping: state.isStopping,
                acknowledged: state.acknowledged,
                running: state.running,
                failure: state.failed.flatMap { $0.generation == state.generation ? $0.reason : nil }
            )
        }
    }

    // MARK: The handlers' tasks

    private func handleBatches(of index: Int) async {
        let source = sources[index]
        // What came over the same connection behind a failed batch must not be acknowledged before it.
        var failedGeneration = 0
        while let batch = await buffers[index].next() {
            guard batch.generation != failedGeneration else { continue }
            let start = ContinuousClock.now
            do {
                try await source.handle(batch)
                metrics.processDuration.record(since: start)
                acknowledge(batch, of: index)
            } catch {
                Logger(label: "omoi.messaging").warning(
                    "a batch could not be handled; it comes again over a new connection",
                    metadata: ["queue": "\(source.queue)", "count": "\(batch.deliveries.count)", "cause": "\(error)"]
                )
                failedGeneration = batch.generation
                fail(batch, "the handler of \(source.queue) failed")
            }
        }
        state.withLock { $0.running -= 1 }
        wakeUp.signal()
    }

    private func acknowledge(_ batch: BatchBuffer.Batch, of index: Int) {
        state.withLock { state in
            // A tag of an earlier connection would close the channel of this one.
            guard batch.generation == state.generation else { return }
            state.acknowledged[index] = batch.lastTag
        }
        wakeUp.signal()
    }

    private func fail(_ batch: BatchBuffer.Batch, _ reason: String) {
        state.withLock { $0.failed = (batch.generation, reason) }
        wakeUp.signal()
    }
}
