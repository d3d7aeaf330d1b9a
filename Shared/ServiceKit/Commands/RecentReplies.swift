import Kernel
import Synchronization

/// The replies of the last seconds by command id: a command that is sent again because its connection broke gets the
/// same answer, not a second effect.
///
/// It covers a command's deadline and does not survive the process: after a crash handlers are protected by their own
/// keys or by the caller's.
final class RecentReplies: Sendable {
    private struct Entry {
        let outcome: CommandOutcome
        let at: Duration
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var order: [String] = []
        var head = 0
        var bytes = 0
    }

    private static let count = 4096
    private static let bytes = 16 << 20
    private let state = Mutex(State())

    func find(_ id: String?) -> CommandOutcome? {
        guard let id else { return nil }
        return state.withLock { $0.entries[id]?.outcome }
    }

    /// - Parameter uptime: when the reply was made, see ``TimeSource/uptime()``.
    func insert(_ outcome: CommandOutcome, for id: String?, uptime: Duration) {
        guard let id else { return }
        state.withLock { state in
            var outcome = outcome
            outcome.actions = []
            guard state.entries.updateValue(Entry(outcome: outcome, at: uptime), forKey: id) == nil else { return }
            state.order.append(id)
            state.bytes += outcome.body.count
            Self.evict(&state, uptime)
        }
    }

    private static func evict(_ state: inout State, _ uptime: Duration) {
        while state.head < state.order.count, let oldest = state.entries[state.order[state.head]] {
            let isOld = uptime - oldest.at > Limits.commandDeadline * 2
            guard isOld || state.order.count - state.head > count || state.bytes > bytes else { break }
            state.entries[state.order[state.head]] = nil
            state.bytes -= oldest.outcome.body.count
            state.head += 1
        }
        if state.head > count {
            state.order.removeFirst(state.head)
            state.head = 0
        }
    }
}
