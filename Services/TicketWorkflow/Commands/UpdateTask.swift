import Contracts
import Kernel

extension UpdateTask: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> WorkTask {
        let before = try unit.task(id)
        try unit.actor.checkProject(before.projectID)
        try checkVersion(ifVersion, before.version, "task")
        if let title = body.title { try checkTitle(title, field: "title") }
        try checkStatus(before)
        var after = before
        after.description = body.description ?? before.description
        after.priority = body.priority ?? before.priority
        after.taskType = body.taskType ?? before.taskType
        after.deadlineAt = body.deadlineAt ?? before.deadlineAt
        if before.status.isFinal {
            guard after == before, body.timeoutSeconds ?? before.timeoutSeconds == before.timeoutSeconds else {
                throw Fault(.conflict, "the task is \(before.status.rawValue): only its title still changes")
            }
        }
        if let title = body.title, title != before.title {
            after.title = title
            after.titleSource = nil
        }
        if after != before {
            try unit.update(task: id, .taskUpdated) { $0.task = after }
            if after.deadlineAt != before.deadlineAt {
                try unit.watchDeadline(of: after)
                try unit.judgeUrgency(of: id)
            }
            if after.priority != before.priority { try unit.rerank(task: id) }
        }
        if let seconds = body.timeoutSeconds { try unit.setTimeout(task: id, seconds: seconds) }
        try take(before, unit)
        try unit.settle()
        return try unit.task(id)
    }

    /// A status is not written: it follows from what happens. The two that a person may bring about stay known.
    private func checkStatus(_ task: WorkTask) throws {
        guard let status = body.status, status != task.status else { return }
        guard status == .cancelled || status == .failed else {
            throw Fault(
                .conflict,
                "a task cannot be set to '\(status.rawValue)': that follows from its attempts; it is "
                    + "\(task.status.rawValue) (see GET /api/v1/tasks/{id}/explain)"
            )
        }
    }

    private func take(_ before: WorkTask, _ unit: UnitOfWork) throws {
        guard let status = body.status, status != before.status else { return }
        if status == .cancelled {
            try unit.cancel(task: id, reason: "cancelled_by_request")
        } else {
            try unit.fail(task: id, reason: "marked_failed_by_user")
        }
    }
}
