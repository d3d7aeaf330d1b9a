import GRDB
import Kernel
import Logging
import Messaging
import Metrics
import ServiceLifecycle
import Storage
import Synchronization

/// Applies a stream to tables of a store and remembers, in the same transaction, how far.
///
/// A batch is one transaction. When it fails, its messages are applied one by one, and one that cannot be applied
/// becomes a dead letter: it blocks nothing. A stream that was replaced or pruned is noticed by ``StreamReader``: then
/// everything is forgotten (`reset`), rebuilt from elsewhere (`rebuild`) and the stream followed from its first
/// message. The same happens, without the reset, when nothing was ever applied.
package final class StreamFollower: Service, DeadLetterSource {
    /// Applies messages in order; called with one or more.
    package typealias Apply = @Sendable ([Delivery], Database) throws -> Void

    private let broker: BrokerConfiguration
    private let stream: String
    private let topology: Topology
    private let store: Store
    private let apply: Apply
    private let committed: @Sendable () async -> Void
    private let reset: @Sendable (Database) throws -> Void
    private let rebuild: (@Sendable () async throws -> Void)?
    private let time: any TimeSource
    private let progress: FollowerProgress
    private let current = Mutex<StreamReader?>(nil)
    private let stopping = Atomic<Bool>(false)
    private let logger: Logger
    private let applied: Counter
    private let backoff = Backoff(base: .milliseconds(200), cap: .seconds(5), jitter: 0.2)

    /// - Parameters:
    ///   - stream: name of the stream, see ``Topic/log``.
    ///   - topology: declared before reading; holds the stream.
    ///   - apply: inside the transaction.
    ///   - committed: after each durable commit.
    ///   - reset: forgets all rows; inside a transaction that forgets the position too.
    ///   - rebuild: fetches what the stream no longer holds; tried again until it succeeds.
    package init(
        broker: BrokerConfiguration,
        stream: String,
        topology: Topology = .standard,
        store: Store,
        apply: @escaping Apply,
        committed: @escaping @Sendable () async -> Void = {},
        reset: @escaping @Sendable (Database) throws -> Void,
        rebuild: (@Sendable () async throws -> Void)? = nil,
        time: any TimeSource = SystemTime()
    ) {
        self.broker = broker
        self.stream = stream
        self.topology = topology
        self.store = store
        self.apply = apply
        self.committed = committed
        self.reset = reset
        self.rebuild = rebuild
        self.time = time
        progress = FollowerProgress(time: time)
        logger = Logger(label: "follower")
        applied = Counter(label: "omoi_stream_applied", dimensions: [("stream", stream)])
    }

    /// Whether what was in the stream when it was attached has been applied; stays true from then on, until the stream
    /// is replaced. See ``FollowerProgress``.
    package var isCaughtUp: Bool {
        progress.isCaughtUp(isConsuming: current.withLock { $0?.isConsuming ?? false })
    }

    /// Whether the stream is attached now.
    package var isConsuming: Bool { current.withLock { $0?.isConsuming ?? false } }

    /// Follows until the process stops.
    ///
    /// - Throws: when the store failed.
    package func run() async throws {
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await follow()
        } onCancelOrGracefulShutdown: {
            self.stopping.store(true, ordering: .releasing)
            self.current.withLock { $0 }?.stop()
        }
    }

    package func replay(_ letter: DeadLetter, in transaction: Transaction) throws -> Bool {
        guard letter.source == stream else { return false }
        let properties = MessageProperties(
            messageID: letter.messageID,
            type: letter.type,
            timestamp: letter.at,
            headers: letter.headers
        )
        let delivery = Delivery(
            queue: stream,
            exchange: "",
            routingKey: letter.type,
            redelivered: true,
            properties: properties,
            body: letter.body
        )
        try apply([delivery], transaction.database)
        transaction.afterCommit { [committed] in
            // Detached from the transaction on purpose: the hook may wait, a commit must not.
            Task { await committed() }
        }
        return true
    }

    private var isStopping: Bool { stopping.load(ordering: .acquiring) }

    private func follow() async throws {
        var position = try await store.read { [stream] in try FollowerPosition.get(stream: stream, in: $0) }
        while !isStopping {
            progress.restart()
            if position == nil, !(try await rebuildWithRetries()) { return }
            let reader = StreamReader(broker, stream: stream, topology: topology)
            current.withLock { $0 = reader }
            // A stop between the check above and the line above has missed this reader.
            if isStopping { reader.stop() }
            do {
                let start = position.map { StreamStart.at(offset: $0.offset, id: $0.eventID) } ?? .first
                try await reader.run(from: start) { [self] batch in try await handle(batch) }
                return
            } catch is StreamReplaced {
                logger.warning("the stream was replaced or pruned: starting over", metadata: ["stream": "\(stream)"])
                try await store.write { [reset, stream] database in
                    try reset(database)
                    try FollowerPosition.clear(stream: stream, in: database)
                }
                position = nil
            }
        }
    }

    /// - Returns: false when the process stops first.
    private func rebuildWithRetries() async throws -> Bool {
        guard let rebuild else { return true }
        var failures = 0
        while !isStopping {
            do {
                try await cancelWhenGracefulShutdown { try await rebuild() }
                return true
            } catch {
                if isStopping { return false }
                if store.isBroken { throw error }
                failures += 1
                logger.warning(
                    "rebuilding failed, trying again",
                    metadata: ["stream": "\(stream)", "reason": "\(HandlerFailure.describe(error))"]
                )
                let delay = backoff.delay(afterAttempt: failures, random: .random(in: 0..<1))
                try? await cancelWhenGracefulShutdown { try await Task.sleep(for: delay) }
            }
        }
        return false
    }

    private func handle(_ batch: [Delivery]) async throws {
        guard let last = batch.last, let offset = last.offset else { return }
        let position = FollowerPosition(
            offset: offset,
            eventID: last.properties.messageID.flatMap { Identifier($0) }
        )
        do {
            try await store.write { [apply, stream] database in
                try apply(batch, database)
                try position.set(stream: stream, in: database)
            }
        } catch {
            if store.isBroken || HandlerFailure.isOfStore(error) { throw error }
            try await applySingly(batch, then: position)
        }
        FaultPoint.reach("after-commit-before-ack")
        applied.increment(by: batch.count)
        progress.note(newest: last.properties.timestamp)
        await committed()
    }

    private func applySingly(_ batch: [Delivery], then position: FollowerPosition) async throws {
        let now = time.now()
        try await store.write { [apply, stream, logger] database in
            for delivery in batch {
                do {
                    try database.inSavepoint {
                        try apply([delivery], database)
                        return .commit
                    }
                } catch {
                    if HandlerFailure.isOfStore(error) { throw error }
                    let reason = HandlerFailure.describe(error)
                    logger.error(
                        "message cannot be applied",
                        metadata: [
                            "stream": "\(stream)", "id": "\(delivery.properties.messageID ?? "none")",
                            "reason": "\(reason)",
                        ]
                    )
                    try DeadLetters.insert(
                        source: stream,
                        type: delivery.properties.type ?? "",
                        reason: reason,
                        messageID: delivery.properties.messageID,
                        headers: delivery.properties.headers,
                        body: delivery.body,
                        at: now,
                        in: database
                    )
                }
            }
            try position.set(stream: stream, in: database)
        }
    }
}
