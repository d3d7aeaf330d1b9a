import Contracts
import Kernel

/// How far the tickets of a spec's work are.
enum SpecWork: Equatable, Sendable {
    case none, open, testing, done

    /// - Parameter phases: of the tickets of its work, archived ones left out.
    init(_ phases: [Phase]) {
        if phases.isEmpty {
            self = .none
        } else if phases.allSatisfy({ $0 == .done }) {
            self = .done
        } else if phases.allSatisfy({ $0 >= .buildingDone }) {
            self = .testing
        } else {
            self = .open
        }
    }
}

// What may be done to a spec. An approval holds for what was approved: an edit of it takes the approval back.
extension Spec {
    /// Sets status and stage to what follows from approvals and work.
    mutating func derive(_ work: SpecWork) {
        let (status, stage) = derived(work)
        if self.status != .failed { self.status = status }
        self.stage = stage
    }

    /// The status it has unless it was given up, and its stage.
    func derived(_ work: SpecWork) -> (Status, Stage) {
        guard requirementsApproved else { return (requirements.isEmpty ? .draft : .requirements, .requirements) }
        guard designApproved else { return (.design, .design) }
        switch work {
        case .none, .open: return (.executing, .implementation)
        case .testing: return (.executing, .testing)
        case .done: return (.completed, .done)
        }
    }

    // MARK: Requirements

    mutating func add(_ requirement: Requirement) throws {
        guard requirements.count < Limits.requirementsPerSpec else {
            throw Fault(.conflict, "the spec has \(Limits.requirementsPerSpec) requirements, which is the limit")
        }
        try Self.check(requirement)
        requirements.append(requirement)
        withdrawApprovals()
    }

    mutating func edit(_ id: Identifier, _ patch: RequirementPatch) throws {
        let index = try index(ofRequirement: id)
        let before = requirements[index]
        var after = before
        after.title = patch.title ?? before.title
        after.condition = patch.condition ?? before.condition
        after.action = patch.action ?? before.action
        after.text = RequirementText.sentence(condition: after.condition, action: after.action)
        after.linkedDesign = patch.linkedDesign ?? before.linkedDesign
        after.status = patch.status ?? before.status
        try Self.check(after)
        requirements[index] = after
        if after.title != before.title || after.text != before.text { withdrawApprovals() }
    }

    mutating func removeRequirement(_ id: Identifier) throws {
        let index = try index(ofRequirement: id)
        let criteria = requirements.remove(at: index).criteria.map(\.id)
        for link in taskLinks.indices {
            taskLinks[link].requirementIDs.removeAll { $0 == id }
            taskLinks[link].criterionIDs.removeAll { criteria.contains($0) }
        }
        withdrawApprovals()
    }

    // MARK: Criteria

    mutating func add(_ criterion: Criterion, to id: Identifier) throws {
        let index = try index(ofRequirement: id)
        requirements[index].criteria.append(criterion)
        try Self.check(requirements[index])
        review(requirement: index)
        withdrawApprovals()
    }

    mutating func edit(_ id: Identifier, of requirement: Identifier, _ patch: CriterionPatch) throws {
        let index = try index(ofRequirement: requirement)
        let place = try Self.index(ofCriterion: id, in: requirements[index])
        let before = requirements[index].criteria[place]
        requirements[index].criteria[place].text = patch.text ?? before.text
        requirements[index].criteria[place].completed = patch.completed ?? before.completed
        try Self.check(requirements[index])
        let after = requirements[index].criteria[place]
        if after.completed != before.completed { review(requirement: index) }
        if after.text != before.text { withdrawApprovals() }
    }

    mutating func removeCriterion(_ id: Identifier, of requirement: Identifier) throws {
        let index = try index(ofRequirement: requirement)
        requirements[index].criteria.remove(at: try Self.index(ofCriterion: id, in: requirements[index]))
        for link in taskLinks.indices { taskLinks[link].criterionIDs.removeAll { $0 == id } }
        review(requirement: index)
        withdrawApprovals()
    }

    // MARK: Design and approvals

    mutating func set(_ design: Design) {
        guard design != self.design else { return }
        self.design = design
        withdrawDesignApproval()
    }

    /// - Throws: ``Fault`` `conflict` when it is approved already, when there is nothing to approve, or out of order.
    mutating func approve(_ part: ApproveSpec.Part, now: Timestamp) throws {
        try checkAlive()
        switch part {
        case .requirements:
            guard !requirementsApproved else { throw Fault(.conflict, "the requirements are approved already") }
            guard !requirements.isEmpty else { throw Fault(.conflict, "there are no requirements to approve") }
            requirementsApproved = true
            requirementsApprovedAt = now
        case .design:
            guard requirementsApproved else {
                throw Fault(.conflict, "approvals go in order: approve the requirements first")
            }
            guard !designApproved else { throw Fault(.conflict, "the design is approved already") }
            guard let design, design != Design() else { throw Fault(.conflict, "there is no design to approve") }
            designApproved = true
            designApprovedAt = now
        }
    }

    /// - Throws: ``Fault`` `conflict` for a spec that was given up.
    func checkAlive() throws {
        guard status != .failed else {
            throw Fault(.conflict, "the spec was given up; set another status to take it up again")
        }
    }

    /// - Throws: ``Fault`` `conflict` for a status or stage that does not follow from approvals and work.
    mutating func patch(_ patch: SpecPatch, _ work: SpecWork) throws {
        title = patch.title ?? title
        description = patch.description ?? description
        let (derivedStatus, derivedStage) = derived(work)
        if let stage = patch.stage, stage != derivedStage {
            throw Fault(
                .conflict,
                "the phase follows from the approvals and the work: it is \(derivedStage.rawValue), and "
                    + "approve-requirements, approve-design or finished tickets bring it further"
            )
        }
        guard let status = patch.status, status != self.status else { return }
        guard status == .failed || status == derivedStatus else {
            throw Fault(
                .conflict,
                "the status follows from the approvals and the work: only \(derivedStatus.rawValue) or failed can "
                    + "be set"
            )
        }
        self.status = status
    }

    // MARK: Work

    /// - Throws: ``Fault`` `conflict` at the limit.
    mutating func link(_ ticket: LinkedTicket) throws {
        guard !tickets.contains(where: { $0.ticketID == ticket.ticketID }) else { return }
        guard tickets.count < Limits.ticketsPerSpec else {
            throw Fault(.conflict, "the spec has \(Limits.ticketsPerSpec) tickets, which is the limit")
        }
        tickets.append(ticket)
    }

    /// - Throws: ``Fault`` `conflict` at the limit, `invalid-field` for something that is not in the spec.
    mutating func link(_ link: TaskLink) throws {
        guard taskLinks.count < Limits.tasksPerSpec else {
            throw Fault(.conflict, "the spec has \(Limits.tasksPerSpec) tasks, which is the limit")
        }
        for (position, id) in link.requirementIDs.enumerated() where !requirements.contains(where: { $0.id == id }) {
            throw Fault.invalid("requirement_ids[\(position)]", "there is no requirement '\(id)' in this spec")
        }
        let criteria = Set(requirements.flatMap(\.criteria).map(\.id))
        for (position, id) in link.criterionIDs.enumerated() where !criteria.contains(id) {
            throw Fault.invalid("criterion_ids[\(position)]", "there is no criterion '\(id)' in this spec")
        }
        taskLinks.append(link)
    }

    /// Lifts the hold on its tickets.
    ///
    /// - Returns: the tickets that were held.
    /// - Throws: ``Fault`` `conflict` before the design is approved.
    mutating func materialize(now: Timestamp) throws -> [Identifier] {
        try checkAlive()
        guard designApproved else { throw Fault(.conflict, "the design is not approved yet; approve it first") }
        let held = tickets.filter(\.held).map(\.ticketID)
        for index in tickets.indices { tickets[index].held = false }
        materializedAt = materializedAt ?? now
        return held
    }

    // MARK: Parts

    private mutating func withdrawApprovals() {
        requirementsApproved = false
        requirementsApprovedAt = nil
        withdrawDesignApproval()
    }

    private mutating func withdrawDesignApproval() {
        designApproved = false
        designApprovedAt = nil
    }

    /// A requirement is as far as its criteria are.
    private mutating func review(requirement index: Int) {
        let criteria = requirements[index].criteria
        let completed = criteria.count { $0.completed }
        requirements[index].status =
            if completed == 0 {
                .pending
            } else {
                completed == criteria.count ? .completed : .inProgress
            }
    }

    private func index(ofRequirement id: Identifier) throws -> Int {
        guard let index = requirements.firstIndex(where: { $0.id == id }) else {
            throw Fault.notFound("requirement", id)
        }
        return index
    }

    private static func index(ofCriterion id: Identifier, in requirement: Requirement) throws -> Int {
        guard let index = requirement.criteria.firstIndex(where: { $0.id == id }) else {
            throw Fault.notFound("criterion", id)
        }
        return index
    }

    private static func check(_ requirement: Requirement) throws {
        try checkText(requirement.title, field: "title")
        try checkText(requirement.condition, field: "condition")
        try checkText(requirement.action, field: "action")
        guard requirement.criteria.count <= Limits.criteriaPerRequirement else {
            throw Fault(
                .conflict,
                "the requirement has \(Limits.criteriaPerRequirement) criteria, which is the limit"
            )
        }
        for criterion in requirement.criteria { try checkText(criterion.text, field: "text") }
    }

    private static func checkText(_ text: String, field: String) throws {
        guard text.contains(where: { !$0.isWhitespace }) else { throw Fault.invalid(field, "must not be empty") }
    }
}
