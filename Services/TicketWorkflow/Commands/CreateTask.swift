import Contracts
import Kernel

extension CreateTask: WorkflowCommand {
    static var access: Access { .planner }

    func run(_ unit: UnitOfWork) throws -> WorkTask {
        let ticket = try unit.ticket(body.ticketID)
        let project = try unit.activeProject(ticket.projectID)
        try unit.checkMayPlan(in: ticket)
        try checkTitle(body.title, field: "title")
        let phase = try taskPhase(body.phase, of: ticket, field: "phase_id")
        try unit.checkMayGrow(ticket, in: phase)
        var task = WorkTask(
            id: .make(bucket: ticket.id.bucket),
            ticketID: ticket.id,
            projectID: project.id,
            phase: phase,
            taskType: body.taskType ?? "implementation",
            title: body.title,
            description: body.description ?? "",
            priority: body.priority ?? ticket.priority,
            maxAttempts: project.settings.maxAttempts,
            timeoutSeconds: body.timeoutSeconds,
            round: ticket.round,
            createdAt: unit.now
        )
        task.deadlineAt = body.deadlineAt
        task.dependsOn = try unit.checkedDependencies(body.dependsOn ?? [], of: task)
        try unit.insert(task)
        try unit.recount(ticket: ticket.id, tasks: 1)
        if !task.dependsOn.isEmpty {
            try DependencyStore.insert(task.dependsOn, of: task.id, in: unit.database)
            try unit.checkCycles(from: [.task(task.id)])
        }
        unit.touch(ticket: ticket.id)
        try unit.settle()
        return try unit.task(task.id)
    }
}

extension UnitOfWork {
    /// Whether the ticket takes another task of this phase.
    ///
    /// - Throws: ``Fault`` `ticket-done`, `conflict`, or `tasks-open` when the ticket would have to go back while tasks
    ///   of a later phase are being worked on.
    func checkMayGrow(_ ticket: Ticket, in phase: Phase) throws {
        if ticket.phase == .done { throw Fault(.ticketDone, "\(ticket.key) is done and takes no more tasks") }
        if ticket.archived { throw Fault(.conflict, "\(ticket.key) is archived") }
        if ticket.taskCount >= Limits.tasksPerTicket {
            throw Fault(.conflict, "\(ticket.key) has \(Limits.tasksPerTicket) tasks, which is the limit")
        }
        guard phase < ticket.phase else { return }
        let tallies = try TaskStore.tallies(of: ticket.id, in: database)
        let active = tallies.values.reduce(0) { $0 + $1.active }
        guard active == 0 else {
            throw Fault(
                .tasksOpen,
                "\(ticket.key) would have to go back to \(phase.rawValue), but \(active) of its tasks are being "
                    + "worked on; wait for them or cancel them"
            )
        }
    }

    /// The dependencies without repetitions, each an existing other task of the project.
    func checkedDependencies(_ ids: [Identifier], of task: WorkTask) throws -> [Identifier] {
        guard ids.count <= Limits.dependenciesPerTask else {
            throw Fault.invalid("depends_on", "must be at most \(Limits.dependenciesPerTask)")
        }
        var result: [Identifier] = []
        for (index, id) in ids.enumerated() where !result.contains(id) {
            let field = "depends_on[\(index)]"
            guard id != task.id else { throw Fault.invalid(field, "a task cannot depend on itself") }
            try checkDependency(id, of: task.projectID, field: field)
            result.append(id)
        }
        return result
    }
}
