import Contracts
import Kernel
import Storage

extension ClaimTask: WorkflowCommand {
    static var access: Access { .admin }

    func run(_ unit: UnitOfWork) throws -> Claim {
        if let attempt = try AttemptStore.find(sandbox: sandboxID, in: unit.database) {
            return try repeated(attempt, unit)
        }
        // Back-offs that are over count at once, whether or not their timer has been looked at.
        if try unit.fireTimers() > 0 { try unit.settle() }
        try unit.flush()
        let id = try taskID ?? TaskStore.bestClaimable(project: nil, in: unit.database)
        guard let id else { throw Fault(.nothingToClaim, "no task is ready") }
        try checkHolds(of: id, unit)
        let (record, attempt) = try unit.open(task: id, sandbox: sandboxID, orchestrator: orchestrator)
        return try claim(record.task, attempt, unit)
    }

    /// The same sandbox asks again: the same answer while its attempt is open.
    private func repeated(_ attempt: Attempt, _ unit: UnitOfWork) throws -> Claim {
        guard attempt.status == .open else {
            throw Fault(
                attempt.status == .cancelled ? .attemptCancelled : .attemptSuperseded,
                "the attempt of this sandbox has ended: \(attempt.status.rawValue)"
            )
        }
        guard attempt.orchestrator == orchestrator else {
            throw Fault(.conflict, "the sandbox belongs to the orchestrator '\(attempt.orchestrator)'")
        }
        return try claim(try unit.task(attempt.taskID), attempt, unit)
    }

    /// Judges the task by the same function as `explain`, whatever the index says.
    private func checkHolds(of id: Identifier, _ unit: UnitOfWork) throws {
        let task = try unit.task(id)
        let facts = Readiness.Facts(
            task: task,
            ticket: try unit.ticket(task.ticketID),
            project: try unit.project(task.projectID),
            dependencies: task.dependsOn.isEmpty ? [] : try DependencyStore.dependencies(of: id, in: unit.database),
            openTasks: try ProjectStore.openTasks(of: task.projectID, in: unit.database),
            now: unit.now
        )
        guard let hold = Readiness.holds(facts).first else { return }
        throw Fault(
            .nothingToClaim,
            "the task is held: \(hold.condition.rawValue) (\(hold.subject)), until \(hold.liftedBy)"
        )
    }

    private func claim(_ task: WorkTask, _ attempt: Attempt, _ unit: UnitOfWork) throws -> Claim {
        let isPlanner =
            try task.taskType == CreateSpec.analysis
            && SpecStore.analysed(by: task.lineageID, in: unit.database) != nil
        return Claim(
            sandboxID: sandboxID,
            taskID: task.id,
            ticketID: task.ticketID,
            projectID: task.projectID,
            attempt: attempt.number,
            fence: attempt.fence,
            token: try unit.environment.tokens.sign(attempt, of: task, scope: isPlanner ? .plan : .sandbox),
            deadlineAt: task.attemptDeadlineAt
        )
    }
}
