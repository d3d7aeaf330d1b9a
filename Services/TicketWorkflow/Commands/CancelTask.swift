import Contracts
import Kernel

extension CancelTask: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> WorkTask {
        let before = try unit.task(id)
        try unit.actor.checkProject(before.projectID)
        try checkVersion(ifVersion, before.version, "task")
        try unit.cancel(task: id, reason: String(reason.prefix(Limits.reasonLength)))
        try unit.settle()
        return try unit.task(id)
    }
}
