import Contracts
import Kernel

/// Everything that has a golden file.
enum Samples {
    static let events = EventType.allCases.map { Sample("event.\($0.rawValue)", Entities.event($0)) }

    static let commands: [Sample] =
        projectCommands + taskCommands + taskRuleCommands + ticketRuleCommands + orchestratorCommands + tokenCommands
        + operationsCommands + duplicateCommands + gitHubCommands

    static func command<C: Command>(_ command: C, reply: C.Reply, changes: [Event] = []) -> [Sample] {
        [
            Sample("command.\(C.name)", command),
            Sample("reply.\(C.name)", CommandReply<C.Reply>(reply: reply, changes: changes)),
        ]
    }

    private static let projectCommands: [Sample] =
        command(
            CreateProject(body: projectCreate),
            reply: Entities.project,
            changes: [Entities.event(.projectCreated)]
        )
        + command(UpdateProject(id: Entities.projectID, ifVersion: 2, body: projectPatch), reply: Entities.project)
        + command(CreateTickets(body: ticketBatch), reply: ticketBatchResponse)
        + command(
            TransitionTicket(id: Entities.ticketID, ifVersion: 7, body: ticketTransition),
            reply: Entities.ticket
        )

    private static let taskCommands: [Sample] =
        command(CreateTask(body: taskCreate), reply: Entities.task)
        + command(
            ChangeDependencies(id: Entities.taskID, change: .replace, dependsOn: [Entities.id(31)]),
            reply: Entities.task
        )
        + command(CancelTask(id: Entities.taskID, reason: "no longer needed"), reply: Entities.task)
        + command(RetryTask(id: Entities.taskID), reply: Entities.task)
        + command(ExplainTask(id: Entities.taskID), reply: explanation)
        + command(SubmitResult(taskID: Entities.taskID, body: resultSubmission), reply: resultResponse)
        + command(FetchAssignment(), reply: assignment)

    private static let orchestratorCommands: [Sample] =
        command(
            ClaimTask(sandboxID: Entities.sandboxID, orchestrator: "local", taskID: Entities.taskID),
            reply: Claim(
                sandboxID: Entities.sandboxID,
                taskID: Entities.taskID,
                ticketID: Entities.ticketID,
                projectID: Entities.projectID,
                attempt: 2,
                fence: 3,
                token: "header.claims.signature",
                deadlineAt: Entities.time(1000)
            )
        )
        + command(
            Heartbeat(
                instance: "local",
                capacity: Capacity(slots: 4, used: 1),
                sandboxes: [
                    Heartbeat.Item(
                        id: Entities.sandboxID,
                        taskID: Entities.taskID,
                        fence: 3,
                        state: .running,
                        lastActivityAt: Entities.time(5)
                    )
                ]
            ),
            reply: HeartbeatReply(
                renewed: [Entities.sandboxID],
                stop: [HeartbeatReply.Stop(id: Entities.id(60), reason: "superseded")]
            )
        )
        + command(StopSandbox(sandboxID: Entities.sandboxID, reason: "cancelled"), reply: Empty())

    private static let tokenCommands: [Sample] =
        command(IssueToken(body: tokenCreate), reply: tokenResponse)
        + command(RevokeToken(id: Entities.id(50)), reply: Entities.token)
        + command(
            DescribeKey(),
            reply: VerificationKey(x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", keyID: "k1")
        )
        + command(
            Snapshot(cursor: "task:17"),
            reply: SnapshotPage(
                entities: [EventData(Entities.project), EventData(Entities.task)],
                transitions: [Entities.transition],
                attempts: [Entities.attempt],
                nextCursor: "task:18"
            )
        )

    private static let operationsCommands: [Sample] =
        command(
            ListDeadLetters(limit: 50),
            reply: DeadLetterPage(
                items: [
                    DeadLetterItem(
                        id: 3,
                        service: "ticket-workflow",
                        source: "facts",
                        type: "sandbox.running",
                        reason: "body: is not JSON",
                        messageID: "m-1",
                        receivedAt: Entities.time(9),
                        replays: 1
                    )
                ],
                total: 1
            )
        )
        + command(ReplayDeadLetter(id: 3), reply: Empty())
        + command(DiscardDeadLetter(id: 3), reply: Empty())

    static let bodies: [Sample] =
        ticketRuleBodies + [
            Sample("body.project-create", projectCreate),
            Sample("body.project-patch", projectPatch),
            Sample("body.ticket-create", ticketCreate),
            Sample("body.ticket-batch", ticketBatch),
            Sample("body.ticket-batch-response", ticketBatchResponse),
            Sample("body.ticket-transition", ticketTransition),
            Sample("body.ticket-list", TicketList(tickets: [Entities.ticket], total: 1, nextCursor: "c1")),
            Sample("body.board-view", boardView),
            Sample("body.task-create", taskCreate),
            Sample("body.task-explanation", explanation),
            Sample("body.dependencies", DependenciesBody(dependsOn: [Entities.id(31)])),
            Sample("body.cancel", CancelBody(reason: "no longer needed")),
            Sample("body.task-patch", taskPatch),
            Sample("body.task-timeout", TimeoutBody(timeoutSeconds: 900)),
            Sample("body.task-conversation", conversation),
            Sample("body.task-title", TitleBody(context: "the shop")),
            Sample("body.task-titles", TitlesBody(limit: 5)),
            Sample("body.result-verification", verificationBody),
            Sample("body.token-create", tokenCreate),
            Sample("body.token-response", tokenResponse),
            Sample("body.assignment", assignment),
            Sample("body.result-submission", resultSubmission),
            Sample("body.result-response", resultResponse),
            Sample("body.activity-report", activityReport),
            Sample("body.problem", Problem(fault, instance: "/api/v1/tickets")),
            Sample("message.activity", activity),
            Sample("message.fault", FaultReply(fault)),
            Sample("message.actor", Entities.actor),
            Sample("file.sandbox-launch", sandboxLaunch),
        ]
}
