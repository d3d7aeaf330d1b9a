import Contracts
import Kernel

extension GenerateTitles: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> TitleRequests {
        let hasModel = unit.environment.configuration.model != nil
        let tasks: [WorkTask]
        if let id {
            tasks = [try unit.task(id)]
            try unit.actor.checkProject(tasks[0].projectID)
        } else {
            tasks = try TaskStore.untitled(
                of: unit.actor.projectID,
                includesDerived: hasModel,
                limit: min(limit, Limits.titlesPerRequest),
                in: unit.database
            )
        }
        let items = try tasks.map { task in
            TitleRequests.Item(taskID: task.id, effectID: hasModel ? try ask(task, unit) : try derive(task, unit))
        }
        try unit.settle()
        return TitleRequests(tasks: items)
    }

    private func ask(_ task: WorkTask, _ unit: UnitOfWork) throws -> Identifier {
        // Asked for twice, called once.
        if let pending = try EffectStore.pending(TaskTitle.kind, subject: task.id, in: unit.database) { return pending }
        return try unit.request(
            TaskTitle(taskID: task.id, seen: task.title, context: context),
            subject: task.id,
            project: task.projectID
        )
    }

    private func derive(_ task: WorkTask, _ unit: UnitOfWork) throws -> Identifier? {
        let title = ShortTitle.derive(from: task.description) ?? ShortTitle.derive(from: task.title) ?? task.title
        if title != task.title || task.titleSource != .derived {
            try unit.update(task: task.id, .taskUpdated) { record in
                record.task.title = title
                record.task.titleSource = .derived
            }
        }
        return nil
    }
}
