import Contracts
import Kernel

extension VerifyResult: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> TaskResult {
        guard var result = try ResultStore.find(id, in: unit.database) else { throw Fault.notFound("result", id) }
        let project = try unit.task(result.taskID).projectID
        guard unit.actor.projectID ?? project == project else { throw Fault.notFound("result", id) }
        result.verification = TaskResult.Verification(body, by: unit.actor, at: unit.now)
        result.version += 1
        try ResultStore.update(result, in: unit.database)
        try unit.transaction.emit(.resultVerified, EventData(result))
        return result
    }
}
