import Synchronization

/// Wakes everybody who waits for new events: after each commit, at each heartbeat, and when the relay stops.
///
/// It carries no events. A reader takes a ``mark()`` before it reads the table and waits for anything later than that
/// mark, so a commit between the two is never missed and no reader has a buffer of its own.
package final class EventSignal: Sendable {
    package enum Wake: Sendable, Equatable {
        /// Something was committed since the mark.
        case committed
        /// Time to send a sign of life.
        case heartbeat
        /// The relay stops, or the waiting task was cancelled.
        case closed
    }

    private struct State {
        var commits = 0
        var isClosed = false
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Wake, Never>] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// The number of commits so far.
    package func mark() -> Int { state.withLock { $0.commits } }

    /// Readers waiting right now.
    package var waiterCount: Int { state.withLock { $0.waiters.count } }

    /// Announces a commit.
    package func committed() {
        wakeAll(.committed) { $0.commits += 1 }
    }

    /// Asks every waiting reader for a sign of life.
    package func heartbeat() {
        wakeAll(.heartbeat) { _ in }
    }

    /// Ends every wait, now and later.
    package func close() {
        wakeAll(.closed) { $0.isClosed = true }
    }

    /// Waits for a commit later than `mark`, a heartbeat, or the end.
    package func wait(since mark: Int) async -> Wake {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let immediate: Wake? = state.withLock { state in
                    if state.isClosed || Task.isCancelled { return .closed }
                    if state.commits != mark { return .committed }
                    state.waiters[number] = continuation
                    return nil
                }
                if let immediate { continuation.resume(returning: immediate) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.resume(returning: .closed)
        }
    }

    private func wakeAll(_ wake: Wake, _ change: (inout State) -> Void) {
        let waiters = state.withLock { state in
            change(&state)
            let waiters = state.waiters
            state.waiters.removeAll(keepingCapacity: true)
            return waiters
        }
        for continuation in waiters.values { continuation.resume(returning: wake) }
    }
}
