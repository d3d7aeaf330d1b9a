import Contracts
import Kernel
import Testing

@testable import TicketWorkflow

@Suite struct `Specs` {
    @Test func `a spec goes from draft to completed, every step an event and a version`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            var spec = try await workflow.spec(project)
            #expect(spec.status == .draft && spec.stage == .requirements)
            spec = try await workflow.run(AddRequirement(id: spec.id, body: .pay))
            #expect(spec.status == .requirements)
            spec = try await workflow.run(ApproveSpec(id: spec.id, part: .requirements))
            #expect(spec.status == .design && spec.stage == .design)
            spec = try await workflow.run(SetDesign(id: spec.id, body: DesignBody(architecture: "a")))
            spec = try await workflow.run(ApproveSpec(id: spec.id, part: .design))
            #expect(spec.status == .executing && spec.stage == .implementation)
            let made = try await workflow.run(
                CreateSpecTask(
                    id: spec.id,
                    body: SpecTaskCreate(title: "build", requirementIDs: [spec.requirements[0].id])
                )
            )
            #expect(try await workflow.holds(made.task.id).contains(.ticketNotInPhase))
            let done = try await workflow.run(MaterializeSpec(id: spec.id))
            #expect(done.ticketIDs == [made.task.ticketID])
            #expect(done.taskCount == 1)
            try await workflow.complete(made.task.id)
            #expect(try await workflow.ticket(made.task.ticketID).status == .done)
            spec = try await workflow.spec(spec.id)
            #expect(spec.status == .completed && spec.stage == .done)
            let types = try await workflow.eventTypes(of: spec.id)
            #expect(types.first == .specCreated)
            #expect(types.count { $0 == .specApproved } == 2)
            let page = try await workflow.ask(ListSpecVersions(id: spec.id, limit: 100))
            #expect(page.versions.map(\.number) == Array((1...spec.version).reversed()))
            #expect(page.total == spec.version && types.count == spec.version)
            #expect(page.versions.first?.snapshot == spec)
            #expect(page.versions.last?.change == .created)
            #expect(page.versions.contains { $0.change == .materialized })
            #expect(page.versions.contains { $0.change == .phaseChanged })
        }
    }

    @Test func `defect 46: a spec's tasks are real tasks with real dependencies, in the spec's own ticket`()
        async throws
    {
        try await withWorkflow { workflow in
            let spec = try await workflow.approvedSpec(try await workflow.project())
            let first = try await workflow.run(CreateSpecTask(id: spec.id, body: SpecTaskCreate(title: "first")))
            let second = try await workflow.run(
                CreateSpecTask(
                    id: spec.id,
                    body: SpecTaskCreate(
                        title: "second",
                        phase: "Testing",
                        priority: "high",
                        dependsOn: [first.task.id]
                    )
                )
            )
            #expect(first.task.ticketID == second.task.ticketID)
            #expect(first.spec.ticketID == first.task.ticketID)
            #expect(second.task.phase == .testing && second.task.priority == .high)
            #expect(second.task.dependsOn == [first.task.id])
            let ticket = try await workflow.ticket(first.task.ticketID)
            #expect(ticket.phase == .backlog && !ticket.autoStart && ticket.specID == spec.id)
            await #expect(throws: Fault.self) { try await workflow.claim() }
            let done = try await workflow.run(MaterializeSpec(id: spec.id))
            #expect(done.taskCount == 2)
            #expect(try await workflow.claim().taskID == first.task.id)
            // What is added later starts by itself.
            let third = try await workflow.run(CreateSpecTask(id: spec.id, body: SpecTaskCreate(title: "third")))
            #expect(third.task.ticketID == first.task.ticketID)
            #expect(try await workflow.claim().taskID == third.task.id)
            #expect(try await workflow.run(MaterializeSpec(id: spec.id)).ticketIDs.isEmpty)
        }
    }

    @Test func `defect 19: no edit of a nested part is lost`() async throws {
        try await withWorkflow { workflow in
            var spec = try await workflow.spec(try await workflow.project())
            for number in 1...3 {
                spec = try await workflow.run(
                    AddRequirement(
                        id: spec.id,
                        body: RequirementCreate(title: "\(number)", condition: "c", action: "a", criteria: ["x"])
                    )
                )
            }
            let (first, second, third) = (spec.requirements[0], spec.requirements[1], spec.requirements[2])
            try await workflow.run(
                UpdateRequirement(id: spec.id, requirementID: second.id, body: RequirementPatch(action: "b"))
            )
            try await workflow.run(
                UpdateCriterion(
                    id: spec.id,
                    requirementID: third.id,
                    criterionID: third.criteria[0].id,
                    body: CriterionPatch(completed: true)
                )
            )
            try await workflow.run(AddCriterion(id: spec.id, requirementID: second.id, body: .init(text: "y")))
            try await workflow.run(RemoveRequirement(id: spec.id, requirementID: first.id))
            try await workflow.run(
                RemoveCriterion(id: spec.id, requirementID: second.id, criterionID: second.criteria[0].id)
            )
            spec = try await workflow.spec(spec.id)
            #expect(spec.requirements.map(\.title) == ["2", "3"])
            #expect(spec.requirements[0].text == "When c, the system shall b.")
            #expect(spec.requirements[0].criteria.map(\.text) == ["y"])
            #expect(spec.requirements[1].criteria[0].completed)
            #expect(spec.requirements[1].status == .completed)
            #expect(try await workflow.events().last?.data.spec == spec)
        }
    }

    @Test func `defect 21: a completed criterion is told in the same transaction`() async throws {
        try await withWorkflow { workflow in
            let spec = try await workflow.approvedSpec(try await workflow.project())
            let requirement = spec.requirements[0]
            let before = try await workflow.events().count
            let changed = try await workflow.run(
                UpdateCriterion(
                    id: spec.id,
                    requirementID: requirement.id,
                    criterionID: requirement.criteria[0].id,
                    body: CriterionPatch(completed: true)
                )
            )
            let events = try await workflow.events()
            #expect(events.count == before + 1)
            #expect(events.last?.type == .specUpdated && events.last?.data.spec == changed)
            #expect(changed.requirementsApproved && changed.designApproved)
        }
    }

    @Test func `letting a spec go answers the reviews of what it planned, and leaves the archived alone`() async throws
    {
        try await withWorkflow { workflow in
            let spec = try await workflow.approvedSpec(try await workflow.project { $0.approval.required = true })
            let made = try await workflow.run(CreateSpecTask(id: spec.id, body: SpecTaskCreate(title: "t")))
            #expect(try await workflow.ticket(made.task.ticketID).approvalStatus == .pendingReview)
            let done = try await workflow.run(MaterializeSpec(id: spec.id))
            #expect(done.ticketIDs == [made.task.ticketID])
            #expect(try await workflow.ticket(made.task.ticketID).approvalStatus == .approved)
            #expect(try await workflow.claim().taskID == made.task.id)
            let other = try await workflow.approvedSpec(try await workflow.project())
            let held = try await workflow.run(CreateSpecTask(id: other.id, body: SpecTaskCreate(title: "t"))).task
            var archiving = TicketPatch()
            archiving.archived = true
            try await workflow.run(UpdateTicket(id: held.ticketID, body: archiving))
            let again = try await workflow.run(CreateSpecTask(id: other.id, body: SpecTaskCreate(title: "t"))).task
            #expect(again.ticketID != held.ticketID)
            #expect(try await workflow.run(MaterializeSpec(id: other.id)).ticketIDs == [again.ticketID])
        }
    }

    @Test func `a task may go into a ticket that is there already`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let spec = try await workflow.spec(project)
            let (ticket, _) = try await workflow.single(project)
            let made = try await workflow.run(
                CreateSpecTask(id: spec.id, body: SpecTaskCreate(title: "t", ticketID: ticket.id))
            )
            #expect(made.task.ticketID == ticket.id)
            #expect(made.spec.ticketID == nil)
            #expect(made.spec.tickets == [.init(ticketID: ticket.id, relation: .linked, held: false)])
            #expect(made.spec.taskLinks.map(\.taskID) == [made.task.id])
        }
    }

    @Test func `deleting takes the held tickets along and leaves work that has begun`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let spec = try await workflow.approvedSpec(project)
            let held = try await workflow.run(CreateSpecTask(id: spec.id, body: SpecTaskCreate(title: "held"))).task
            let (ticket, _) = try await workflow.single(project)
            let real = try await workflow.run(
                CreateSpecTask(id: spec.id, body: SpecTaskCreate(title: "real", ticketID: ticket.id))
            ).task
            let deleted = try await workflow.run(DeleteSpec(id: spec.id, ifVersion: nil))
            #expect(deleted.deleted)
            #expect(try await workflow.task(held.id).status == .cancelled)
            #expect(try await workflow.ticket(held.ticketID).archived)
            #expect(try await workflow.task(real.id).status == .pending)
            #expect(try await workflow.eventTypes(of: spec.id).last == .specDeleted)
            try await workflow.expectRefusal(AddRequirement(id: spec.id, body: .pay), .notFound)
            try await workflow.expectRefusal(DeleteSpec(id: spec.id), .notFound)
            // The tombstone is part of the snapshot.
            let page = try await workflow.ask(Snapshot(cursor: "spec:"))
            #expect(page.entities.map(\.spec) == [deleted])
        }
    }

    @Test func `two approvals at once have one winner`() async throws {
        try await withWorkflow { workflow in
            let spec = try await workflow.spec(try await workflow.project())
            try await workflow.run(AddRequirement(id: spec.id, body: .pay))
            let outcomes = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        (try? await workflow.run(ApproveSpec(id: spec.id, part: .requirements))) != nil
                    }
                }
                return await group.reduce(into: [Bool]()) { $0.append($1) }
            }
            #expect(outcomes.count { $0 } == 1)
        }
    }

    @Test func `bad input is refused and changes nothing`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let spec = try await workflow.approvedSpec(project)
            let id = spec.id
            let unknown = Identifier.make()
            try await workflow.expectRefusal(CreateSpec(body: .init(projectID: unknown, title: "x")), .notFound)
            try await workflow.expectRefusal(CreateSpec(body: .init(projectID: project.id, title: " ")), .invalid)
            try await workflow.expectRefusal(UpdateSpec(id: unknown, body: SpecPatch()), .notFound)
            try await workflow.expectRefusal(UpdateSpec(id: id, ifVersion: 1, body: SpecPatch()), .preconditionFailed)
            try await workflow.expectRefusal(UpdateSpec(id: id, body: SpecPatch(status: .completed)), .conflict)
            try await workflow.expectRefusal(UpdateSpec(id: id, body: SpecPatch(stage: .done)), .conflict)
            try await workflow.expectRefusal(
                AddRequirement(id: id, body: RequirementCreate(title: "t", condition: " ", action: "a")),
                .invalid
            )
            try await workflow.expectRefusal(
                UpdateRequirement(id: id, requirementID: unknown, body: RequirementPatch()),
                .notFound
            )
            try await workflow.expectRefusal(
                RemoveCriterion(id: id, requirementID: spec.requirements[0].id, criterionID: unknown),
                .notFound
            )
            try await workflow.expectRefusal(
                SetDesign(id: id, body: DesignBody(apiSpec: [.init(method: "GET")])),
                .invalid
            )
            try await workflow.expectRefusal(ApproveSpec(id: id, part: .design), .conflict)
            for body in [
                SpecTaskCreate(title: "t", phase: "Done"), SpecTaskCreate(title: "t", ticketID: unknown),
                SpecTaskCreate(title: "t", dependsOn: [unknown]), SpecTaskCreate(title: "t", requirementIDs: [unknown]),
                SpecTaskCreate(title: "t", criterionIDs: [unknown]), SpecTaskCreate(title: "t", priority: "soon"),
            ] {
                try await workflow.expectRefusal(CreateSpecTask(id: id, body: body), .invalid)
            }
            try await workflow.expectRefusal(
                SetDesign(id: id, body: DesignBody(architecture: String(repeating: "x", count: Limits.specBytes))),
                .tooLarge
            )
            let draft = try await workflow.spec(project)
            try await workflow.expectRefusal(MaterializeSpec(id: draft.id), .conflict)
            try await workflow.expectRefusal(ApproveSpec(id: draft.id, part: .requirements), .conflict)
            let viewer = Actor(subject: "v", scope: .viewer)
            try await workflow.expectRefusal(MaterializeSpec(id: id), .forbidden, as: viewer)
            let stranger = Actor(subject: "s", scope: .member, projectID: unknown)
            try await workflow.expectRefusal(MaterializeSpec(id: id), .forbidden, as: stranger)
        }
    }

    @Test func `a spec can be given up and taken up again`() async throws {
        try await withWorkflow { workflow in
            let spec = try await workflow.approvedSpec(try await workflow.project())
            let failed = try await workflow.run(UpdateSpec(id: spec.id, body: SpecPatch(status: .failed)))
            #expect(failed.status == .failed)
            try await workflow.expectRefusal(MaterializeSpec(id: spec.id), .conflict)
            let again = try await workflow.run(UpdateSpec(id: spec.id, body: SpecPatch(status: .executing)))
            #expect(again.status == .executing)
            try await workflow.run(MaterializeSpec(id: spec.id))
        }
    }

    @Test func `an old version keeps its row and loses its snapshot`() async throws {
        try await withWorkflow { workflow in
            let spec = try await workflow.spec(try await workflow.project())
            for number in 0...Limits.specSnapshots {
                try await workflow.run(UpdateSpec(id: spec.id, body: SpecPatch(title: "\(number)")))
            }
            let first = try await workflow.ask(ListSpecVersions(id: spec.id, limit: 200))
            #expect(first.versions.count == Limits.specSnapshots + 2)
            #expect(first.versions.count { $0.snapshot != nil } == Limits.specSnapshots)
            let page = try await workflow.ask(ListSpecVersions(id: spec.id, limit: 1, before: 3))
            #expect(page.versions.map(\.number) == [2])
            #expect(page.nextBefore == 2)
            #expect(try await workflow.ask(ListSpecVersions(id: spec.id, limit: 1, before: 2)).nextBefore == nil)
        }
    }
}

extension TestWorkflow {
    func spec(_ project: Project, analyze: Bool? = nil) async throws -> Spec {
        try await run(
            CreateSpec(
                body: SpecCreate(projectID: project.id, title: "Checkout", description: "Pay", analyze: analyze)
            )
        )
    }

    func spec(_ id: Identifier) async throws -> Spec {
        try #require(try await store.read { try SpecStore.find(id, in: $0) })
    }

    /// With one requirement, its criterion, and a design, both approved.
    func approvedSpec(_ project: Project) async throws -> Spec {
        let spec = try await spec(project)
        try await run(AddRequirement(id: spec.id, body: .pay))
        try await run(SetDesign(id: spec.id, body: DesignBody(architecture: "a")))
        try await run(ApproveSpec(id: spec.id, part: .requirements))
        return try await run(ApproveSpec(id: spec.id, part: .design))
    }
}

extension RequirementCreate {
    static let pay = RequirementCreate(
        title: "Pay",
        condition: "the cart is not empty",
        action: "offer to pay",
        criteria: ["a button is shown"]
    )
}
