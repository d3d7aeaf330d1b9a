import Contracts
import Kernel
import Testing

@testable import TicketWorkflow

@Suite struct `Rules of specs` {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)

    private static func draft() -> Spec { Spec(id: .make(), projectID: .make(), title: "Checkout", createdAt: now) }

    private static func spec(_ edits: (inout Spec) throws -> Void) throws -> Spec {
        var spec = draft()
        try edits(&spec)
        return spec
    }

    private static func requirement(_ title: String = "Pay", criteria: [String] = []) -> Spec.Requirement {
        Spec.Requirement(
            id: .make(),
            title: title,
            condition: "the cart is not empty",
            action: "offer to pay",
            text: RequirementText.sentence(condition: "the cart is not empty", action: "offer to pay"),
            criteria: criteria.map { Spec.Criterion(id: .make(), text: $0) }
        )
    }

    /// With requirements and design approved.
    private static func approved(criteria: [String] = []) throws -> Spec {
        try spec { spec in
            try spec.add(requirement(criteria: criteria))
            spec.set(Spec.Design(architecture: "a"))
            try spec.approve(.requirements, now: now)
            try spec.approve(.design, now: now)
        }
    }

    @Test(arguments: [
        ("the cart is empty", "show a hint", "When the cart is empty, the system shall show a hint."),
        (
            "When the cart is empty,", "the system shall show a hint.",
            "When the cart is empty, the system shall show a hint."
        ),
        ("when idle", "shall sleep", "When idle, the system shall sleep."),
        ("while paying", "lock the cart", "While paying, the system shall lock the cart."),
        ("IF it fails", "The system must retry;", "IF it fails, the system shall retry."),
        ("whenever", "mustard", "When whenever, the system shall mustard."),
        ("  a \n", " b ", "When a, the system shall b."),
    ])
    func `a requirement reads as one sentence in the EARS form`(condition: String, action: String, sentence: String) {
        #expect(RequirementText.sentence(condition: condition, action: action) == sentence)
    }

    @Test(
        arguments: [
            ([], SpecWork.none),
            ([.backlog], .open),
            ([.implementation, .done], .open),
            ([.testing, .implementation], .open),
            ([.buildingDone], .testing),
            ([.testing, .done], .testing),
            ([.done, .done], .done),
        ] as [([Phase], SpecWork)]
    )
    func `the work is as far as its last ticket`(phases: [Phase], work: SpecWork) {
        #expect(SpecWork(phases) == work)
    }

    @Test(arguments: [
        (false, false, false, Spec.Status.draft, Spec.Stage.requirements),
        (true, false, false, .requirements, .requirements),
        (true, true, false, .design, .design),
        (true, true, true, .executing, .implementation),
    ])
    func `status and phase follow from requirements and approvals, whatever the work`(
        hasRequirements: Bool,
        first: Bool,
        second: Bool,
        status: Spec.Status,
        stage: Spec.Stage
    ) {
        var spec = Self.draft()
        if hasRequirements { spec.requirements = [Self.requirement()] }
        spec.requirementsApproved = first
        spec.designApproved = second
        for work in [SpecWork.none, .open] { #expect(spec.derived(work) == (status, stage)) }
        guard second else {
            for work in [SpecWork.testing, .done] { #expect(spec.derived(work) == (status, stage)) }
            return
        }
        #expect(spec.derived(.testing) == (.executing, .testing))
        #expect(spec.derived(.done) == (.completed, .done))
    }

    @Test func `approvals go in order, once, and only for something`() throws {
        var spec = Self.draft()
        func refuses(_ part: ApproveSpec.Part) -> Bool {
            var copy = spec
            return (try? copy.approve(part, now: Self.now)) == nil && copy == spec
        }
        #expect(refuses(.requirements))
        #expect(refuses(.design))
        try spec.add(Self.requirement())
        spec.set(Spec.Design(architecture: "a"))
        #expect(refuses(.design))
        try spec.approve(.requirements, now: Self.now)
        #expect(refuses(.requirements))
        spec.set(Spec.Design())
        #expect(refuses(.design))
        spec.set(Spec.Design(dataModel: "d"))
        try spec.approve(.design, now: Self.now)
        #expect(refuses(.design))
        #expect(spec.requirementsApprovedAt == Self.now && spec.designApprovedAt == Self.now)
    }

    /// An edit with what of the approvals is left after it.
    struct Edit: Sendable, CustomTestStringConvertible {
        var name: String
        var requirements: Bool
        var design: Bool
        var run: @Sendable (inout Spec) throws -> Void
        var testDescription: String { name }
    }

    static let edits = [
        Edit(name: "a new requirement", requirements: false, design: false) { try $0.add(requirement("New")) },
        Edit(name: "another condition", requirements: false, design: false) {
            try $0.edit($0.requirements[0].id, RequirementPatch(condition: "it rains"))
        },
        Edit(name: "the same condition", requirements: true, design: true) {
            try $0.edit($0.requirements[0].id, RequirementPatch(condition: $0.requirements[0].condition))
        },
        Edit(name: "only the state of a requirement", requirements: true, design: true) {
            try $0.edit($0.requirements[0].id, RequirementPatch(linkedDesign: "d", status: .completed))
        },
        Edit(name: "a requirement less", requirements: false, design: false) {
            try $0.removeRequirement($0.requirements[0].id)
        },
        Edit(name: "a new criterion", requirements: false, design: false) {
            try $0.add(Spec.Criterion(id: .make(), text: "c"), to: $0.requirements[0].id)
        },
        Edit(name: "a criterion ticked off", requirements: true, design: true) {
            let requirement = $0.requirements[0]
            try $0.edit(requirement.criteria[0].id, of: requirement.id, CriterionPatch(completed: true))
        },
        Edit(name: "another text of a criterion", requirements: false, design: false) {
            let requirement = $0.requirements[0]
            try $0.edit(requirement.criteria[0].id, of: requirement.id, CriterionPatch(text: "other"))
        },
        Edit(name: "a criterion less", requirements: false, design: false) {
            try $0.removeCriterion($0.requirements[0].criteria[0].id, of: $0.requirements[0].id)
        },
        Edit(name: "another design", requirements: true, design: false) { $0.set(Spec.Design(architecture: "b")) },
        Edit(name: "the same design", requirements: true, design: true) { $0.set(Spec.Design(architecture: "a")) },
        Edit(name: "another title of the spec", requirements: true, design: true) {
            try $0.patch(SpecPatch(title: "T", description: "D"), .none)
        },
    ]

    @Test(arguments: edits)
    func `an edit of what was approved takes the approval back`(edit: Edit) throws {
        let before = try Self.approved(criteria: ["one", "two"])
        var after = before
        try edit.run(&after)
        #expect(after.requirementsApproved == edit.requirements)
        #expect(after.designApproved == edit.design)
        let effects = SpecComparison(before: before, after: after).effects
        #expect(effects.withdrawnApprovals.contains("requirements") == !edit.requirements)
        #expect(effects.withdrawnApprovals.contains("design") == !edit.design)
    }

    @Test func `a requirement is as far as its criteria`() throws {
        var spec = try Self.spec { try $0.add(Self.requirement(criteria: ["one", "two"])) }
        let requirement = spec.requirements[0]
        func tick(_ index: Int, _ completed: Bool) throws -> Spec.Requirement.Status {
            let criterion = requirement.criteria[index].id
            try spec.edit(criterion, of: requirement.id, CriterionPatch(completed: completed))
            return spec.requirements[0].status
        }
        #expect(try tick(0, true) == .inProgress)
        #expect(try tick(1, true) == .completed)
        try spec.add(Spec.Criterion(id: .make(), text: "three"), to: requirement.id)
        #expect(spec.requirements[0].status == .inProgress)
        #expect(try tick(0, false) == .inProgress)
        #expect(try tick(1, false) == .pending)
    }

    @Test func `a version names what changed and the work that rests on it`() throws {
        let (pay, ship) = (Self.requirement("Pay", criteria: ["button"]), Self.requirement("Ship"))
        let (tickets, tasks) = ((0..<3).map { _ in Identifier.make() }, (0..<4).map { _ in Identifier.make() })
        var before = try Self.spec { spec in
            try spec.add(pay)
            try spec.add(ship)
            for id in tickets { try spec.link(.init(ticketID: id, relation: .planned, held: true)) }
            try spec.link(.init(taskID: tasks[0], ticketID: tickets[0], requirementIDs: [pay.id]))
            try spec.link(.init(taskID: tasks[1], ticketID: tickets[0], criterionIDs: [pay.criteria[0].id]))
            try spec.link(.init(taskID: tasks[2], ticketID: tickets[1], requirementIDs: [ship.id]))
            try spec.link(.init(taskID: tasks[3], ticketID: tickets[1]))
        }
        func effects(_ edit: (inout Spec) throws -> Void) throws -> SpecVersion.Effects {
            var after = before
            try edit(&after)
            return SpecComparison(before: before, after: after).effects
        }
        let reworded = try effects { try $0.edit(pay.id, RequirementPatch(action: "beep")) }
        #expect(reworded.requirementIDs == [pay.id])
        #expect(reworded.taskIDs == [tasks[0], tasks[1]])
        #expect(reworded.ticketIDs == [tickets[0]])
        let criterion = try effects { try $0.edit(pay.criteria[0].id, of: pay.id, CriterionPatch(text: "b")) }
        #expect(criterion.criterionIDs == [pay.criteria[0].id])
        #expect(criterion.taskIDs == [tasks[1]])
        let removed = try effects { try $0.removeRequirement(ship.id) }
        #expect(removed.taskIDs == [tasks[2]])
        let design = try effects { $0.set(Spec.Design(architecture: "x")) }
        #expect(design.taskIDs == tasks)
        #expect(Set(design.ticketIDs) == Set(tickets))
        let state = try effects { try $0.edit(pay.id, RequirementPatch(status: .completed)) }
        #expect(state == SpecVersion.Effects())
        try before.removeRequirement(ship.id)
        #expect(before.taskLinks[2].requirementIDs.isEmpty)
    }

    @Test func `a version names the changed places`() throws {
        let before = try Self.approved(criteria: ["one"])
        var after = before
        let requirement = before.requirements[0]
        try after.edit(requirement.id, RequirementPatch(title: "T", action: "beep", status: .completed))
        try after.edit(requirement.criteria[0].id, of: requirement.id, CriterionPatch(text: "x", completed: true))
        after.set(Spec.Design(dataModel: "d", apiSpec: [.init(method: "GET", endpoint: "/", description: "")]))
        let place = "requirements[\(requirement.id)]"
        #expect(
            SpecComparison(before: before, after: after).changed == [
                "\(place).title", "\(place).action", "\(place).status",
                "\(place).criteria[\(requirement.criteria[0].id)].text",
                "\(place).criteria[\(requirement.criteria[0].id)].completed",
                "design.architecture", "design.data_model", "design.api_spec",
                "requirements_approved", "design_approved",
            ]
        )
    }

    @Test func `limits are kept`() throws {
        var spec = Self.draft()
        for number in 0..<Limits.requirementsPerSpec { try spec.add(Self.requirement("\(number)")) }
        #expect(throws: Fault.self) { try spec.add(Self.requirement("one more")) }
        let id = spec.requirements[0].id
        for _ in 0..<Limits.criteriaPerRequirement { try spec.add(.init(id: .make(), text: "c"), to: id) }
        #expect(throws: Fault.self) { try spec.add(.init(id: .make(), text: "one more"), to: id) }
        for _ in 0..<Limits.ticketsPerSpec {
            try spec.link(.init(ticketID: .make(), relation: .planned, held: true))
        }
        #expect(throws: Fault.self) {
            try spec.link(Spec.LinkedTicket(ticketID: .make(), relation: .planned, held: true))
        }
    }
}
