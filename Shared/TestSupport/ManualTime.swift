import Kernel
import Synchronization

/// Clocks that move only when told to.
package final class ManualTime: TimeSource {
    private let state: Mutex<(now: Timestamp, uptime: Duration)>

    package init(now: Timestamp = Timestamp(milliseconds: 1_800_000_000_000)) {
        state = Mutex((now, .zero))
    }

    package func now() -> Timestamp { state.withLock { $0.now } }

    package func uptime() -> Duration { state.withLock { $0.uptime } }

    /// Moves both clocks forward.
    package func advance(by duration: Duration) {
        state.withLock {
            $0.now = $0.now + duration
            $0.uptime += duration
        }
    }

    /// Moves the wall clock only, as an operator or NTP would.
    package func jump(by duration: Duration) {
        state.withLock { $0.now = $0.now + duration }
    }
}
