import Kernel
import Synchronization

/// Guesses when a follower has applied what existed when it attached: RabbitMQ does not tell where a stream ends.
///
/// Caught up = attached and nothing came for 300 ms, or the newest message applied is younger than a second. Message
/// times are whole seconds on the wire, so "younger" allows for one more.
final class FollowerProgress: Sendable {
    private struct State {
        var caughtUp = false
        var quietSince: Duration?
    }

    private static let quiet: Duration = .milliseconds(300)
    private static let young: Duration = .seconds(2)
    private let time: any TimeSource
    private let state = Mutex(State())

    init(time: any TimeSource) {
        self.time = time
    }

    func restart() {
        state.withLock { $0 = State() }
    }

    /// - Parameter newest: time of the last message of a batch that is now durable.
    func note(newest: Timestamp?) {
        let (now, uptime) = (time.now(), time.uptime())
        state.withLock { state in
            state.quietSince = uptime
            if let newest, now - newest < Self.young { state.caughtUp = true }
        }
    }

    func isCaughtUp(isConsuming: Bool) -> Bool {
        let uptime = time.uptime()
        return state.withLock { state in
            if state.caughtUp { return true }
            guard isConsuming else {
                state.quietSince = nil
                return false
            }
            let since = state.quietSince ?? uptime
            state.quietSince = since
            if uptime - since >= Self.quiet { state.caughtUp = true }
            return state.caughtUp
        }
    }
}
