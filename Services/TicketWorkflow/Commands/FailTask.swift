import Contracts
import Kernel

extension FailTask: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> FailedTask {
        let before = try unit.task(id)
        try unit.actor.checkProject(before.projectID)
        try checkVersion(ifVersion, before.version, "task")
        let reason = String(reason.prefix(Limits.reasonLength))
        try unit.fail(task: id, reason: reason)
        try unit.settle()
        return FailedTask(
            taskID: id,
            status: try unit.task(id).status,
            reason: reason,
            oldStatus: before.status
        )
    }
}
