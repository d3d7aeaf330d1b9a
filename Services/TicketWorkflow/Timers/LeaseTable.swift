import Contracts
import Kernel
import Synchronization

/// The leases of open attempts: in memory, on the clock that never jumps.
///
/// The clock runs only while the workflow is consuming: an outage of the control plane costs nobody an attempt. After a
/// start and after a reconnect every lease begins anew.
package final class LeaseTable: Sendable {
    private struct Lease {
        var orchestrator: String
        var expires: Duration
        /// When a heartbeat first did not name the sandbox; nil while it does.
        var missedAt: Duration?
    }

    private struct State {
        var leases: [Identifier: Lease] = [:]
        var isRunning = false
    }

    /// Time without a heartbeat's confirmation after which an attempt is lost.
    package let duration: Duration
    /// Two reports closer together than this are the same beat, sent twice.
    private let beatGap: Duration
    private let state = Mutex(State())

    package init(duration: Duration) {
        self.duration = duration
        beatGap = duration / 15
    }

    /// Begins the lease of an attempt.
    ///
    /// - Parameter uptime: see ``TimeSource/uptime()``; so in every method.
    package func open(_ attempt: Attempt, uptime: Duration) {
        state.withLock { state in
            state.leases[attempt.sandboxID] = Lease(
                orchestrator: attempt.orchestrator,
                expires: uptime + duration,
                missedAt: nil
            )
        }
    }

    /// Ends the lease of a sandbox.
    package func close(_ sandbox: Identifier) {
        state.withLock { state in _ = state.leases.removeValue(forKey: sandbox) }
    }

    /// Whether an earlier heartbeat did not name the sandbox either.
    package func wasMissing(_ sandbox: Identifier, uptime: Duration) -> Bool {
        state.withLock { state in
            guard let missedAt = state.leases[sandbox]?.missedAt else { return false }
            return uptime - missedAt >= beatGap
        }
    }

    /// Takes in a heartbeat: what it named lives on, what it did not name is missing.
    package func beat(renewed: [Identifier], missing: [Identifier], uptime: Duration) {
        state.withLock { state in
            for sandbox in renewed {
                state.leases[sandbox]?.expires = uptime + duration
                state.leases[sandbox]?.missedAt = nil
            }
            for sandbox in missing where state.leases[sandbox]?.missedAt == nil {
                state.leases[sandbox]?.missedAt = uptime
            }
        }
    }

    /// Sandboxes whose lease has run out; none while the clock stands.
    package func expired(uptime: Duration) -> [Identifier] {
        state.withLock { state in
            guard state.isRunning else { return [] }
            return state.leases.filter { $0.value.expires <= uptime }.map(\.key).sorted()
        }
    }

    /// Stops the clock: the workflow hears nobody.
    package func pause() {
        state.withLock { $0.isRunning = false }
    }

    /// Starts the clock, every lease anew. Called at the start and after every reconnect.
    package func restart(uptime: Duration) {
        state.withLock { state in
            state.isRunning = true
            for sandbox in state.leases.keys {
                state.leases[sandbox]?.expires = uptime + duration
                state.leases[sandbox]?.missedAt = nil
            }
        }
    }

    /// Leases running now.
    package var count: Int { state.withLock { $0.leases.count } }
}
