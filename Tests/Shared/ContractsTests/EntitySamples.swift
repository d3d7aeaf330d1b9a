import Contracts
import Kernel

/// Entities with every member set, so that no member of the wire format is missing from the golden files.
enum Entities {
    static let bucket: UInt64 = 0x2a

    static func id(_ number: UInt64) -> Identifier {
        Identifier(high: 0x0193_ab00_0000_7000 + number, low: 0x8000_0000_0000_0000 + number << 8 + bucket)
    }

    static func time(_ second: Int64) -> Timestamp { Timestamp(milliseconds: 1_795_365_600_000 + second * 1000) }

    static let projectID = id(1)
    static let ticketID = id(2)
    static let taskID = id(3)
    static let sandboxID = id(4)
    static let resultID = id(5)
    static let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    static let gate = GateSettings(
        artifacts: [ArtifactRequirement(type: "test_coverage", criteria: ["percentage": .integer(80)])],
        checks: ["unit"],
        approval: true
    )

    static let settings: ProjectSettings = {
        var settings = ProjectSettings()
        settings.autoStart = false
        settings.concurrency = 3
        settings.wipLimits = ["building": 2, "testing": 0]
        settings.agent = AgentSettings(command: ["/usr/bin/agent", "--yes"])
        settings.checks = [
            CheckSettings(name: "unit", command: ["make", "test"], phases: [.implementation, .testing])
        ]
        settings.maxAttempts = 2
        settings.evidence = EvidenceSettings(commit: true, checks: false)
        settings.approval = ApprovalSettings(required: true)
        settings.gates = ["PHASE_TESTING": gate]
        settings.blockingMinutes = 45
        settings.columns = ["building": ColumnSettings(name: "Doing", color: "yellow")]
        return settings
    }()

    static let project: Project = {
        var project = Project(
            id: projectID,
            name: "Größe & <Maß>",
            key: "ABC",
            description: "line one\nline \"two\" / \\ end",
            repository: "https://git.example/abc.git",
            settings: settings,
            version: 2,
            createdAt: time(0),
            updatedAt: time(1)
        )
        project.gitHubOwner = "octo"
        project.gitHubRepo = "shop"
        project.gitHubConnected = true
        return project
    }()

    static let ticket: Ticket = {
        var ticket = Ticket(
            id: ticketID,
            key: "ABC-12",
            projectID: projectID,
            title: "Make it faster",
            description: "p99 < 100 ms",
            phase: .implementation,
            priority: .high,
            block: Ticket.Block(
                reason: .failingChecks,
                detail: "task 'build' is out of attempts",
                since: time(5),
                automatic: true
            ),
            blockedBy: [id(20)],
            labels: ["speed", "ünïcode"],
            round: 2,
            taskCount: 4,
            completedTaskCount: 1,
            version: 7,
            createdAt: time(0),
            updatedAt: time(6),
            enteredPhaseAt: time(4)
        )
        ticket.previousPhase = .testing
        ticket.specID = id(70)
        ticket.waitingFor = Ticket.Waiting(.gate, "the artifact 'test_coverage' is missing")
        ticket.approvalDeadlineAt = time(1800)
        ticket.approvalPhase = .implementation
        ticket.approvedPhases = [.requirements]
        ticket.requestedBy = "agent-7"
        ticket.rejectionReason = "too vague"
        ticket.context = ["owner": .string("ann")]
        ticket.contextSummary = "half done"
        ticket.artifacts = [Ticket.ArtifactReference(Samples.artifact)]
        ticket.links = [
            TicketLink(
                kind: .pullRequest,
                repository: "acme/shop",
                reference: "17",
                title: "[ABC-12] Make it faster",
                url: "https://github.example/acme/shop/pull/17",
                state: .open,
                author: "ann",
                at: time(5)
            )
        ]
        return ticket
    }()

    static let transition = Transition(
        id: id(30),
        ticketID: ticketID,
        from: .testing,
        to: .implementation,
        cause: .regressed,
        actor: "alice",
        reason: "the check 'unit' fails",
        at: time(6)
    )

    static let task: WorkTask = {
        var task = WorkTask(
            id: taskID,
            ticketID: ticketID,
            projectID: projectID,
            phase: .implementation,
            taskType: "implementation",
            title: "Cache the board",
            description: "Use the index.",
            priority: .critical,
            status: .running,
            dependsOn: [id(31), id(32)],
            maxAttempts: 3,
            timeoutSeconds: 900,
            round: 2,
            lineageID: id(33),
            version: 5,
            createdAt: time(0)
        )
        task.sandboxID = sandboxID
        task.attempt = 2
        task.countedFailures = 1
        task.platformLosses = 1
        task.deadlineAt = time(1000)
        task.attemptDeadlineAt = time(900)
        task.notBeforeCause = .providerLimit
        task.reworkOf = id(34)
        task.conversationID = "conversation-1"
        task.persistenceDirectory = ".agent/conversations"
        task.titleSource = .model
        task.readyAt = time(2)
        task.notBefore = time(3)
        task.resultID = resultID
        task.summary = "cached"
        task.error = "agent-exit: status 1"
        task.branch = "omoi/ABC-12/000000000003-2"
        task.commit = "9fceb02d0ae598e95dc970b74767f19372d61af8"
        task.sandboxStopped = true
        task.startedAt = time(4)
        task.completedAt = time(5)
        task.updatedAt = time(6)
        return task
    }()

    static let attempt: Attempt = {
        var attempt = Attempt(
            id: id(40),
            taskID: taskID,
            number: 2,
            fence: 3,
            sandboxID: sandboxID,
            orchestrator: "local",
            status: .timedOut,
            startedAt: time(4)
        )
        attempt.faultDomain = .providerLimit
        attempt.error = "quota"
        attempt.late = true
        attempt.endedAt = time(5)
        return attempt
    }()

    static let result: TaskResult = {
        var result = unverified
        result.verification = TaskResult.Verification(
            status: .verified,
            feedback: "holds under load",
            evidence: [.object(["p99_ms": .integer(12)])],
            by: "alice",
            at: time(7)
        )
        return result
    }()

    private static let unverified = TaskResult(
        id: resultID,
        taskID: taskID,
        ticketID: ticketID,
        sandboxID: sandboxID,
        attempt: 2,
        fence: 3,
        status: .completed,
        summary: "cached",
        branch: "omoi/ABC-12/000000000003-2",
        commits: [TaskResult.Commit(sha: "9fceb02d0ae598e95dc970b74767f19372d61af8", message: "Cache the board")],
        filesChanged: [
            TaskResult.FileChange(path: "src/board.c", action: .modified, linesAdded: 10, linesRemoved: 2),
            TaskResult.FileChange(path: "src/old.c", action: .deleted),
        ],
        checks: [
            TaskResult.Check(
                name: "unit",
                command: ["make", "test"],
                exitCode: 0,
                durationMilliseconds: 1234,
                logDigest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
            )
        ],
        failure: TaskResult.Failure(domain: .task, code: "check-failed", message: "unit: status 2"),
        notes: "none",
        applied: true,
        createdAt: time(5)
    )

    static let report: Report = {
        var report = Report(
            id: id(6),
            projectID: projectID,
            ticketID: ticketID,
            taskID: taskID,
            kind: .analysis,
            summary: "cached",
            content: "# Board\n\nIt is cached.",
            evidence: ["make test"],
            fileName: "report.md",
            reportedBy: "sandbox:\(sandboxID)",
            createdAt: time(6)
        )
        report.verification = result.verification
        report.version = 2
        return report
    }()

    static let sandbox: Sandbox = {
        var sandbox = Sandbox(
            id: sandboxID,
            orchestrator: "local",
            provider: "bubblewrap",
            state: .running,
            version: 3,
            createdAt: time(3)
        )
        sandbox.taskID = taskID
        sandbox.ticketID = ticketID
        sandbox.projectID = projectID
        sandbox.attempt = 2
        sandbox.fence = 3
        sandbox.reason = "silent"
        sandbox.lastActivityAt = time(5)
        return sandbox
    }()

    static let token = AccessToken(
        id: id(50),
        subject: "alice",
        scope: .member,
        projectID: projectID,
        issuedAt: time(0),
        expiresAt: time(3600)
    )

    static let actor = Actor(
        subject: "sandbox:\(sandboxID)",
        scope: .sandbox,
        projectID: projectID,
        binding: Actor.Binding(sandboxID: sandboxID, taskID: taskID, attempt: 2, fence: 3)
    )

    /// What an event of the type carries, in the state the type names.
    static func data(of type: EventType) -> EventData {
        switch type.rawValue.split(separator: ".").first {
        case "project":
            var project = project
            if type == .projectArchived { project.status = .archived }
            return EventData(project)
        case "spec":
            var spec = spec
            spec.deleted = type == .specDeleted
            return EventData(spec)
        case "ticket":
            var ticket = ticket
            ticket.archived = type == .ticketArchived
            if type == .ticketUnblocked { ticket.block = nil }
            return EventData(ticket, transition: type == .ticketTransitioned ? transition : nil)
        case "task":
            var task = task
            task.status = taskStatus[type] ?? .pending
            return EventData(task, attempt: type == .taskCreated ? nil : attempt)
        case "result":
            return EventData(result)
        case "report":
            return EventData(report)
        case "sandbox":
            var sandbox = sandbox
            sandbox.state = sandboxState[type] ?? .creating
            return EventData(sandbox)
        default:
            var token = token
            token.revoked = type == .tokenRevoked
            return EventData(token)
        }
    }

    private static let taskStatus: [EventType: WorkTask.Status] = [
        .taskAssigned: .assigned, .taskStarted: .running, .taskCompleted: .completed, .taskFailed: .failed,
        .taskTimedOut: .timedOut, .taskCancelled: .cancelled,
    ]

    private static let sandboxState: [EventType: Sandbox.State] = [
        .sandboxRunning: .running, .sandboxCompleting: .completing, .sandboxCompleted: .completed,
        .sandboxFailed: .failed, .sandboxTerminated: .terminated,
    ]

    static func event(_ type: EventType) -> Event {
        Event(
            id: id(100),
            source: "/ticket-workflow/0",
            type: type,
            time: time(6),
            traceparent: traceparent,
            data: data(of: type)
        )
    }
}
