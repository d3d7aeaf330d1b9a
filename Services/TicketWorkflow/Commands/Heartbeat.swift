import Contracts
import Kernel

extension Heartbeat: WorkflowCommand {
    static var access: Access { .admin }

    func run(_ unit: UnitOfWork) throws -> HeartbeatReply {
        let leases = unit.environment.leases
        let uptime = unit.environment.time.uptime()
        let open = try AttemptStore.open(heldBy: instance, in: unit.database)
        let named = Set(sandboxes.map(\.id))
        let renewed = open.map(\.sandboxID).filter(named.contains)
        var missing: [Identifier] = []
        for attempt in open where !named.contains(attempt.sandboxID) {
            if leases.wasMissing(attempt.sandboxID, uptime: uptime) {
                try unit.lose(sandbox: attempt.sandboxID, why: "lost: two heartbeats of '\(instance)' did not name it")
            } else {
                missing.append(attempt.sandboxID)
            }
        }
        let stop = try sandboxes.filter { !renewed.contains($0.id) }.compactMap { try verdict($0, unit) }
        let (capacities, now) = (unit.environment.capacities, unit.now)
        unit.transaction.afterCommit { [missing, instance, capacity] in
            leases.beat(renewed: renewed, missing: missing, uptime: uptime)
            capacities.note(instance, capacity, at: now, uptime: uptime)
        }
        try unit.settle()
        return HeartbeatReply(renewed: renewed, stop: stop)
    }

    /// What to do about a sandbox that holds no open attempt of this orchestrator; nil: nothing.
    private func verdict(_ item: Item, _ unit: UnitOfWork) throws -> HeartbeatReply.Stop? {
        guard let attempt = try AttemptStore.find(sandbox: item.id, in: unit.database) else {
            // Not claimed yet, or never: its orchestrator knows.
            return nil
        }
        let record = try unit.taskRecord(attempt.taskID)
        switch attempt.status {
        case .open: return .init(id: item.id, reason: "held-by-another")
        // It has reported and ends by itself.
        case .completed, .failed: return nil
        case .cancelled: return .init(id: item.id, reason: "cancelled")
        case .timedOut: return .init(id: item.id, reason: "timed-out")
        case .lost:
            // While nobody else has taken over it may still deliver.
            let mayDeliver = record.fence == attempt.fence && record.task.status == .pending
            return mayDeliver ? nil : .init(id: item.id, reason: "superseded")
        }
    }
}
