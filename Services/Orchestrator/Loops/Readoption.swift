import Contracts
import Kernel
import Logging

/// Takes over, before anything else runs, the sandboxes an earlier run of this orchestrator left behind.
package struct Readoption: Sendable {
    private let fleet: Fleet

    package init(fleet: Fleet) {
        self.fleet = fleet
    }

    /// Counts every live sandbox, hands running ones to the supervision and finds out about half-created ones.
    ///
    /// - Returns: the sandboxes that have to ask the workflow again with the same id: those without an answer, and
    ///   those whose worker was certainly never started.
    package func run() async throws -> [Identifier] {
        var undecided: [Identifier] = []
        for row in try await fleet.store.live() {
            fleet.occupy(row.id)
            switch row.state {
            case .pending:
                undecided.append(row.id)
            case .creating:
                if try await !resolve(row) { undecided.append(row.id) }
            case .running:
                guard let handle = row.handle else { continue }
                fleet.enqueue(.watch(row.id, handle))
                if row.stopReason != nil { fleet.enqueue(.kill(row.id)) }
            case .completing:
                fleet.enqueue(.submit(row.id))
            case .completed, .failed, .terminated:
                continue
            }
            fleet.logger.info(
                "took over a sandbox",
                metadata: ["sandbox": "\(row.id)", "state": "\(row.state.rawValue)"]
            )
        }
        return undecided
    }

    /// Looks up a sandbox whose creation had begun.
    ///
    /// - Returns: false when its worker was certainly never started.
    private func resolve(_ row: SandboxRow) async throws -> Bool {
        let directory = fleet.directory(row.id)
        if let handle = fleet.provider.find(in: directory) {
            try await fleet.apply(.created, to: row.id) { row in row.handle = handle }
            fleet.enqueue(.watch(row.id, handle))
            return true
        }
        if directory.wasEntered {
            // It ran and ended while nobody looked.
            await fleet.provider.stop(nil, in: directory)
            try await fleet.apply(.exited(directory.spool), to: row.id)
            return true
        }
        if directory.wasOpened {
            // Its start had begun and nothing came of it.
            try await fleet.apply(.notCreated(reason: SandboxStateMachine.Reason.startLost), to: row.id)
            return true
        }
        return false
    }
}
