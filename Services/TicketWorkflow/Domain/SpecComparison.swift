import Contracts
import Kernel

/// What an edit of a spec changed and what rests on that.
struct SpecComparison {
    /// Places in the spec, `requirements[<id>].action`.
    private(set) var changed: [String] = []
    private(set) var effects = SpecVersion.Effects()
    private let before: Spec
    private let after: Spec

    init(before: Spec, after: Spec) {
        self.before = before
        self.after = after
        note("title", before.title != after.title)
        note("description", before.description != after.description)
        note("status", before.status != after.status)
        note("phase", before.stage != after.stage)
        compareRequirements()
        let isDesignChanged = compareDesign()
        note("requirements_approved", before.requirementsApproved != after.requirementsApproved)
        note("design_approved", before.designApproved != after.designApproved)
        note("tickets", before.tickets != after.tickets)
        note("task_links", before.taskLinks != after.taskLinks)
        note("deleted", before.deleted != after.deleted)
        if before.requirementsApproved, !after.requirementsApproved {
            effects.withdrawnApprovals.append(ApproveSpec.Part.requirements.rawValue)
        }
        if before.designApproved, !after.designApproved {
            effects.withdrawnApprovals.append(ApproveSpec.Part.design.rawValue)
        }
        addWork(all: isDesignChanged || after.deleted)
    }

    private mutating func note(_ place: String, _ isChanged: Bool) {
        if isChanged { changed.append(place) }
    }

    /// Only what a requirement says affects its work; its state does not.
    private mutating func compareRequirements() {
        for old in before.requirements where !after.requirements.contains(where: { $0.id == old.id }) {
            changed.append("requirements[\(old.id)]")
            effects.requirementIDs.append(old.id)
            effects.criterionIDs += old.criteria.map(\.id)
        }
        for new in after.requirements {
            let place = "requirements[\(new.id)]"
            guard let old = before.requirements.first(where: { $0.id == new.id }) else {
                changed.append(place)
                effects.requirementIDs.append(new.id)
                effects.criterionIDs += new.criteria.map(\.id)
                continue
            }
            note("\(place).title", old.title != new.title)
            note("\(place).condition", old.condition != new.condition)
            note("\(place).action", old.action != new.action)
            note("\(place).linked_design", old.linkedDesign != new.linkedDesign)
            note("\(place).status", old.status != new.status)
            if old.title != new.title || old.text != new.text { effects.requirementIDs.append(new.id) }
            compareCriteria(old, new, place)
        }
    }

    private mutating func compareCriteria(_ old: Spec.Requirement, _ new: Spec.Requirement, _ place: String) {
        for criterion in old.criteria where !new.criteria.contains(where: { $0.id == criterion.id }) {
            changed.append("\(place).criteria[\(criterion.id)]")
            effects.criterionIDs.append(criterion.id)
        }
        for criterion in new.criteria {
            let place = "\(place).criteria[\(criterion.id)]"
            guard let earlier = old.criteria.first(where: { $0.id == criterion.id }) else {
                changed.append(place)
                effects.criterionIDs.append(criterion.id)
                continue
            }
            note("\(place).text", earlier.text != criterion.text)
            note("\(place).completed", earlier.completed != criterion.completed)
            if earlier.text != criterion.text { effects.criterionIDs.append(criterion.id) }
        }
    }

    private mutating func compareDesign() -> Bool {
        let (old, new) = (before.design ?? Spec.Design(), after.design ?? Spec.Design())
        note("design.architecture", old.architecture != new.architecture)
        note("design.data_model", old.dataModel != new.dataModel)
        note("design.api_spec", old.apiSpec != new.apiSpec)
        return old != new
    }

    /// Tasks that are for a changed part, with their tickets; after a change of the design, all of the spec's work.
    private mutating func addWork(all: Bool) {
        let requirements = Set(effects.requirementIDs)
        let criteria = Set(effects.criterionIDs)
        // A criterion that was removed is in the links of before only.
        let parts = Dictionary(
            (after.requirements + before.requirements).flatMap { requirement in
                requirement.criteria.map { ($0.id, requirement.id) }
            },
            uniquingKeysWith: { first, _ in first }
        )
        for link in before.taskLinks {
            let isHit =
                all || link.requirementIDs.contains { requirements.contains($0) }
                || link.criterionIDs.contains { id in
                    criteria.contains(id) || parts[id].map { requirements.contains($0) } ?? false
                }
            guard isHit else { continue }
            effects.taskIDs.append(link.taskID)
            add(ticket: link.ticketID)
        }
        guard all else { return }
        for ticket in before.tickets where ticket.relation == .planned { add(ticket: ticket.ticketID) }
    }

    private mutating func add(ticket id: Identifier) {
        if !effects.ticketIDs.contains(id) { effects.ticketIDs.append(id) }
    }
}
