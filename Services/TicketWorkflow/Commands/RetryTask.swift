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
        switch old.status {
        case .failed, .timedOut, .cancelled: break
        case .completed: throw Fault(.conflict, "the task is completed")
        case .pending, .assigned, .running: throw Fault(.conflict, "the task is \(old.status.rawValue), not over")
        }
        guard record.isCurrent else { throw Fault(.conflict, "the task was replaced by a newer one already") }
        try unit.checkMayGrow(ticket, in: old.phase)
        let new = WorkTask(
            id: .make(bucket: old.id.bucket),
            ticketID: old.ticketID,
            projectID: old.projectID,
            phase: old.phase,
            taskType: old.taskType,
            title: old.title,
            description: old.description,
            priority: old.priority,
            dependsOn: old.dependsOn,
            maxAttempts: old.maxAttempts,
            timeoutSeconds: old.timeoutSeconds,
            round: ticket.round,
            lineageID: old.lineageID,
            createdAt: unit.now
        )
        try unit.note(task: id) { $0.isCurrent = false }
        try unit.insert(new)
        try DependencyStore.insert(new.dependsOn, of: new.id, in: unit.database)
        if old.status == .cancelled { try unit.recount(ticket: ticket.id, tasks: 1) }
        try repoint(to: new.id, unit)
        try unit.checkCycles(from: [.task(new.id)])
        unit.touch(ticket: ticket.id)
        try unit.settle()
        return try unit.task(new.id)
    }

    private func repoint(to new: Identifier, _ unit: UnitOfWork) throws {
        for dependent in try DependencyStore.pendingDependents(of: id, in: unit.database) {
            let changed = try unit.update(task: dependent, .taskUpdated) { record in
                record.task.dependsOn = record.task.dependsOn.map { $0 == id ? new : $0 }
            }
            try unit.flush()
            try DependencyStore.set(changed.task.dependsOn, of: dependent, in: unit.database)
            unit.touch(ticket: changed.task.ticketID)
        }
    }
}
