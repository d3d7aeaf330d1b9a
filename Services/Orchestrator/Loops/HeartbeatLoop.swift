import Contracts
import Kernel
import Logging
import Metrics
import ServiceLifecycle

/// Tells the workflow every few seconds everything that is here, which renews the leases, and obeys what it answers.
package final class HeartbeatLoop: Service {
    /// Tells the workflow; throws its ``Fault``.
    package typealias Tell = @Sendable (Heartbeat) async throws -> HeartbeatReply

    private let fleet: Fleet
    private let interval: Duration
    private let tell: Tell

    package init(fleet: Fleet, interval: Duration, tell: @escaping Tell) {
        self.fleet = fleet
        self.interval = interval
        self.tell = tell
    }

    package func run() async throws {
        try await untilStopped {
            var heard = true
            while !Task.isCancelled {
                do {
                    try await self.beat()
                    if !heard { self.fleet.logger.info("the workflow answers heartbeats again") }
                    heard = true
                } catch {
                    if Task.isCancelled { return }
                    // Nothing is lost: while the workflow cannot hear us its leases do not run.
                    if heard { self.warn("a heartbeat was not answered", error) }
                    heard = false
                }
                try await Task.sleep(for: self.interval)
            }
        }
    }

    private func warn(_ message: Logger.Message, _ error: any Error) {
        fleet.logger.warning(message, metadata: ["error": "\(Fleet.describe(error))"])
    }

    /// One beat.
    package func beat() async throws {
        let inventory = try await fleet.store.live().map { row in
            var item = row.inventoryItem
            item.lastActivityAt = fleet.activity(of: row.id) ?? item.lastActivityAt
            return item
        }
        let capacity = fleet.capacity
        Metrics.Gauge(label: "omoi_orchestrator_slots").record(capacity.slots)
        Metrics.Gauge(label: "omoi_orchestrator_slots_used").record(capacity.used)
        let reply = try await tell(Heartbeat(instance: fleet.instance, capacity: capacity, sandboxes: inventory))
        let known = Set(inventory.lazy.filter { $0.fence != nil }.map(\.id))
        // The answer judges what was told. A sandbox that still waited for its claim then may have a good one by now.
        for stop in reply.stop where known.contains(stop.id) {
            try await fleet.apply(.stop(reason: stop.reason), to: stop.id)
        }
    }
}
