import Kernel
import Metrics

/// What one connection tells the metrics system. Counters are raised once per turn of the connection's thread.
struct MessagingMetrics: Sendable {
    let confirmed: Counter
    let nacked: Counter
    let returned: Counter
    let unknown: Counter
    let dropped: Counter
    let consumed: Counter
    let replies: Counter
    let connects: Counter
    let failures: Counter
    let cancels: Counter
    /// Messages published and not yet settled.
    let inFlight: Gauge
    /// 1 while the broker refuses to take messages because of a resource alarm.
    let blocked: Gauge
    let connected: Gauge
    /// From the call to the last outcome of its batch.
    let publishDuration: Timer
    /// Time a handler took for one batch.
    let processDuration: Timer

    init(connection: String) {
        let here = [("connection", connection)]
        func sent(_ outcome: String) -> Counter {
            Counter(label: "messaging_sent_messages_total", dimensions: here + [("outcome", outcome)])
        }
        confirmed = sent("confirmed")
        nacked = sent("nacked")
        returned = sent("returned")
        unknown = sent("unknown")
        dropped = sent("dropped")
        consumed = Counter(label: "messaging_consumed_messages_total", dimensions: here)
        replies = Counter(label: "messaging_replies_total", dimensions: here)
        connects = Counter(label: "messaging_connects_total", dimensions: here)
        failures = Counter(label: "messaging_connection_failures_total", dimensions: here)
        cancels = Counter(label: "messaging_consumer_cancels_total", dimensions: here)
        inFlight = Gauge(label: "messaging_in_flight_messages", dimensions: here)
        blocked = Gauge(label: "messaging_blocked", dimensions: here)
        connected = Gauge(label: "messaging_connected", dimensions: here)
        publishDuration = Timer(label: "messaging_publish_duration_seconds", dimensions: here)
        processDuration = Timer(label: "messaging_process_duration_seconds", dimensions: here)
    }
}

extension Timer {
    /// Records the time since `start`.
    func record(since start: ContinuousClock.Instant) {
        let elapsed = start.duration(to: .now)
        recordNanoseconds(elapsed.components.seconds * 1_000_000_000 + elapsed.components.attoseconds / 1_000_000_000)
    }
}
