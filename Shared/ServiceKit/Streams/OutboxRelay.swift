import Kernel
import Logging
import Messaging
import Metrics
import ServiceLifecycle
import Storage
import Synchronization

/// Publishes the outbox in commit order and remembers how far the broker confirmed.
///
/// One watermark: everything up to it is confirmed. Each round publishes the entries after it and moves it over the
/// contiguous confirmed prefix; the next entries are read while the broker works. The watermark rides along with the
/// store's next commit and gets one of its own only when nothing new has come for a second. After a nack, a return or a
/// lost connection it pauses and goes on from the lowest unconfirmed entry, so an entry may be published twice but
/// never before its predecessor was confirmed for good. No transaction is open while publishing.
package final class OutboxRelay: Service {
    /// Time a graceful stop spends on what is still in the outbox.
    private static let flush: Duration = .seconds(3)
    private static let pruneInterval: Duration = .seconds(10)

    private let store: Store
    private let publisher: Publisher
    private let time: any TimeSource
    private let appID: String
    private let logger: Logger
    private let batch: Int
    private let backoff = Backoff(base: .milliseconds(100), cap: .seconds(10), jitter: 0.2)
    private let stopping = Atomic<Bool>(false)
    private let published = Counter(label: "omoi_outbox_published")
    private let oldest = Gauge(label: "omoi_outbox_oldest_unconfirmed_age_seconds")

    /// - Parameters:
    ///   - appID: the service's name, `app_id` of its events.
    ///   - batch: entries published at once.
    package init(
        store: Store,
        publisher: Publisher,
        time: any TimeSource = SystemTime(),
        appID: String,
        batch: Int = Limits.confirmWindow * 2
    ) {
        self.store = store
        self.publisher = publisher
        self.time = time
        self.appID = appID
        self.batch = batch
        logger = Logger(label: "outbox")
    }

    /// Relays until the process stops, then publishes what is left for a few seconds.
    ///
    /// - Throws: when the store failed.
    package func run() async throws {
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await relay()
        } onCancelOrGracefulShutdown: {
            self.stopping.store(true, ordering: .releasing)
        }
    }

    private var isStopping: Bool { stopping.load(ordering: .acquiring) }

    private func relay() async throws {
        var position = try await store.read { try Outbox.position(in: $0) }
        var saved = position
        var entries = try await read(after: position)
        var failures = 0
        var lastPrune = time.uptime()
        var flushUntil: Duration?
        while true {
            if isStopping {
                let end = flushUntil ?? time.uptime() + Self.flush
                flushUntil = end
                if entries.isEmpty || time.uptime() > end || Task.isCancelled { break }
            }
            if time.uptime() - lastPrune > Self.pruneInterval {
                try await prune()
                lastPrune = time.uptime()
            }
            guard let first = entries.first, let last = entries.last else {
                oldest.record(0)
                await waitForEntries()
                entries = try await read(after: position)
                if entries.isEmpty, saved != position {
                    try await save(position)
                    saved = position
                }
                continue
            }
            oldest.record(max(0, (time.now() - first.at).seconds))
            guard await isConnected() else { continue }

            async let ahead = read(after: last.sequence)
            let outcomes = await publish(entries)
            let next = try await ahead
            let confirmed = outcomes.prefix { $0 == .confirmed }.count
            if confirmed > 0 {
                FaultPoint.reach("after-publish-before-position")
                published.increment(by: confirmed)
                position = entries[confirmed - 1].sequence
                store.note(outboxPosition: position)
            }
            if confirmed == entries.count {
                failures = 0
                entries = next.isEmpty ? try await read(after: position) : next
            } else {
                failures = confirmed > 0 ? 1 : failures + 1
                await pause(after: failures, at: entries[confirmed], outcomes[confirmed])
                entries = try await read(after: position)
            }
        }
        if saved != position { try await save(position) }
    }

    private func save(_ position: Int64) async throws {
        try await store.write { try Outbox.setPosition(position, in: $0) }
    }

    private func read(after position: Int64) async throws -> [OutboxEntry] {
        try await store.read { [batch] in try Outbox.entries(after: position, limit: batch, in: $0) }
    }

    /// A graceful stop ends the waiting for a connection; what is in flight is waited for.
    private func publish(_ entries: [OutboxEntry]) async -> [PublishOutcome] {
        let messages = entries.map(message)
        if isStopping { return await publisher.publish(messages) }
        return await cancelWhenGracefulShutdown { [publisher] in await publisher.publish(messages) }
    }

    private func message(_ entry: OutboxEntry) -> OutgoingMessage {
        let properties = MessageProperties(
            messageID: entry.id.description,
            type: entry.type,
            appID: appID,
            contentType: entry.contentType,
            timestamp: entry.at,
            persistent: true,
            headers: entry.headers
        )
        return OutgoingMessage(
            exchange: entry.exchange,
            routingKey: entry.routingKey,
            properties: properties,
            body: entry.body,
            mandatory: true
        )
    }

    /// Waits for new entries; the second is a safety net.
    private func waitForEntries() async {
        await cancelWhenGracefulShutdown { [store] in await store.waitForOutbox(timeout: .seconds(1)) }
    }

    /// Looks at the connection for at most a tenth of a second, so that a stop is noticed in time.
    private func isConnected() async -> Bool {
        if publisher.isConnected { return true }
        try? await Task.sleep(for: .milliseconds(isStopping ? 10 : 100))
        return publisher.isConnected
    }

    private func pause(after failures: Int, at entry: OutboxEntry, _ outcome: PublishOutcome) async {
        let (label, text) =
            switch outcome {
            case .confirmed: ("confirmed", "confirmed")
            case .nacked: ("nacked", "refused by the broker")
            case .returned(let code, let text): ("returned", "returned: \(code) \(text)")
            case .unknown: ("unknown", "connection lost")
            }
        Counter(label: "omoi_outbox_failures", dimensions: [("type", entry.type), ("outcome", label)]).increment()
        logger.warning(
            "publishing paused",
            metadata: [
                "type": "\(entry.type)", "id": "\(entry.id)", "outcome": "\(text)", "failures": "\(failures)",
                "age_seconds": "\(Int((time.now() - entry.at).seconds))",
            ]
        )
        let delay = backoff.delay(afterAttempt: failures, random: .random(in: 0..<1))
        // A graceful stop must not wait for a long back-off; the flush tries once more without it.
        try? await cancelWhenGracefulShutdown { try await Task.sleep(for: delay) }
    }

    private func prune() async throws {
        while try await store.write({ try Outbox.prune(keeping: Limits.outboxKeepRows, in: $0) }) >= Limits.pruneBatch {
        }
    }
}
