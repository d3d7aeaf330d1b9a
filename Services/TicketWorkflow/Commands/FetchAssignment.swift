import Contracts
import Kernel

extension FetchAssignment: WorkflowQuery {
    static var access: Access { .sandbox }

    func run(_ inquiry: Inquiry) throws -> Assignment {
        let database = inquiry.database
        guard let binding = inquiry.actor.binding,
            let record = try TaskStore.find(binding.taskID, in: database),
            let attempt = try AttemptStore.find(task: binding.taskID, number: binding.attempt, in: database),
            attempt.sandboxID == binding.sandboxID,
            let ticket = try TicketStore.find(record.task.ticketID, in: database)?.ticket,
            let project = try ProjectStore.find(record.task.projectID, in: database)
        else { throw Fault(.forbidden, "the token is not bound to an attempt") }
        guard record.task.status != .cancelled else { throw Fault(.attemptCancelled, "the task was cancelled") }
        guard attempt.status == .open, record.fence == attempt.fence else {
            throw Fault(.attemptSuperseded, "the attempt has ended: \(attempt.status.rawValue)")
        }
        let task = record.task
        return Assignment(
            sandboxID: attempt.sandboxID,
            task: task,
            ticketKey: ticket.key,
            ticketTitle: ticket.title,
            attempt: attempt.number,
            fence: attempt.fence,
            repository: project.repository,
            defaultBranch: project.defaultBranch,
            branch: Branch.name(of: task, attempt: attempt.number, in: ticket),
            baseBranches: try DependencyStore.baseBranches(of: task, in: database),
            agent: project.settings.agent,
            checks: Evidence.checks(of: project.settings, for: task.phase),
            timeoutSeconds: task.timeoutSeconds ?? project.settings.agent.timeoutSeconds
        )
    }
}

/// Where the commits of an attempt go.
enum Branch {
    /// `omoi/ABC-12/1c5b02d4e6f7-1`: ticket, the random part of the task's id, attempt.
    static func name(of task: WorkTask, attempt: Int, in ticket: Ticket) -> String {
        let digits = task.id.description.filter { $0 != "-" }
        // The last two digits are the project's bucket, the same for every task.
        return "omoi/\(ticket.key)/\(digits.dropLast(2).suffix(12))-\(attempt)"
    }
}
