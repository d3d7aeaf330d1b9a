import Contracts
import Kernel

extension Samples {
    static let ticketPatch: TicketPatch = {
        var patch = TicketPatch()
        patch.title = "Make it faster"
        patch.description = "d"
        patch.priority = .critical
        patch.labels = ["speed"]
        patch.autoStart = false
        patch.blockedBy = ["ABC-11"]
        patch.status = .building
        patch.reason = "ready"
        patch.archived = false
        return patch
    }()

    static let artifactCreate = ArtifactCreate(
        phase: .testing,
        type: "test_coverage",
        path: "coverage.json",
        content: .object(["percentage": .integer(81)]),
        collectedBy: "ci"
    )

    static let artifact = TicketArtifact(
        id: Entities.id(80),
        ticketID: Entities.ticketID,
        phase: .testing,
        type: "test_coverage",
        path: "coverage.json",
        content: .object(["percentage": .integer(81)]),
        round: 2,
        resultID: Entities.resultID,
        collectedBy: "ci",
        collectedAt: Entities.time(5)
    )

    static let contextUpdate = TicketContextUpdate(context: ["owner": .string("ann")], summary: "half done")

    static let phaseTransition = PhaseTransition(
        toPhase: .testing,
        reason: "built",
        force: false,
        spawnTasks: true
    )

    static let ticketApproval = TicketApproval(ticketID: "ABC-12")
    static let ticketRejection = TicketRejection(ticketID: "ABC-12", rejectionReason: "too vague")

    static let gateReport = GateReport(
        ticketID: Entities.ticketID,
        phase: .testing,
        validationStatus: .blocked,
        blockingReasons: ["the artifact 'test_coverage' is missing"],
        missingArtifacts: ["test_coverage"],
        gate: Entities.gate
    )

    static let ticketRuleCommands: [Sample] =
        command(UpdateTicket(id: Entities.ticketID, ifVersion: 7, body: ticketPatch), reply: Entities.ticket)
        + command(
            BlockTicket(id: Entities.ticketID, reason: .environment, detail: "install make"),
            reply: Entities.ticket
        )
        + command(UnblockTicket(id: Entities.ticketID), reply: Entities.ticket)
        + command(
            RegressTicket(
                id: Entities.ticketID,
                ifVersion: 7,
                toStatus: .building,
                feedback: "the sum is wrong",
                force: true
            ),
            reply: Entities.ticket
        )
        + command(
            ProgressTicket(id: Entities.ticketID),
            reply: TicketProgress(
                ticket: Entities.ticket,
                fromPhase: .implementation,
                phaseComplete: false,
                blockingReasons: ["3 tasks of PHASE_IMPLEMENTATION are unfinished"]
            )
        )
        + command(
            DetectBlocking(projectID: Entities.projectID),
            reply: BlockingReport(results: [
                .init(ticketID: Entities.ticketID, blockerType: .needsInput, minutes: 31.5)
            ])
        )
        + command(ApproveTicket(id: Entities.ticketID), reply: Entities.ticket)
        + command(RejectTicket(id: Entities.ticketID, reason: "too vague"), reply: Entities.ticket)
        + command(
            UpdateTicketContext(id: Entities.ticketID, phase: .design, body: contextUpdate),
            reply: Entities.ticket
        )
        + command(AddArtifact(id: Entities.ticketID, body: artifactCreate), reply: artifact)
        + command(ListArtifacts(id: Entities.ticketID), reply: ArtifactList(artifacts: [artifact]))
        + command(DescribeGate(id: Entities.ticketID, phase: .testing), reply: gateReport)
        + command(
            CheckPhase(id: Entities.ticketID, toPhase: .done),
            reply: PhaseCheck(ticketID: Entities.ticketID, toPhase: .done, blockingReasons: ["it is blocked"])
        )
        + command(
            ChangePhase(id: Entities.ticketID, ifVersion: 7, body: phaseTransition),
            reply: PhaseChange(
                ticket: Entities.ticket,
                fromPhase: .requirements,
                artifactsCollected: 1,
                tasks: [Entities.task]
            )
        )
        + command(
            SpawnPhaseTasks(id: Entities.ticketID, phase: .testing),
            reply: PhaseTasks(ticketID: Entities.ticketID, phase: .testing, tasks: [Entities.task])
        )

    static let ticketRuleBodies: [Sample] = [
        Sample("body.ticket-patch", ticketPatch),
        Sample("body.ticket-approval", ticketApproval),
        Sample("body.ticket-rejection", ticketRejection),
        Sample("body.ticket-context", contextUpdate),
        Sample("body.artifact-create", artifactCreate),
        Sample("body.phase-transition", phaseTransition),
    ]
}
