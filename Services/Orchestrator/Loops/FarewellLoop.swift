import Kernel
import Logging
import ServiceLifecycle

/// When configured so, ends all sandboxes with the orchestrator; otherwise they go on and are found again.
///
/// It stands after the supervision and before the dispatch in the list of services: at a graceful stop nothing new is
/// started any more and the supervision still reports every end.
package final class FarewellLoop: Service {
    /// Why these sandboxes fail; the workflow counts it as a loss of the platform and tries again.
    package static let reason = "orchestrator-stopped"
    /// Longest wait for their ends; below the time a graceful stop may take.
    package static let patience: Duration = .seconds(7)

    private let fleet: Fleet

    package init(fleet: Fleet) {
        self.fleet = fleet
    }

    package func run() async throws {
        do {
            try await gracefulShutdown()
        } catch {
            // Cancelled: the process ends because of a failure, and its sandboxes are found again.
            return
        }
        try await endAll()
    }

    /// Stops every sandbox and waits until their ends are reported.
    package func endAll(within limit: Duration = FarewellLoop.patience) async throws {
        for row in try await fleet.store.live() where row.state != .pending {
            try await fleet.apply(.stop(reason: Self.reason), to: row.id)
        }
        let end = fleet.time.uptime() + limit
        while fleet.time.uptime() < end, !Task.isCancelled {
            // A result that still has to be answered waits for the next start.
            let rows = try await fleet.store.live()
            guard rows.contains(where: { $0.state == .running }) else { return }
            await fleet.ended.wait(timeout: .milliseconds(200))
        }
        fleet.logger.warning("some sandboxes have not ended in time and go on")
    }
}
