import Contracts
import Kernel
import ServiceKit

// What is done to tasks, results and documents, by the stand-in workflow.
extension ScriptedWorkflow {
    func addTaskRules(to handlers: inout CommandHandlers) {
        handlers.on(UpdateTask.self) { [self] command, transaction in
            let version = state.withLock { $0.tasks[command.id]?.version }
            guard command.ifVersion ?? version == version else {
                throw Fault(.preconditionFailed, "the task is at version \(version ?? 0)")
            }
            return try change(command.id, .taskUpdated, transaction) { task in
                task.title = command.body.title ?? task.title
                task.deadlineAt = command.body.deadlineAt ?? task.deadlineAt
            }
        }
        handlers.on(FailTask.self) { [self] command, transaction in
            let before = state.withLock { $0.tasks[command.id]?.status }
            let task = try change(command.id, .taskFailed, transaction) { $0.status = .failed }
            return FailedTask(
                taskID: task.id,
                status: task.status,
                reason: command.reason,
                oldStatus: before ?? .pending
            )
        }
        handlers.on(SetTimeout.self) { [self] command, transaction in
            let task = try change(command.id, .taskUpdated, transaction) { $0.timeoutSeconds = command.seconds }
            return TaskTimeout(taskID: task.id, timeoutSeconds: command.seconds, status: task.status)
        }
        handlers.on(CleanUpTimedOut.self) { _, _ in CleanedUp(cleanedCount: 0, totalTimedOut: 0) }
        handlers.onQuery(CheckCircular.self) { command, _, _ in
            command.dependsOn.contains(command.id)
                ? CircularCheck(cycle: [command.id], detail: "waits for itself") : CircularCheck()
        }
        handlers.on(RegisterConversation.self) { [self] command, transaction in
            try change(command.id, .taskUpdated, transaction) { $0.conversationID = command.body.conversationID }
        }
        addTitles(to: &handlers)
        addResults(to: &handlers)
    }

    /// A task with a description has its title made at once; another one waits for an effect that tells how it ends by
    /// the context it was given.
    private func addTitles(to handlers: inout CommandHandlers) {
        handlers.on(GenerateTitles.self) { [self] command, transaction in
            let ids = state.withLock { state in command.id.map { [$0] } ?? state.tasks.keys.sorted() }
            return TitleRequests(
                tasks: try ids.prefix(command.limit).map { id in
                    guard let context = command.context else {
                        _ = try change(id, .taskUpdated, transaction) { task in
                            task.title = "By rule"
                            task.titleSource = .derived
                        }
                        return .init(taskID: id, effectID: nil)
                    }
                    let effect = Identifier.make()
                    state.withLock { $0.effects[effect] = context }
                    return .init(taskID: id, effectID: effect)
                }
            )
        }
        handlers.onQuery(DescribeEffect.self) { [self] command, _, _ in
            if let report = gitHubReport(command.id) { return report }
            guard state.withLock({ $0.effects[command.id] }) != "forgotten" else {
                throw Fault.notFound("effect", command.id)
            }
            let context = state.withLock { state in
                let context = state.effects[command.id]
                // The second look finds the end.
                if context == "slow" { state.effects[command.id] = "done" }
                return context
            }
            var report = EffectReport(
                id: command.id,
                kind: "task.title",
                subject: .make(),
                status: context == "slow" ? .running : context == "broken" ? .failed : .done,
                tries: 1
            )
            if report.status == .done { report.answer = .object(["title": .string("By the model")]) }
            if report.status == .failed { report.fault = FaultReply(Fault(.unavailable, "the model is away")) }
            return report
        }
    }

    private func addResults(to handlers: inout CommandHandlers) {
        handlers.onQuery(ListResults.self) { [self] command, _, _ in
            let all = state.withLock { $0.taskResults }
                .filter { command.taskID ?? $0.taskID == $0.taskID && command.ticketID ?? $0.ticketID == $0.ticketID }
                .filter { result in command.before.map { result.id < $0 } ?? true }
                .sorted { $0.id > $1.id }
            return ResultPage(results: Array(all.prefix(command.limit)), hasMore: all.count > command.limit)
        }
        handlers.onQuery(DescribeResult.self) { [self] command, _, _ in
            guard let result = state.withLock({ $0.taskResults.first { $0.id == command.id } }) else {
                throw Fault.notFound("result", command.id)
            }
            return result
        }
        handlers.on(VerifyResult.self) { [self] command, transaction in
            let judged = state.withLock { state -> TaskResult? in
                guard let index = state.taskResults.firstIndex(where: { $0.id == command.id }) else { return nil }
                state.taskResults[index].version += 1
                state.taskResults[index].verification = TaskResult.Verification(
                    status: command.body.passed ? .verified : .rejected,
                    feedback: command.body.feedback ?? "",
                    by: transaction.actor.subject,
                    at: transaction.now
                )
                return state.taskResults[index]
            }
            guard let judged else { throw Fault.notFound("result", command.id) }
            return judged
        }
        addReports(to: &handlers)
    }

    private func addReports(to handlers: inout CommandHandlers) {
        handlers.on(SubmitReport.self) { [self] command, transaction in
            let task = state.withLock { state in command.taskID.flatMap { state.tasks[$0] } }
            let ticket = state.withLock { state in (task?.ticketID ?? command.ticketID).flatMap { state.tickets[$0] } }
            guard let ticket else { throw Fault.notFound("ticket", command.ticketID?.description ?? "") }
            let report = Report(
                id: .make(),
                projectID: ticket.projectID,
                ticketID: ticket.id,
                taskID: task?.id,
                kind: command.kind,
                summary: command.summary,
                content: command.content,
                evidence: command.evidence,
                fileName: command.fileName,
                reportedBy: transaction.actor.subject,
                createdAt: transaction.now
            )
            state.withLock { $0.reports.append(report) }
            try transaction.emit(.reportSubmitted, EventData(report))
            return report
        }
        handlers.onQuery(ListReports.self) { [self] command, _, _ in
            let all = state.withLock { $0.reports }
                .filter { command.taskID == nil || $0.taskID == command.taskID }
                .filter { command.ticketID == nil || $0.ticketID == command.ticketID }
                .filter { !command.solutionsOnly || $0.taskID == nil }
            return ReportList(reports: all)
        }
        handlers.onQuery(DescribeReport.self) { [self] command, _, _ in
            guard let report = state.withLock({ $0.reports.first { $0.id == command.id } }) else {
                throw Fault.notFound("result", command.id)
            }
            return report
        }
        handlers.on(JudgeResult.self) { [self] command, transaction in
            try state.withLock { state in
                guard let index = state.reports.firstIndex(where: { $0.id == command.body.resultID }) else {
                    throw Fault.notFound("result", command.body.resultID)
                }
                state.reports[index].verification = TaskResult.Verification(
                    status: command.body.passed ? .verified : .rejected,
                    feedback: command.body.feedback,
                    by: transaction.actor.subject,
                    at: transaction.now
                )
            }
            return ValidationAnswer(resultID: command.body.resultID, passed: command.body.passed)
        }
    }
}
