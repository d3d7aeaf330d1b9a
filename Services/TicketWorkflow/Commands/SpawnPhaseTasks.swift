import Contracts
import Kernel

extension SpawnPhaseTasks: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> PhaseTasks {
        let ticket = try unit.ticket(id)
        _ = try unit.activeProject(ticket.projectID)
        let phase = phase ?? ticket.phase
        guard phase.hasTasks else {
            throw Fault.invalid("phase_id", "\(phase.rawValue) has no tasks")
        }
        let tasks = try unit.spawnUsualTasks(of: id, in: phase)
        try unit.settle()
        return PhaseTasks(ticketID: id, phase: phase, tasks: try tasks.map { try unit.task($0.id) })
    }
}

extension UnitOfWork {
    /// Makes the usual tasks of the phase that the ticket does not have; asking twice makes nothing twice.
    func spawnUsualTasks(of id: Identifier, in phase: Phase) throws -> [WorkTask] {
        let ticket = try ticket(id)
        let current = try TaskStore.current(of: id, in: database).map(\.task).filter { $0.phase == phase }
        let plans = UsualTasks.missing(in: phase, of: ticket, present: Set(current.map(\.taskType)))
        guard !plans.isEmpty else { return [] }
        try checkMayGrow(ticket, in: phase)
        let settings = try project(ticket.projectID).settings
        let tasks = plans.map { plan in
            WorkTask(
                id: .make(bucket: id.bucket),
                ticketID: id,
                projectID: ticket.projectID,
                phase: phase,
                taskType: plan.taskType,
                title: String(plan.title.prefix(Limits.titleLength)),
                description: ticket.description ?? "",
                priority: plan.priority,
                maxAttempts: settings.maxAttempts,
                round: ticket.round,
                createdAt: now
            )
        }
        try add(tasks, to: id)
        return tasks
    }
}
