import Contracts
import GRDB
import Kernel
import Logging
import Messaging
import Metrics
import ServiceLifecycle
import Storage

/// Acts on events from a queue: a batch of deliveries is one group commit with a savepoint for each event.
///
/// What cannot be read, or has no handler, becomes a dead letter in the same transaction. An event whose handler fails
/// is parked in the store and tried again, at first after a second, later after up to a minute; after ``tries`` tries
/// it becomes a dead letter. Nothing blocks the queue. Needs ``ServiceMigrations`` in the store.
package final class FactServer: Service, DeadLetterSource {
    /// Tries before a message becomes a dead letter.
    package static let tries = 10

    private let store: Store
    private let source: String
    private let handlers: [EventType: FactHandlers.Handler]
    private let settle: (@Sendable (Transaction) throws -> Void)?
    private let time: any TimeSource
    private let logger: Logger
    private let backoff = Backoff(base: .seconds(1), cap: .seconds(60), jitter: 0.2)
    private let handled: Counter
    private let parked: Counter
    private let buried: Counter

    /// - Parameters:
    ///   - source: CloudEvents `source` of what handlers emit.
    ///   - settle: run at the end of each successful unit, in its savepoint.
    ///   - service: the service's name.
    package init(
        store: Store,
        source: String,
        handlers: FactHandlers,
        settle: (@Sendable (Transaction) throws -> Void)? = nil,
        time: any TimeSource = SystemTime(),
        service: String
    ) {
        self.store = store
        self.source = source
        self.handlers = handlers.all
        self.settle = settle
        self.time = time
        logger = Logger(label: service)
        handled = Counter(label: "omoi_facts", dimensions: [("outcome", "handled")])
        parked = Counter(label: "omoi_facts", dimensions: [("outcome", "parked")])
        buried = Counter(label: "omoi_facts", dimensions: [("outcome", "dead-letter")])
    }

    /// A subscription that acts on everything in `queue`.
    package func subscription(queue: QueueDeclaration) -> Subscription {
        Subscription(queue: queue, prefetch: Limits.prefetch, maxBatch: Limits.batch) { [self] batch in
            try await handle(batch)
        }
    }

    /// Tries parked messages again until the process stops.
    package func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                do {
                    try await retryDue()
                    try await Task.sleep(for: .seconds(1))
                } catch is CancellationError {
                    return
                } catch {
                    // A broken store ends the process through StoreService; anything else may work the next time.
                    logger.error("retrying parked messages failed", metadata: ["reason": "\(error)"])
                    try? await Task.sleep(for: .seconds(1))
                }
            }
        }
    }

    /// Handles one batch.
    ///
    /// - Throws: when the store failed; nothing is acknowledged then.
    func handle(_ batch: [Delivery]) async throws {
        let now = time.now()
        let units = batch.map { delivery in unit(for: delivery, now: now) }
        for result in try await store.write(batch: units) {
            for action in try result.get() { action() }
        }
        FaultPoint.reach("after-commit-before-ack")
    }

    /// Handles the parked messages that are due, once each.
    ///
    /// - Returns: how many were tried.
    @discardableResult
    func retryDue() async throws -> Int {
        let now = time.now()
        let due = try await store.read { try ParkedMessage.due(at: now, limit: Limits.batch, in: $0) }
        let units = due.map { message in retry(message, now: now) }
        for result in try await store.write(batch: units) {
            for action in try result.get() { action() }
        }
        return due.count
    }

    package func replay(_ letter: DeadLetter, in transaction: Transaction) throws -> Bool {
        guard let type = EventType(rawValue: letter.type), handlers[type] != nil else { return false }
        let event = try Self.decode(letter.body)
        let inner = transaction.acting(as: Self.actor(event), traceparent: event.traceparent)
        try run(event, inner)
        transaction.adopt(inner)
        return true
    }

    private typealias Actions = [@Sendable () -> Void]

    private func unit(for delivery: Delivery, now: Timestamp) -> @Sendable (Database) throws -> Actions {
        let event: Event
        do {
            event = try Self.decode(delivery.body)
            guard handlers[event.type] != nil else { throw Fault.notFound("handler for", event.type.rawValue) }
        } catch {
            let reason = HandlerFailure.describe(error)
            return { [buried] database in
                try DeadLetters.insert(
                    source: delivery.queue,
                    type: delivery.properties.type ?? "",
                    reason: reason,
                    messageID: delivery.properties.messageID,
                    headers: delivery.properties.headers,
                    body: delivery.body,
                    at: now,
                    in: database
                )
                return [{ buried.increment() }]
            }
        }
        let next = now + backoff.delay(afterAttempt: 1, random: .random(in: 0..<1))
        return { [self] database in
            try attempt(event, now: now, database) { error in
                try ParkedMessage.insert(delivery, error: error, next: next, at: now, in: database)
            }
        }
    }

    private func retry(_ message: ParkedMessage, now: Timestamp) -> @Sendable (Database) throws -> Actions {
        let next = now + backoff.delay(afterAttempt: message.attempts + 1, random: .random(in: 0..<1))
        return { [self] database in
            let event: Event
            do {
                event = try Self.decode(message.body)
            } catch {
                try message.bury(reason: HandlerFailure.describe(error), at: now, in: database)
                return [{ [buried] in buried.increment() }]
            }
            var failed = false
            let actions = try attempt(event, now: now, database) { error in
                failed = true
                if message.attempts + 1 >= Self.tries {
                    try message.bury(reason: "failed \(Self.tries) times: \(error)", at: now, in: database)
                } else {
                    try message.postpone(error: error, next: next, in: database)
                }
            }
            if !failed { try message.delete(in: database) }
            return actions
        }
    }

    /// Runs the handler in a savepoint; when it fails its changes are undone and `park` is called with the reason.
    private func attempt(
        _ event: Event,
        now: Timestamp,
        _ database: Database,
        park: (String) throws -> Void
    ) throws -> Actions {
        let transaction = Transaction(
            database,
            now: now,
            actor: Self.actor(event),
            source: source,
            traceparent: event.traceparent
        )
        do {
            try database.inSavepoint {
                try run(event, transaction)
                return .commit
            }
        } catch {
            if HandlerFailure.isOfStore(error) { throw error }
            let reason = HandlerFailure.describe(error)
            logger.warning(
                "fact parked",
                metadata: ["type": "\(event.type.rawValue)", "id": "\(event.id)", "reason": "\(reason)"]
            )
            try park(reason)
            return [{ [parked] in parked.increment() }]
        }
        FaultPoint.reach("before-commit")
        return transaction.actions + [{ [handled] in handled.increment() }]
    }

    private func run(_ event: Event, _ transaction: Transaction) throws {
        do {
            try handlers[event.type]?(event, transaction)
        } catch is KeptFault {
            // The handler refused the event and wants its changes kept: for a fact that is the end of it.
        }
        try settle?(transaction)
    }

    private static func decode(_ body: [UInt8]) throws -> Event {
        try ContractCoder.decode(Event.self, from: body)
    }

    private static func actor(_ event: Event) -> Actor { .service(event.source) }
}
