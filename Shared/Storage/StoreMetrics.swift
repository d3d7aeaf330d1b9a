import Glibc
import Kernel
import Metrics

/// What a store measures about its commits.
struct StoreMetrics: Sendable {
    private let commits: Counter
    private let units: Counter
    private let failures: Counter
    private let unitsPerCommit: Recorder
    private let duration: Metrics.Timer
    private let walBytes: Gauge
    private let walPath: String

    init(path: String) {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        let dimensions = [("store", file)]
        commits = Counter(label: "omoi_store_commits_total", dimensions: dimensions)
        units = Counter(label: "omoi_store_units_total", dimensions: dimensions)
        failures = Counter(label: "omoi_store_failed_commits_total", dimensions: dimensions)
        unitsPerCommit = Recorder(label: "omoi_store_units_per_commit", dimensions: dimensions)
        duration = Metrics.Timer(label: "omoi_store_commit_seconds", dimensions: dimensions)
        walBytes = Gauge(label: "omoi_store_wal_bytes", dimensions: dimensions)
        walPath = path + "-wal"
    }

    func committed(units count: Int, in time: Duration) {
        commits.increment()
        units.increment(by: count)
        unitsPerCommit.record(count)
        duration.recordNanoseconds(Int64(time.seconds * 1e9))
        var status = stat()
        if stat(walPath, &status) == 0 { walBytes.record(Int(status.st_size)) }
    }

    func failed() { failures.increment() }
}
