import Contracts
import Kernel

extension RetryTask: WorkflowCommand {
    static var access: Access { .member }

    /// A final task stays what it is. Its work gets a new task of the same lineage, and who waited for the old one
    /// waits for the new one.
    func run(_ unit: UnitOfWork) throws -> WorkTask {
        let record = try unit.taskRecord(id)
        let old = record.task
        let ticket = try unit.ticket(old.ticketID)
        _ = try unit.activeProject(old.projectID)
        try checkVersion(ifVersion, old.version, "task")
        switch old.status {
        case .failed, .timedOut, .cancelled: break
        case .completed: throw Fault(.conflict, "the task is completed")
        case .pending, .assigned, .running: throw Fault(.conflict, "the task is \(old.status.rawValue), not over")
        }
        // One that counts no more because its ticket was forced past it has no successor and may still be retried.
        guard try !TaskStore.hasSuccessor(old, in: unit.database) else {
            throw Fault(.conflict, "the task was replaced by a newer one already")
        }
        try unit.checkMayGrow(ticket, in: old.phase)
        var new = old.successor(
            id: .make(bucket: old.id.bucket),
            round: ticket.round,
            keepingCounts: false,
            at: unit.now
        )
        new.reworkOf = old.reworkOf
        try unit.note(task: id) { $0.isCurrent = false }
        try unit.insert(new)
        try DependencyStore.insert(new.dependsOn, of: new.id, in: unit.database)
        if old.status == .cancelled || !record.isCurrent { try unit.recount(ticket: ticket.id, tasks: 1) }
        try unit.repoint(dependentsOf: id, to: new.id)
        try unit.checkCycles(from: [.task(new.id)])
        unit.touch(ticket: ticket.id)
        try unit.settle()
        return try unit.task(new.id)
    }
}

extension UnitOfWork {
    /// Lets pending tasks that wait for one task wait for another that takes its place.
    func repoint(dependentsOf old: Identifier, to new: Identifier) throws {
        try flush()
        for dependent in try DependencyStore.pendingDependents(of: old, in: database) {
            let changed = try update(task: dependent, .taskUpdated) { record in
                record.task.dependsOn = record.task.dependsOn.map { $0 == old ? new : $0 }
            }
            try flush()
            try DependencyStore.set(changed.task.dependsOn, of: dependent, in: database)
            touch(ticket: changed.task.ticketID)
        }
    }
}
