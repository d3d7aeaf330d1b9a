import Contracts
import Kernel
import ServiceKit

extension SubmitResult: WorkflowCommand {
    static var access: Access { .sandbox }

    func run(_ unit: UnitOfWork) throws -> ResultResponse {
        guard let binding = unit.actor.binding, binding.taskID == taskID else {
            throw Fault(.forbidden, "the token belongs to another task")
        }
        let record = try unit.taskRecord(taskID)
        guard let attempt = try AttemptStore.find(task: taskID, number: binding.attempt, in: unit.database),
            attempt.sandboxID == binding.sandboxID, attempt.fence == binding.fence
        else { throw Fault(.forbidden, "the token is not bound to an attempt at this task") }
        switch try ResultStore.answer(task: taskID, attempt: attempt.number, in: unit.database) {
        case .accepted(let response): return response
        case .refused(let fault): throw fault
        case nil: break
        }
        if let refusal = refusal(record, attempt) {
            let result = result(record.task, attempt, applied: false, unit)
            try ResultStore.insert(result, answer: .refused(refusal), in: unit.database)
            throw KeptFault(refusal)
        }
        return attempt.status == .lost ? try late(record.task, attempt, unit) : try onTime(record.task, attempt, unit)
    }

    /// Why the result comes from an attempt that has no say any more; nil when it has.
    private func refusal(_ record: TaskRecord, _ attempt: Attempt) -> Fault? {
        if record.task.status == .cancelled || attempt.status == .cancelled {
            return Fault(.attemptCancelled, "the task was cancelled; the result is kept and changes nothing")
        }
        if attempt.fence < record.fence {
            return Fault(
                .attemptSuperseded,
                "attempt \(record.task.attempt) has taken over; the result is kept and changes nothing"
            )
        }
        if attempt.status == .open || attempt.status == .lost && record.task.status == .pending { return nil }
        return Fault(
            .attemptSuperseded,
            "the attempt has ended already: \(attempt.status.rawValue); the result is kept and changes nothing"
        )
    }

    private func onTime(_ task: WorkTask, _ attempt: Attempt, _ unit: UnitOfWork) throws -> ResultResponse {
        let result = result(task, attempt, applied: true, unit)
        try unit.start(task: task.id, attempt: attempt)
        if let ending = try ending(task, unit) {
            try unit.note(task: task.id) { $0.task.resultID = result.id }
            try unit.end(attempt, ending)
        } else {
            try unit.complete(attempt, result: result)
        }
        return try answer(result, succeeded: try unit.task(task.id).status == .completed, late: false, unit)
    }

    /// A lost attempt reports before another has begun: completed work is taken, anything else is only kept.
    private func late(_ task: WorkTask, _ attempt: Attempt, _ unit: UnitOfWork) throws -> ResultResponse {
        var attempt = attempt
        attempt.late = true
        guard try ending(task, unit) == nil else {
            try AttemptStore.update(attempt, in: unit.database)
            return try answer(result(task, attempt, applied: false, unit), succeeded: false, late: true, unit)
        }
        let result = result(task, attempt, applied: true, unit)
        try unit.readopt(attempt)
        try unit.start(task: task.id, attempt: attempt)
        try unit.complete(attempt, result: result)
        return try answer(result, succeeded: true, late: true, unit)
    }

    /// How the attempt fails by what the result says; nil when the task is completed.
    private func ending(_ task: WorkTask, _ unit: UnitOfWork) throws -> AttemptOutcome.Ending? {
        switch body.status {
        case .completed:
            let project = try unit.project(task.projectID)
            return Evidence.missing(in: body, for: task, of: project).map {
                .init(status: .failed, domain: .agent, error: "\(Fault.Code.evidenceMissing.rawValue): \($0)")
            }
        case .partial:
            return .init(status: .failed, domain: .agent, error: "partial: \(body.summary)")
        case .failed:
            let failure = body.failure
            let error = failure.map { "\($0.code): \($0.message)" } ?? body.summary
            return .init(
                status: failure?.code == "timeout" ? .timedOut : .failed,
                domain: failure?.domain ?? .agent,
                error: String(error.prefix(Limits.reasonLength)),
                resetAt: failure?.resetAt
            )
        }
    }

    private func answer(
        _ result: TaskResult,
        succeeded: Bool,
        late: Bool,
        _ unit: UnitOfWork
    ) throws -> ResultResponse {
        let response = ResultResponse(
            success: succeeded,
            taskID: taskID,
            resultID: result.id,
            taskStatus: try unit.task(taskID).status,
            attempt: result.attempt,
            late: late
        )
        try ResultStore.insert(result, answer: .accepted(response), in: unit.database)
        if result.applied { try unit.transaction.emit(.resultSubmitted, EventData(result)) }
        if succeeded { try unit.collect(result, body.artifacts ?? [], of: try unit.task(taskID)) }
        return response
    }

    private func result(_ task: WorkTask, _ attempt: Attempt, applied: Bool, _ unit: UnitOfWork) -> TaskResult {
        TaskResult(
            id: .make(bucket: task.id.bucket),
            taskID: task.id,
            ticketID: task.ticketID,
            sandboxID: attempt.sandboxID,
            attempt: attempt.number,
            fence: attempt.fence,
            status: body.status,
            summary: body.summary,
            branch: body.branch,
            commits: body.commits ?? [],
            filesChanged: body.filesChanged,
            checks: body.checks ?? [],
            failure: body.failure,
            notes: body.notes,
            applied: applied,
            createdAt: unit.now
        )
    }
}

extension UnitOfWork {
    /// Gives the task back to an attempt that was declared lost and turned out to be alive.
    fileprivate func readopt(_ attempt: Attempt) throws {
        try update(task: attempt.taskID, .taskAssigned, attempt: attempt) { record in
            try record.task.take(.claim)
            record.task.sandboxID = attempt.sandboxID
        }
    }
}
