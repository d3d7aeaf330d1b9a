import Kernel
import Logging
import Metrics
import ServiceKit
import ServiceLifecycle
import Storage

/// Deletes events beyond the age and row limits, a small batch per transaction, once a minute.
package struct Retention: Service {
    private let store: Store
    private let age: Duration
    private let rows: Int
    private let revoked: RevokedTokens
    private let time: any TimeSource
    private let pruned = Counter(label: "omoi_relay_pruned_events")

    package init(store: Store, age: Duration, rows: Int, revoked: RevokedTokens, time: any TimeSource = SystemTime()) {
        self.store = store
        self.age = age
        self.rows = rows
        self.revoked = revoked
        self.time = time
    }

    package func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try await prune()
                do {
                    try await Task.sleep(for: .seconds(60))
                } catch is CancellationError {
                    return
                }
            }
        }
    }

    /// One round.
    package func prune() async throws {
        let now = time.now()
        let (oldest, rows) = (now - age, rows)
        var deleted = 0
        repeat {
            deleted = try await store.write { try EventHistory.prune(olderThan: oldest, keeping: rows, in: $0) }
            pruned.increment(by: deleted)
        } while deleted == Limits.pruneBatch
        let kept = try await store.write { database in
            try Revocations.prune(expiredBefore: now, in: database)
            return try Revocations.all(in: database)
        }
        revoked.replace(with: kept)
    }
}
