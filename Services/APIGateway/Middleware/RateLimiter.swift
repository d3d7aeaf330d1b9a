import Kernel
import Synchronization

/// Counts requests per token and family of routes: a bucket that holds the requests of one window and fills up evenly.
final class RateLimiter: Sendable {
    /// How a caller stands after a request.
    struct Standing: Sendable, Equatable {
        var isAdmitted: Bool
        /// Requests left right now.
        var remaining: Int
        /// Until the bucket is full again.
        var untilFull: Duration
        /// Until the next request is admitted; zero when it would be at once.
        var untilNext: Duration
    }

    private struct Key: Hashable {
        let token: Identifier
        let family: String
    }

    private struct Bucket {
        var level: Double
        var at: Duration
    }

    /// Requests per window; 0: no limit.
    let limit: Int
    private let time: any TimeSource
    private let buckets = Mutex<[Key: Bucket]>([:])

    init(limit: Int, time: any TimeSource) {
        self.limit = limit
        self.time = time
    }

    /// Counts one request; nil when there is no limit.
    func count(_ token: Identifier, _ family: String) -> Standing? {
        guard limit > 0 else { return nil }
        let now = time.uptime()
        let key = Key(token: token, family: family)
        return buckets.withLock { buckets in
            var bucket = buckets[key] ?? Bucket(level: Double(limit), at: now)
            bucket.level = level(of: bucket, at: now)
            bucket.at = now
            let isAdmitted = bucket.level >= 1
            if isAdmitted { bucket.level -= 1 }
            if buckets[key] == nil, buckets.count >= Limits.rateBuckets { makeRoom(in: &buckets, at: now) }
            buckets[key] = bucket
            return Standing(
                isAdmitted: isAdmitted,
                remaining: Int(bucket.level),
                untilFull: interval * (Double(limit) - bucket.level),
                untilNext: bucket.level >= 1 ? .zero : interval * (1 - bucket.level)
            )
        }
    }

    /// Pairs of token and family that are watched.
    var watched: Int { buckets.withLock { $0.count } }

    /// Time in which one request is earned.
    private var interval: Duration { Limits.rateWindow / limit }

    private func level(of bucket: Bucket, at now: Duration) -> Double {
        min(Double(limit), bucket.level + (now - bucket.at) / interval)
    }

    /// Full buckets say nothing and go; when none is full, the fullest half goes.
    private func makeRoom(in buckets: inout [Key: Bucket], at now: Duration) {
        buckets = buckets.filter { level(of: $0.value, at: now) < Double(limit) }
        guard buckets.count >= Limits.rateBuckets else { return }
        let emptiest = buckets.sorted { level(of: $0.value, at: now) < level(of: $1.value, at: now) }
        buckets = Dictionary(emptiest.prefix(Limits.rateBuckets / 2).map { ($0.key, $0.value) }) { first, _ in first }
    }
}
