import Contracts
import Kernel

extension WorkTask {
    /// A new task that does the work of this one again, with the same dependencies. It is pending and has no attempt.
    ///
    /// - Parameters:
    ///   - keepingCounts: whether the faults of this task count for the new one. A regress keeps them, so that the caps
    ///     (counted attempts, platform losses) hold for the lineage; a retry that a person asks for begins anew.
    func successor(id: Identifier, round: Int, keepingCounts: Bool, at now: Timestamp) -> WorkTask {
        var task = WorkTask(
            id: id,
            ticketID: ticketID,
            projectID: projectID,
            phase: phase,
            taskType: taskType,
            title: title,
            description: description,
            priority: priority,
            dependsOn: dependsOn,
            maxAttempts: maxAttempts,
            timeoutSeconds: timeoutSeconds,
            round: round,
            lineageID: lineageID,
            createdAt: now
        )
        task.titleSource = titleSource
        task.deadlineAt = deadlineAt
        if keepingCounts {
            task.countedFailures = countedFailures
            task.platformLosses = platformLosses
        }
        return task
    }
}
