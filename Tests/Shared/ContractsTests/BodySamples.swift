import Contracts
import Kernel

extension Samples {
    static let projectCreate = ProjectCreate(
        name: "Board",
        key: "ABC",
        description: "d",
        repository: "/srv/git/abc",
        defaultBranch: "trunk",
        settings: Entities.settings
    )

    static let projectPatch: ProjectPatch = {
        var patch = ProjectPatch()
        patch.name = "Board 2"
        patch.description = "d2"
        patch.repository = "/srv/git/abc2"
        patch.defaultBranch = "main"
        patch.settings = .object(["concurrency": .integer(3), "wip_limits": .object(["testing": .null])])
        patch.status = .archived
        return patch
    }()

    static let taskSpecification = TaskSpecification(
        ref: "build",
        title: "Build it",
        description: "d",
        phase: .implementation,
        taskType: "implementation",
        priority: .low,
        dependsOn: ["design"],
        timeoutSeconds: 60
    )

    static let ticketCreate: TicketCreate = {
        var ticket = TicketCreate(
            ref: "first",
            projectID: Entities.projectID,
            title: "Make it faster",
            description: "d",
            phase: .requirements,
            priority: .medium,
            labels: ["speed"],
            autoStart: false,
            blockedBy: ["ABC-11"],
            tasks: [taskSpecification]
        )
        ticket.status = .analyzing
        ticket.checkDuplicates = true
        ticket.similarityThreshold = 0.75
        ticket.forceCreate = false
        return ticket
    }()

    static let ticketBatch = TicketBatch(projectID: Entities.projectID, tickets: [ticketCreate])

    static let ticketBatchResponse = TicketBatchResponse(tickets: [Entities.ticket], tasks: [Entities.task])

    static let ticketTransition = TicketTransition(toStatus: .buildingDone, reason: "looks good", force: true)

    static let taskCreate = TaskCreate(
        ticketID: Entities.ticketID,
        title: "Cache",
        description: "d",
        phase: .testing,
        taskType: "test",
        priority: .high,
        dependsOn: [Entities.id(31)],
        timeoutSeconds: 60,
        deadlineAt: Entities.time(1000)
    )

    static let explanation = TaskExplanation(
        taskID: Entities.taskID,
        holds: [
            TaskExplanation.Hold(
                condition: .dependency,
                subject: Entities.id(31).description,
                since: Entities.time(1),
                liftedBy: "the completion of that task"
            )
        ]
    )

    static let tokenCreate = TokenCreate(
        subject: "alice",
        scope: .member,
        projectID: Entities.projectID,
        expiresIn: 3600
    )

    static let tokenResponse = TokenResponse(token: "header.claims.signature", details: Entities.token)

    static let assignment = Assignment(
        sandboxID: Entities.sandboxID,
        task: Entities.task,
        ticketKey: "ABC-12",
        ticketTitle: "Make it faster",
        attempt: 2,
        fence: 3,
        repository: "/srv/git/abc",
        defaultBranch: "main",
        branch: "omoi/ABC-12/000000000003-2",
        baseBranches: ["omoi/ABC-12/000000000031-1"],
        agent: Entities.settings.agent,
        checks: Entities.settings.checks,
        timeoutSeconds: 1800
    )

    static let resultSubmission: ResultSubmission = {
        var result = ResultSubmission(
            status: .failed,
            summary: "the check fails",
            filesChanged: Entities.result.filesChanged,
            commits: Entities.result.commits,
            branch: Entities.result.branch,
            checks: Entities.result.checks,
            notes: "n",
            failure: Entities.result.failure
        )
        result.testsPassed = false
        result.artifacts = [
            ArtifactSubmission(
                type: "test_coverage",
                path: "coverage.json",
                content: .object(["percentage": .integer(81)])
            )
        ]
        return result
    }()

    static let resultResponse = ResultResponse(
        success: true,
        taskID: Entities.taskID,
        resultID: Entities.resultID,
        taskStatus: .completed,
        attempt: 2,
        late: false
    )

    static let activityReport = ActivityReport(events: [
        ActivityReport.Item(
            eventType: .commandOutput,
            eventData: .object([
                "line": .string("a \"quoted\" /path"), "number": .integer(-7), "ratio": .number(0.5),
                "flags": .array([.bool(true), .null]),
            ]),
            sequence: 1,
            time: Entities.time(5),
            source: "agent"
        )
    ])

    static let activity = Activity(
        id: Entities.id(101),
        type: .agentToolUse,
        sandboxID: Entities.sandboxID,
        taskID: Entities.taskID,
        attempt: 2,
        sequence: 12,
        time: Entities.time(5),
        traceparent: Entities.traceparent,
        data: .object(["tool": .string("edit")])
    )

    static let boardView: BoardView = BoardView(columns: [
        BoardView.Column(
            id: .building,
            name: "Building",
            sequenceOrder: 2,
            wipLimit: 10,
            currentCount: 1,
            wipExceeded: false,
            tickets: [BoardView.Card(Entities.ticket)],
            nextCursor: "c2"
        )
    ])

    static let fault = Fault(
        .invalid,
        "title: is required",
        errors: [Fault.FieldError(field: "title", message: "is required")],
        retryAfter: .milliseconds(1500)
    )

    static let sandboxLaunch = SandboxLaunch(
        sandboxID: Entities.sandboxID,
        gatewayURL: "http://127.0.0.1:8080",
        tokenFile: "/srv/omoi/token",
        isolation: SandboxLaunch.Isolation(kind: .bubblewrap, prefix: ["bwrap", "--bind", "{working-copy}", "/work"]),
        traceparent: Entities.traceparent
    )
}
