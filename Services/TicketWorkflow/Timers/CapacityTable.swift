import Contracts
import Kernel
import Synchronization

/// What every orchestrator said of its slots in its last heartbeat: in memory, because it is outdated after seconds.
final class CapacityTable: Sendable {
    private struct Entry {
        var instance: SandboxCapacity.Instance
        var heardAt: Duration
    }

    private let entries = Mutex<[String: Entry]>([:])

    /// Takes in a heartbeat.
    ///
    /// - Parameter uptime: see ``TimeSource/uptime()``.
    func note(_ instance: String, _ capacity: Capacity, at now: Timestamp, uptime: Duration) {
        let entry = SandboxCapacity.Instance(
            instance: instance,
            slots: capacity.slots,
            used: capacity.used,
            seenAt: now
        )
        entries.withLock { entries in
            entries[instance] = Entry(instance: entry, heardAt: uptime)
            entries = entries.filter { Self.isPresent($0.value, uptime) }
        }
    }

    /// Orchestrators heard of within a lease, by name.
    func present(uptime: Duration) -> [SandboxCapacity.Instance] {
        entries.withLock { entries in
            entries.values.filter { Self.isPresent($0, uptime) }.map(\.instance).sorted { $0.instance < $1.instance }
        }
    }

    private static func isPresent(_ entry: Entry, _ uptime: Duration) -> Bool {
        uptime - entry.heardAt < Limits.lease
    }
}
