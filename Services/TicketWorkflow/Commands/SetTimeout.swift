import Contracts
import Kernel

extension SetTimeout: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> TaskTimeout {
        let before = try unit.task(id)
        try unit.actor.checkProject(before.projectID)
        try checkVersion(ifVersion, before.version, "task")
        guard (1...Limits.taskTimeoutSeconds).contains(seconds) else {
            throw Fault.invalid("timeout_seconds", "must be between 1 and \(Limits.taskTimeoutSeconds)")
        }
        try unit.setTimeout(task: id, seconds: seconds)
        try unit.settle()
        return TaskTimeout(taskID: id, timeoutSeconds: seconds, status: try unit.task(id).status)
    }
}
