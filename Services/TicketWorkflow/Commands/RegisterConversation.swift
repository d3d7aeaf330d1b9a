import Contracts
import Kernel

extension RegisterConversation: WorkflowCommand {
    static var access: Access { .participant }

    func run(_ unit: UnitOfWork) throws -> WorkTask {
        let record = try unit.taskRecord(id)
        let task = record.task
        try unit.actor.checkProject(task.projectID)
        let binding = unit.actor.binding
        if let binding {
            guard binding.taskID == id else { throw Fault(.forbidden, "the token belongs to another task") }
            guard binding.fence == record.fence else {
                throw Fault(.attemptSuperseded, "the attempt of this sandbox is over")
            }
        }
        guard task.status == .assigned || task.status == .running, let sandbox = task.sandboxID else {
            throw Fault(.conflict, "the task is \(task.status.rawValue): no sandbox works on it")
        }
        let named = body.sandboxID.flatMap { $0.isEmpty ? nil : $0 }
        if let named, Identifier(named) != sandbox {
            throw Fault(.conflict, "the task is worked on by the sandbox \(sandbox), not '\(named)'")
        }
        guard body.conversationID.contains(where: { !$0.isWhitespace }) else {
            throw Fault.invalid("conversation_id", "must not be empty")
        }
        let directory = body.persistenceDirectory.flatMap { $0.isEmpty ? nil : $0 } ?? task.persistenceDirectory
        guard task.conversationID != body.conversationID || task.persistenceDirectory != directory else { return task }
        return try unit.update(task: id, .taskUpdated) { record in
            record.task.conversationID = body.conversationID
            record.task.persistenceDirectory = directory
        }.task
    }
}
