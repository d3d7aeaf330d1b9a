import Contracts
import Kernel

extension CancelTask: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> WorkTask {
        try unit.actor.checkProject(try unit.task(id).projectID)
        try unit.cancel(task: id, reason: String(reason.prefix(Limits.reasonLength)))
        try unit.settle()
        return try unit.task(id)
    }
}
