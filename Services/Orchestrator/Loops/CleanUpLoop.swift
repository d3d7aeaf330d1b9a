import Contracts
import Kernel
import Logging
import ServiceLifecycle

/// Removes the directories of sandboxes that ended some time ago, and later their rows.
///
/// Only what a row of ours names is ever touched; a folder nobody knows stays where it is.
package final class CleanUpLoop: Service {
    /// How long rows of removed sandboxes are kept.
    static let memory: Duration = .seconds(7 * 86_400)
    static let batch = 50

    private let fleet: Fleet
    private let grace: Duration
    private let interval: Duration

    /// - Parameter grace: from the end of a sandbox to the removal of its directory, for a look into its log.
    package init(fleet: Fleet, grace: Duration, interval: Duration = .seconds(15)) {
        self.fleet = fleet
        self.grace = grace
        self.interval = interval
    }

    package func run() async throws {
        try await untilStopped {
            while !Task.isCancelled {
                try await self.cleanUp()
                try await Task.sleep(for: self.interval)
            }
        }
    }

    /// Cleans up everything that is due.
    package func cleanUp() async throws {
        for row in try await fleet.store.ended(for: grace, limit: Self.batch) {
            if Task.isCancelled { return }
            let directory = fleet.directory(row.id)
            // A result nobody has answered is worth more than the space it takes.
            guard directory.spool != .unanswered else { continue }
            await fleet.provider.stop(row.handle, in: directory)
            do {
                try await fleet.provider.remove(directory)
            } catch {
                fleet.logger.warning(
                    "cannot remove a sandbox's directory",
                    metadata: ["sandbox": "\(row.id)", "error": "\(Fleet.describe(error))"]
                )
                continue
            }
            try await fleet.apply(.cleanedUp, to: row.id)
        }
        _ = try await fleet.store.prune(olderThan: Self.memory)
    }
}
