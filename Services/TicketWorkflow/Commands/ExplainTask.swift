import Contracts
import Kernel

extension ExplainTask: WorkflowQuery {
    static var access: Access { .viewer }

    func run(_ inquiry: Inquiry) throws -> TaskExplanation {
        let database = inquiry.database
        guard let task = try TaskStore.find(id, in: database)?.task else { throw Fault.notFound("task", id) }
        try inquiry.actor.checkProject(task.projectID)
        guard let ticket = try TicketStore.find(task.ticketID, in: database)?.ticket,
            let project = try ProjectStore.find(task.projectID, in: database)
        else { throw Fault.notFound("ticket", task.ticketID) }
        let facts = Readiness.Facts(
            task: task,
            ticket: ticket,
            project: project,
            dependencies: try DependencyStore.dependencies(of: id, in: database),
            openTasks: try ProjectStore.openTasks(of: project.id, in: database),
            now: inquiry.now
        )
        return TaskExplanation(taskID: id, holds: Readiness.holds(facts))
    }
}
