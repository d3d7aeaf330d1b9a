import Contracts
import Kernel

extension ChangeDependencies: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> WorkTask {
        let task = try unit.task(id)
        try unit.actor.checkProject(task.projectID)
        try checkVersion(ifVersion, task.version, "task")
        guard task.status == .pending else {
            throw Fault(.conflict, "the task is \(task.status.rawValue); dependencies change only while it is pending")
        }
        let after = try dependencies(of: task, unit)
        guard after != task.dependsOn else { return task }
        try unit.update(task: id, .taskUpdated) { $0.task.dependsOn = after }
        try unit.flush()
        try DependencyStore.set(after, of: id, in: unit.database)
        if change != .remove { try unit.checkCycles(from: [.task(id)]) }
        unit.touch(ticket: task.ticketID)
        try unit.settle()
        return try unit.task(id)
    }

    private func dependencies(of task: WorkTask, _ unit: UnitOfWork) throws -> [Identifier] {
        switch change {
        case .add:
            return try unit.checkedDependencies(task.dependsOn + dependsOn, of: task)
        case .replace:
            return try unit.checkedDependencies(dependsOn, of: task)
        case .remove:
            if let stranger = dependsOn.first(where: { !task.dependsOn.contains($0) }) {
                throw Fault.notFound("dependency", stranger)
            }
            return task.dependsOn.filter { !dependsOn.contains($0) }
        }
    }
}
