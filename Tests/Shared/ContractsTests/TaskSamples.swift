import Contracts
import Kernel

extension Samples {
    static let taskPatch = TaskPatch(
        title: "Cache the board",
        description: "Use the index.",
        priority: .high,
        taskType: "implementation",
        timeoutSeconds: 900,
        deadlineAt: Entities.time(1000),
        status: .cancelled
    )

    static let conversation = ConversationBody(
        conversationID: "conversation-1",
        sandboxID: Entities.sandboxID.description,
        persistenceDirectory: ".agent/conversations"
    )

    static let verificationBody = VerificationBody(
        passed: true,
        feedback: "holds under load",
        evidence: [.object(["p99_ms": .integer(12)])]
    )

    static let taskReport = TaskReportBody(
        taskID: Entities.taskID,
        kind: .analysis,
        summary: "cached",
        content: "# Board",
        fileName: "report.md"
    )

    static let reportBodies: [Sample] = [
        Sample("body.task-report", taskReport),
        Sample(
            "body.solution",
            SolutionBody(
                workflowID: Entities.ticketID,
                content: "# Done",
                explanation: "all of it",
                evidence: ["make test"],
                fileName: "solution.md"
            )
        ),
        Sample(
            "body.validation",
            ValidationBody(resultID: Entities.resultID, passed: true, feedback: "fine", evidence: [.integer(1)])
        ),
    ]

    static let taskRuleCommands: [Sample] =
        command(UpdateTask(id: Entities.taskID, ifVersion: 4, body: taskPatch), reply: Entities.task)
        + command(
            FailTask(id: Entities.taskID, reason: "wrong approach"),
            reply: FailedTask(taskID: Entities.taskID, status: .failed, reason: "wrong approach", oldStatus: .running)
        )
        + command(
            SetTimeout(id: Entities.taskID, seconds: 900),
            reply: TaskTimeout(taskID: Entities.taskID, timeoutSeconds: 900, status: .running)
        )
        + command(CleanUpTimedOut(), reply: CleanedUp(cleanedCount: 1, totalTimedOut: 2))
        + command(
            CheckCircular(id: Entities.taskID, dependsOn: [Entities.id(31)]),
            reply: CircularCheck(cycle: [Entities.taskID, Entities.id(31)], detail: "a -> b -> a")
        )
        + command(RegisterConversation(id: Entities.taskID, body: conversation), reply: Entities.task)
        + command(
            GenerateTitles(id: Entities.taskID, limit: 1, context: "the shop"),
            reply: TitleRequests(tasks: [.init(taskID: Entities.taskID, effectID: Entities.id(70))])
        )
        + command(DescribeResult(id: Entities.resultID), reply: Entities.result)
        + command(
            ListResults(
                taskID: Entities.taskID,
                ticketID: Entities.ticketID,
                projectID: Entities.projectID,
                status: .completed,
                before: Entities.id(99),
                limit: 50
            ),
            reply: ResultPage(results: [Entities.result], hasMore: true)
        )
        + command(
            JudgeResult(
                body: ValidationBody(resultID: Entities.resultID, passed: false, feedback: "slow", evidence: [])
            ),
            reply: ValidationAnswer(resultID: Entities.resultID, passed: false)
        )
        + command(SubmitReport(taskReport), reply: Entities.report)
        + command(DescribeReport(id: Entities.id(6)), reply: Entities.report)
        + command(
            ListReports(taskID: Entities.taskID, ticketID: Entities.ticketID, solutionsOnly: true),
            reply: ReportList(reports: [Entities.report])
        )
        + command(VerifyResult(id: Entities.resultID, body: verificationBody), reply: Entities.result)
        + command(
            DescribeCapacity(),
            reply: SandboxCapacity([.init(instance: "local", slots: 4, used: 1, seenAt: Entities.time(5))])
        )
        + command(
            DescribeEffect(id: Entities.id(70)),
            reply: EffectReport(
                id: Entities.id(70),
                kind: "task.title",
                subject: Entities.taskID,
                status: .done,
                tries: 2,
                answer: .object(["title": .string("Cache the board")]),
                fault: FaultReply(fault)
            )
        )
}
