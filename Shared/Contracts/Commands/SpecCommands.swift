import Kernel

// Commands about specs, answered by the ticket workflow. `ifVersion` is the version the caller saw; nil: any.

package struct CreateSpec: Command {
    package static let name = "spec.create"
    package typealias Reply = Spec
    package var body: SpecCreate
    package init(body: SpecCreate) { self.body = body }
}

package struct UpdateSpec: Command {
    package static let name = "spec.update"
    package typealias Reply = Spec
    package var id: Identifier
    package var ifVersion: Int?
    package var body: SpecPatch
    package init(id: Identifier, ifVersion: Int? = nil, body: SpecPatch) {
        self.id = id
        self.ifVersion = ifVersion
        self.body = body
    }
}

/// Takes a spec away. Tickets that still wait for it are archived; those at work stay.
package struct DeleteSpec: Command {
    package static let name = "spec.delete"
    package typealias Reply = Spec
    package var id: Identifier
    package var ifVersion: Int?
    package init(id: Identifier, ifVersion: Int? = nil) {
        self.id = id
        self.ifVersion = ifVersion
    }
}

/// The new requirement is the last one of the reply.
package struct AddRequirement: Command {
    package static let name = "spec.add-requirement"
    package typealias Reply = Spec
    package var id: Identifier
    package var ifVersion: Int?
    package var body: RequirementCreate
    package init(id: Identifier, ifVersion: Int? = nil, body: RequirementCreate) {
        self.id = id
        self.ifVersion = ifVersion
        self.body = body
    }
}

package struct UpdateRequirement: Command {
    package static let name = "spec.update-requirement"
    package typealias Reply = Spec
    package var id: Identifier
    package var requirementID: Identifier
    package var ifVersion: Int?
    package var body: RequirementPatch
    package init(id: Identifier, requirementID: Identifier, ifVersion: Int? = nil, body: RequirementPatch) {
        self.id = id
        self.requirementID = requirementID
        self.ifVersion = ifVersion
        self.body = body
    }
}

package struct RemoveRequirement: Command {
    package static let name = "spec.remove-requirement"
    package typealias Reply = Spec
    package var id: Identifier
    package var requirementID: Identifier
    package var ifVersion: Int?
    package init(id: Identifier, requirementID: Identifier, ifVersion: Int? = nil) {
        self.id = id
        self.requirementID = requirementID
        self.ifVersion = ifVersion
    }
}

/// The new criterion is the last one of its requirement in the reply.
package struct AddCriterion: Command {
    package static let name = "spec.add-criterion"
    package typealias Reply = Spec
    package var id: Identifier
    package var requirementID: Identifier
    package var ifVersion: Int?
    package var body: CriterionCreate
    package init(id: Identifier, requirementID: Identifier, ifVersion: Int? = nil, body: CriterionCreate) {
        self.id = id
        self.requirementID = requirementID
        self.ifVersion = ifVersion
        self.body = body
    }
}

package struct UpdateCriterion: Command {
    package static let name = "spec.update-criterion"
    package typealias Reply = Spec
    package var id: Identifier
    package var requirementID: Identifier
    package var criterionID: Identifier
    package var ifVersion: Int?
    package var body: CriterionPatch
    package init(
        id: Identifier,
        requirementID: Identifier,
        criterionID: Identifier,
        ifVersion: Int? = nil,
        body: CriterionPatch
    ) {
        self.id = id
        self.requirementID = requirementID
        self.criterionID = criterionID
        self.ifVersion = ifVersion
        self.body = body
    }
}

package struct RemoveCriterion: Command {
    package static let name = "spec.remove-criterion"
    package typealias Reply = Spec
    package var id: Identifier
    package var requirementID: Identifier
    package var criterionID: Identifier
    package var ifVersion: Int?
    package init(id: Identifier, requirementID: Identifier, criterionID: Identifier, ifVersion: Int? = nil) {
        self.id = id
        self.requirementID = requirementID
        self.criterionID = criterionID
        self.ifVersion = ifVersion
    }
}

/// Replaces the whole design.
package struct SetDesign: Command {
    package static let name = "spec.set-design"
    package typealias Reply = Spec
    package var id: Identifier
    package var ifVersion: Int?
    package var body: DesignBody
    package init(id: Identifier, ifVersion: Int? = nil, body: DesignBody) {
        self.id = id
        self.ifVersion = ifVersion
        self.body = body
    }
}

/// Approvals go in order: requirements, then design.
package struct ApproveSpec: Command {
    package enum Part: String, Codable, Sendable, CaseIterable { case requirements, design }
    package static let name = "spec.approve"
    package typealias Reply = Spec
    package var id: Identifier
    package var part: Part
    package var ifVersion: Int?
    package init(id: Identifier, part: Part, ifVersion: Int? = nil) {
        self.id = id
        self.part = part
        self.ifVersion = ifVersion
    }
}

/// Creates a real task for a spec.
package struct CreateSpecTask: Command {
    package static let name = "spec.create-task"
    package typealias Reply = SpecTaskCreated
    package var id: Identifier
    package var ifVersion: Int?
    package var body: SpecTaskCreate
    package init(id: Identifier, ifVersion: Int? = nil, body: SpecTaskCreate) {
        self.id = id
        self.ifVersion = ifVersion
        self.body = body
    }
}

package struct SpecTaskCreated: Codable, Sendable, Equatable {
    package var spec: Spec
    package var task: WorkTask
    package init(spec: Spec, task: WorkTask) {
        self.spec = spec
        self.task = task
    }
}

/// Lifts the hold on the spec's tickets; needs an approved design.
package struct MaterializeSpec: Command {
    package static let name = "spec.materialize"
    package typealias Reply = SpecMaterialized
    package var id: Identifier
    package var ifVersion: Int?
    package init(id: Identifier, ifVersion: Int? = nil) {
        self.id = id
        self.ifVersion = ifVersion
    }
}

package struct SpecMaterialized: Codable, Sendable, Equatable {
    package var spec: Spec
    /// The tickets that were let go now.
    package var ticketIDs: [Identifier]
    /// Unfinished tasks in them.
    package var taskCount: Int

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case spec
        case ticketIDs = "ticket_ids"
        case taskCount = "task_count"
    }

    package init(spec: Spec, ticketIDs: [Identifier], taskCount: Int) {
        self.spec = spec
        self.ticketIDs = ticketIDs
        self.taskCount = taskCount
    }
}

/// Asks for the versions of a spec, newest first. They lie with the owner only.
package struct ListSpecVersions: Command {
    package static let name = "spec.versions"
    package typealias Reply = SpecVersionPage
    package var id: Identifier
    package var limit: Int
    /// Only versions below this number; nil: from the newest.
    package var before: Int?
    package init(id: Identifier, limit: Int, before: Int? = nil) {
        self.id = id
        self.limit = limit
        self.before = before
    }
}

package struct SpecVersionPage: Codable, Sendable, Equatable {
    package var versions: [SpecVersion]
    package var total: Int
    /// `before` of the next page; nil on the last one.
    package var nextBefore: Int?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case versions, total
        case nextBefore = "next_before"
    }

    package init(versions: [SpecVersion], total: Int, nextBefore: Int?) {
        self.versions = versions
        self.total = total
        self.nextBefore = nextBefore
    }
}
