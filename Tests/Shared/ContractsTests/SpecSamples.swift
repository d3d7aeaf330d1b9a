import Contracts
import Kernel

extension Entities {
    static let specID = id(70)
    static let requirementID = id(71)
    static let criterionID = id(72)

    static let spec: Spec = {
        var spec = Spec(
            id: specID,
            projectID: projectID,
            title: "Checkout",
            description: "Pay & go",
            version: 9,
            createdAt: time(0)
        )
        spec.status = .executing
        spec.stage = .implementation
        spec.requirements = [
            Spec.Requirement(
                id: requirementID,
                title: "Pay",
                condition: "the cart is not empty",
                action: "offer to pay",
                text: "When the cart is not empty, the system shall offer to pay.",
                criteria: [Spec.Criterion(id: criterionID, text: "a button is shown", completed: true)],
                linkedDesign: "Payment",
                status: .completed
            )
        ]
        spec.design = Spec.Design(
            architecture: "graph TD",
            dataModel: "cart 1-n item",
            apiSpec: [Spec.Design.Endpoint(method: "POST", endpoint: "/pay", description: "Pays")]
        )
        spec.requirementsApproved = true
        spec.requirementsApprovedAt = time(2)
        spec.designApproved = true
        spec.designApprovedAt = time(3)
        spec.ticketID = ticketID
        spec.analysisTaskID = id(31)
        spec.materializedAt = time(4)
        spec.tickets = [Spec.LinkedTicket(ticketID: ticketID, relation: .planned, held: false)]
        spec.taskLinks = [
            Spec.TaskLink(
                taskID: taskID,
                ticketID: ticketID,
                requirementIDs: [requirementID],
                criterionIDs: [criterionID]
            )
        ]
        spec.updatedAt = time(5)
        return spec
    }()

    static let specVersion = SpecVersion(
        id: id(73),
        specID: specID,
        number: 9,
        change: .updated,
        summary: "requirement changed",
        details: SpecVersion.Details(changed: ["requirements[\(requirementID)].action"]),
        affects: SpecVersion.Effects(
            requirementIDs: [requirementID],
            criterionIDs: [criterionID],
            ticketIDs: [ticketID],
            taskIDs: [taskID],
            withdrawnApprovals: ["requirements"]
        ),
        createdBy: "alice",
        snapshot: spec,
        createdAt: time(5)
    )
}

extension Samples {
    static let specCreate = SpecCreate(
        projectID: Entities.projectID,
        title: "Checkout",
        description: "Pay & go",
        analyze: true
    )
    static let specPatch = SpecPatch(title: "Check out", description: "Pay", status: .failed, stage: .design)
    static let requirementCreate = RequirementCreate(
        title: "Pay",
        condition: "the cart is not empty",
        action: "offer to pay",
        linkedDesign: "Payment",
        criteria: ["a button is shown"]
    )
    static let requirementPatch = RequirementPatch(
        title: "Pay",
        condition: "the cart is full",
        action: "offer to pay",
        linkedDesign: "Payment",
        status: .inProgress
    )
    static let criterionPatch = CriterionPatch(text: "a button is shown", completed: true)
    static let designBody = DesignBody(
        architecture: "graph TD",
        dataModel: "cart 1-n item",
        apiSpec: [
            DesignBody.Endpoint(method: "POST", endpoint: "/pay", description: "Pays"),
            DesignBody.Endpoint(method: "GET", path: "/cart", purpose: "Shows"),
        ]
    )
    static let specTaskCreate = SpecTaskCreate(
        title: "Build the button",
        description: "Blue",
        phase: "Implementation",
        priority: "high",
        taskType: "implement_feature",
        ticketID: Entities.ticketID,
        dependsOn: [Entities.id(31)],
        requirementIDs: [Entities.requirementID],
        criterionIDs: [Entities.criterionID],
        timeoutSeconds: 900
    )
    static let specTask = SpecTask(Entities.task, link: Entities.spec.taskLinks.first)

    static let specCommands: [Sample] =
        command(CreateSpec(body: specCreate), reply: Entities.spec, changes: [Entities.event(.specCreated)])
        + command(UpdateSpec(id: Entities.specID, ifVersion: 8, body: specPatch), reply: Entities.spec)
        + command(DeleteSpec(id: Entities.specID, ifVersion: 8), reply: Entities.spec)
        + command(
            AddRequirement(id: Entities.specID, ifVersion: 8, body: requirementCreate),
            reply: Entities.spec
        )
        + command(
            UpdateRequirement(
                id: Entities.specID,
                requirementID: Entities.requirementID,
                ifVersion: 8,
                body: requirementPatch
            ),
            reply: Entities.spec
        )
        + command(
            RemoveRequirement(id: Entities.specID, requirementID: Entities.requirementID, ifVersion: 8),
            reply: Entities.spec
        )
        + criterionCommands
        + command(SetDesign(id: Entities.specID, ifVersion: 8, body: designBody), reply: Entities.spec)
        + command(ApproveSpec(id: Entities.specID, part: .design, ifVersion: 8), reply: Entities.spec)
        + command(
            CreateSpecTask(id: Entities.specID, ifVersion: 8, body: specTaskCreate),
            reply: SpecTaskCreated(spec: Entities.spec, task: Entities.task)
        )
        + command(
            MaterializeSpec(id: Entities.specID, ifVersion: 8),
            reply: SpecMaterialized(spec: Entities.spec, ticketIDs: [Entities.ticketID], taskCount: 3)
        )
        + command(
            ListSpecVersions(id: Entities.specID, limit: 20, before: 10),
            reply: SpecVersionPage(versions: [Entities.specVersion], total: 9, nextBefore: 9)
        )

    private static let criterionCommands: [Sample] =
        command(
            AddCriterion(
                id: Entities.specID,
                requirementID: Entities.requirementID,
                ifVersion: 8,
                body: CriterionCreate(text: "a button is shown")
            ),
            reply: Entities.spec
        )
        + command(
            UpdateCriterion(
                id: Entities.specID,
                requirementID: Entities.requirementID,
                criterionID: Entities.criterionID,
                ifVersion: 8,
                body: criterionPatch
            ),
            reply: Entities.spec
        )
        + command(
            RemoveCriterion(
                id: Entities.specID,
                requirementID: Entities.requirementID,
                criterionID: Entities.criterionID,
                ifVersion: 8
            ),
            reply: Entities.spec
        )

    static let specBodies: [Sample] = [
        Sample("body.spec-create", specCreate),
        Sample("body.spec-patch", specPatch),
        Sample("body.requirement-create", requirementCreate),
        Sample("body.requirement-patch", requirementPatch),
        Sample("body.criterion-patch", criterionPatch),
        Sample("body.design", designBody),
        Sample("body.spec-task-create", specTaskCreate),
        Sample("body.spec-task", specTask),
        Sample("body.spec-view", SpecView(Entities.spec, tasks: [specTask], figures: .init(commits: 1))),
        Sample(
            "body.spec-list",
            SpecList(specs: [SpecView(Entities.spec, tasks: [], figures: .init())], total: 1, nextCursor: "c1")
        ),
        Sample(
            "body.spec-materialization",
            SpecMaterialization(
                specID: Entities.specID,
                message: "1 tickets with 3 tasks may start",
                ticketIDs: [Entities.ticketID],
                taskCount: 3
            )
        ),
        Sample(
            "body.spec-versions",
            SpecVersionList(versions: [Entities.specVersion], total: 9, nextCursor: "c1")
        ),
        Sample("body.spec-trace", specTrace),
        Sample("body.message", SpecMessage(message: "Spec deleted")),
    ]

    private static let specTrace: SpecTrace = {
        let requirement = Entities.spec.requirements[0]
        var attempt = Entities.attempt
        attempt.status = .completed
        let work = SpecTrace.TicketTrace(
            Entities.ticket,
            tasks: [SpecTrace.TaskTrace(Entities.task, attempts: [attempt])]
        )
        return SpecTrace(
            specID: Entities.specID,
            requirements: [
                SpecTrace.RequirementTrace(
                    requirement,
                    criteria: requirement.criteria.map { SpecTrace.CriterionTrace($0, tickets: [work]) },
                    tickets: []
                )
            ],
            unlinked: [work]
        )
    }()
}
