import Contracts
import GRDB
import HTTPClient
import Kernel
import Logging
import Metrics
import ServiceKit
import ServiceLifecycle
import Storage
import Synchronization

/// Performs the effects whose rows are due, a bounded number at once, outside of any transaction.
final class EffectLoop: Service {
    private static let interval: Duration = .milliseconds(100)
    /// Between calls that failed.
    private static let backoff = Backoff(base: .seconds(2), cap: .seconds(300), jitter: 0.25)
    private static let pruning: Duration = .seconds(60)

    private let store: Store
    private let source: String
    private let environment: WorkflowEnvironment
    private let outside: Outside
    private let kinds: [String: any Effect.Type]
    private let running = Mutex(0)
    private let logger = Logger(label: "effects")

    /// - Parameters:
    ///   - source: CloudEvents `source` of what follows from an effect.
    ///   - effects: what there is to perform.
    init(
        store: Store,
        source: String,
        environment: WorkflowEnvironment,
        effects: [any Effect.Type] = Workflow.effects
    ) {
        self.store = store
        self.source = source
        self.environment = environment
        outside = Outside(web: WebClient(), store: store, environment: environment)
        kinds = Dictionary(effects.map { ($0.kind, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Performs effects until the process stops. A call that is cut off is made again after the next start.
    ///
    /// - Throws: when the store failed.
    func run() async throws {
        try await store.write { try EffectStore.restore(in: $0) }
        try await cancelWhenGracefulShutdown { [self] in
            try await withThrowingDiscardingTaskGroup { group in
                var looked: Duration?
                var pruned: Duration?
                while !Task.isCancelled {
                    let uptime = environment.time.uptime()
                    // Without a signal there are only retries to look for, and what a full house left over.
                    if environment.effects.take() || looked.map({ uptime - $0 >= .seconds(1) }) ?? true {
                        looked = uptime
                        for row in try await claim() {
                            group.addTask { await self.perform(row) }
                        }
                    }
                    if pruned.map({ uptime - $0 >= Self.pruning }) ?? true {
                        pruned = uptime
                        try await prune()
                    }
                    // Ends early when the process stops, which the condition sees.
                    try? await Task.sleep(for: Self.interval)
                }
            }
        }
    }

    /// Performs what is due once, one after the other.
    ///
    /// - Returns: how many were called.
    @discardableResult
    func tick() async throws -> Int {
        let rows = try await claim()
        for row in rows { await perform(row) }
        return rows.count
    }

    private func claim() async throws -> [EffectRow] {
        let free = Limits.effectsAtOnce - running.withLock { $0 }
        let now = environment.time.now()
        guard free > 0, try await store.read({ try EffectStore.hasDue(at: now, in: $0) }) else { return [] }
        let rows = try await store.write { try EffectStore.claim(at: now, limit: free, in: $0) }
        running.withLock { $0 += rows.count }
        return rows
    }

    private func prune() async throws {
        let time = environment.time.now() - Limits.effectRetention
        try await store.write { try EffectStore.prune(before: time, in: $0) }
    }

    private func perform(_ row: EffectRow) async {
        defer {
            running.withLock { $0 -= 1 }
            // There is room again for what did not fit.
            environment.effects.raise()
        }
        do {
            guard let type = kinds[row.kind] else {
                throw Fault(.internalError, "nobody performs effects of kind '\(row.kind)'")
            }
            try await perform(type, row)
        } catch is CancellationError {
            return
        } catch {
            let fault = Self.fault(error)
            logger.error(
                "an effect failed",
                metadata: ["kind": "\(row.kind)", "id": "\(row.id)", "error": "\(fault.message)"]
            )
            await giveUp(row, fault)
        }
    }

    private func perform<E: Effect>(_ type: E.Type, _ row: EffectRow) async throws {
        let effect: E = try JSONText.decode(row.request)
        do {
            let answer = try await effect.perform(outside)
            try await conclude(row, effect, .success(answer)) { database, now in
                try EffectStore.finish(row.id, answer: answer, at: now, in: database)
            }
            count(row.kind, "done")
        } catch let error as CancellationError {
            throw error
        } catch let error where row.tries < Limits.effectTries {
            guard let delay = Self.delay(error, row.tries, environment.random()) else {
                return try await fail(row, effect, Self.fault(error))
            }
            let now = environment.time.now()
            let fault = Self.fault(error)
            try await store.write { try EffectStore.postpone(row.id, until: now + delay, fault, at: now, in: $0) }
            count(row.kind, "postponed")
        } catch {
            try await fail(row, effect, Self.fault(error))
        }
    }

    private func fail<E: Effect>(_ row: EffectRow, _ effect: E, _ fault: Fault) async throws {
        try await conclude(row, effect, .failure(fault)) { database, now in
            try EffectStore.fail(row.id, fault, at: now, in: database)
        }
        count(row.kind, "failed")
    }

    /// What follows and the end of the row, in one transaction.
    private func conclude<E: Effect>(
        _ row: EffectRow,
        _ effect: E,
        _ outcome: Result<E.Answer, Fault>,
        _ close: @escaping @Sendable (Database, Timestamp) throws -> Void
    ) async throws {
        let actions = try await store.write { [source, environment] database in
            let transaction = Transaction(
                database,
                now: environment.time.now(),
                actor: .service(Workflow.service),
                source: source
            )
            let unit = UnitOfWork(transaction, environment)
            try effect.conclude(outcome, unit)
            try unit.settle()
            try close(database, unit.now)
            return transaction.actions
        }
        for action in actions { action() }
    }

    /// Ends a row that nobody can conclude.
    private func giveUp(_ row: EffectRow, _ fault: Fault) async {
        do {
            let now = environment.time.now()
            try await store.write { try EffectStore.fail(row.id, fault, at: now, in: $0) }
        } catch {
            // The store is broken, which ends the process; the next one finds the row as it was.
            logger.error("an effect could not be ended", metadata: ["id": "\(row.id)", "error": "\(error)"])
        }
    }

    private func count(_ kind: String, _ outcome: String) {
        Counter(label: "omoi_effects", dimensions: [("kind", kind), ("outcome", outcome)]).increment()
    }

    /// When to call again; nil when that makes no sense.
    private static func delay(_ error: any Error, _ tries: Int, _ random: Double) -> Duration? {
        let usual = backoff.delay(afterAttempt: tries, random: random)
        if let fault = error as? Fault { return fault.retryAfter.map { max($0, usual) } }
        if let failure = error as? HTTPClientError { return failure.isTransient ? usual : nil }
        return nil
    }

    private static func fault(_ error: any Error) -> Fault {
        if let fault = error as? Fault { return fault }
        if let failure = error as? HTTPClientError { return Fault(.unavailable, failure.description) }
        return Fault(.internalError, "the effect failed", cause: error)
    }
}
