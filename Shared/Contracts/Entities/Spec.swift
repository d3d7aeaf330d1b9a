import Kernel

/// A described feature: requirements with acceptance criteria, a design, approvals in order, and the work made from it.
///
/// Its status and phase follow from approvals and from the tickets of its work; they are never set against them.
package struct Spec: Codable, Sendable, Equatable {
    package enum Status: String, Codable, Sendable, CaseIterable {
        /// Nothing is required yet.
        case draft
        /// Requirements are being written; they are not approved.
        case requirements
        /// Requirements are approved, the design is not.
        case design
        /// Both are approved; the work goes on.
        case executing
        /// Every ticket of its work is done.
        case completed
        /// Given up by hand.
        case failed
    }

    /// Where the feature is; another vocabulary than ``Contracts/Phase`` of tickets.
    package enum Stage: String, Codable, Sendable, CaseIterable {
        case requirements = "Requirements"
        case design = "Design"
        case implementation = "Implementation"
        case testing = "Testing"
        case done = "Done"

        /// The phase of a task that belongs to this stage; nil where there are no tasks.
        package var taskPhase: Phase? {
            switch self {
            case .requirements: .requirements
            case .design: .design
            case .implementation: .implementation
            case .testing: .testing
            case .done: nil
            }
        }

        /// The stage a task of the phase belongs to.
        package init(_ phase: Phase) {
            self =
                switch phase {
                case .backlog, .requirements: .requirements
                case .design: .design
                case .implementation: .implementation
                case .buildingDone, .testing: .testing
                case .done: .done
                }
        }
    }

    /// What the feature has to do, in the EARS form: *when* ``condition``, the system *shall* ``action``.
    package struct Requirement: Codable, Sendable, Equatable {
        package enum Status: String, Codable, Sendable, CaseIterable {
            case pending
            case inProgress = "in_progress"
            case completed
        }

        package var id: Identifier
        package var title: String
        package var condition: String
        package var action: String
        /// The whole sentence, made from condition and action.
        package var text: String
        package var criteria: [Criterion]
        /// Name of the part of the design that answers it.
        package var linkedDesign: String?
        package var status: Status

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case id, title, condition, action, text, criteria, status
            case linkedDesign = "linked_design"
        }

        package init(
            id: Identifier,
            title: String,
            condition: String,
            action: String,
            text: String,
            criteria: [Criterion] = [],
            linkedDesign: String? = nil,
            status: Status = .pending
        ) {
            self.id = id
            self.title = title
            self.condition = condition
            self.action = action
            self.text = text
            self.criteria = criteria
            self.linkedDesign = linkedDesign
            self.status = status
        }
    }

    /// How one sees that a requirement is met.
    package struct Criterion: Codable, Sendable, Equatable {
        package var id: Identifier
        package var text: String
        package var completed: Bool

        package enum CodingKeys: String, CodingKey, CaseIterable { case id, text, completed }

        package init(id: Identifier, text: String, completed: Bool = false) {
            self.id = id
            self.text = text
            self.completed = completed
        }
    }

    /// How the feature is to be built. Texts are Markdown.
    package struct Design: Codable, Sendable, Equatable {
        package struct Endpoint: Codable, Sendable, Equatable {
            package var method: String
            package var endpoint: String
            package var description: String

            package enum CodingKeys: String, CodingKey, CaseIterable { case method, endpoint, description }

            package init(method: String, endpoint: String, description: String) {
                self.method = method
                self.endpoint = endpoint
                self.description = description
            }
        }

        package var architecture: String?
        package var dataModel: String?
        package var apiSpec: [Endpoint]

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case architecture
            case dataModel = "data_model"
            case apiSpec = "api_spec"
        }

        package init(architecture: String? = nil, dataModel: String? = nil, apiSpec: [Endpoint] = []) {
            self.architecture = architecture
            self.dataModel = dataModel
            self.apiSpec = apiSpec
        }
    }

    /// A ticket that has to do with the spec.
    package struct LinkedTicket: Codable, Sendable, Equatable {
        package enum Relation: String, Codable, Sendable, CaseIterable {
            /// In it the spec itself is written.
            case analysis
            /// Made for the spec: every task of it is the spec's.
            case planned
            /// Was there before: only linked tasks of it are the spec's.
            case linked
        }

        package var ticketID: Identifier
        package var relation: Relation
        /// Waits in the backlog for the spec to be materialized.
        package var held: Bool

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case relation, held
            case ticketID = "ticket_id"
        }

        package init(ticketID: Identifier, relation: Relation, held: Bool) {
            self.ticketID = ticketID
            self.relation = relation
            self.held = held
        }
    }

    /// A task with what of the spec it is for. Tasks that replace it (same lineage) inherit the link.
    package struct TaskLink: Codable, Sendable, Equatable {
        package var taskID: Identifier
        package var ticketID: Identifier
        package var requirementIDs: [Identifier]
        package var criterionIDs: [Identifier]

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case taskID = "task_id"
            case ticketID = "ticket_id"
            case requirementIDs = "requirement_ids"
            case criterionIDs = "criterion_ids"
        }

        package init(
            taskID: Identifier,
            ticketID: Identifier,
            requirementIDs: [Identifier] = [],
            criterionIDs: [Identifier] = []
        ) {
            self.taskID = taskID
            self.ticketID = ticketID
            self.requirementIDs = requirementIDs
            self.criterionIDs = criterionIDs
        }
    }

    package var id: Identifier
    package var projectID: Identifier
    package var title: String
    package var description: String?
    package var status: Status
    package var stage: Stage
    package var requirements: [Requirement]
    package var design: Design?
    package var requirementsApproved: Bool
    package var requirementsApprovedAt: Timestamp?
    package var designApproved: Bool
    package var designApprovedAt: Timestamp?
    /// The spec's own ticket, made with the first task that names no other.
    package var ticketID: Identifier?
    /// The task that writes the spec.
    package var analysisTaskID: Identifier?
    /// When the hold on its tickets was first lifted.
    package var materializedAt: Timestamp?
    package var tickets: [LinkedTicket]
    package var taskLinks: [TaskLink]
    package var deleted: Bool
    package var version: Int
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id, title, description, status, requirements, design, tickets, deleted, version
        case projectID = "project_id"
        case stage = "phase"
        case requirementsApproved = "requirements_approved"
        case requirementsApprovedAt = "requirements_approved_at"
        case designApproved = "design_approved"
        case designApprovedAt = "design_approved_at"
        case ticketID = "ticket_id"
        case analysisTaskID = "analysis_task_id"
        case materializedAt = "materialized_at"
        case taskLinks = "task_links"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    package init(
        id: Identifier,
        projectID: Identifier,
        title: String,
        description: String? = nil,
        version: Int = 1,
        createdAt: Timestamp
    ) {
        self.id = id
        self.projectID = projectID
        self.title = title
        self.description = description
        self.status = .draft
        self.stage = .requirements
        self.requirements = []
        self.requirementsApproved = false
        self.designApproved = false
        self.tickets = []
        self.taskLinks = []
        self.deleted = false
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = createdAt
    }
}

/// One edit of a spec, kept for ever: what changed and what that affects.
package struct SpecVersion: Codable, Sendable, Equatable {
    package enum Change: String, Codable, Sendable, CaseIterable {
        case created, updated, materialized, deleted
        case requirementsApproved = "requirements_approved"
        case designApproved = "design_approved"
        case phaseChanged = "phase_changed"
    }

    package struct Details: Codable, Sendable, Equatable {
        /// Places in the spec, `requirements[<id>].action`.
        package var changed: [String]
        package enum CodingKeys: String, CodingKey, CaseIterable { case changed }
        package init(changed: [String]) { self.changed = changed }
    }

    /// What rests on the changed parts and may have to be looked at again.
    package struct Effects: Codable, Sendable, Equatable {
        package var requirementIDs: [Identifier]
        package var criterionIDs: [Identifier]
        package var ticketIDs: [Identifier]
        package var taskIDs: [Identifier]
        /// Approvals that the edit took back: `requirements`, `design`.
        package var withdrawnApprovals: [String]

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case requirementIDs = "requirement_ids"
            case criterionIDs = "criterion_ids"
            case ticketIDs = "ticket_ids"
            case taskIDs = "task_ids"
            case withdrawnApprovals = "withdrawn_approvals"
        }

        package init(
            requirementIDs: [Identifier] = [],
            criterionIDs: [Identifier] = [],
            ticketIDs: [Identifier] = [],
            taskIDs: [Identifier] = [],
            withdrawnApprovals: [String] = []
        ) {
            self.requirementIDs = requirementIDs
            self.criterionIDs = criterionIDs
            self.ticketIDs = ticketIDs
            self.taskIDs = taskIDs
            self.withdrawnApprovals = withdrawnApprovals
        }
    }

    package var id: Identifier
    package var specID: Identifier
    /// The spec's version after the edit.
    package var number: Int
    package var change: Change
    package var summary: String
    package var details: Details
    package var affects: Effects
    /// Subject of the token that asked.
    package var createdBy: String
    /// The spec as it was then; nil for old versions, see ``Limits/specSnapshots``.
    package var snapshot: Spec?
    package var createdAt: Timestamp

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id, affects, snapshot
        case specID = "spec_id"
        case number = "version_number"
        case change = "change_type"
        case summary = "change_summary"
        case details = "change_details"
        case createdBy = "created_by"
        case createdAt = "created_at"
    }

    package init(
        id: Identifier,
        specID: Identifier,
        number: Int,
        change: Change,
        summary: String,
        details: Details,
        affects: Effects,
        createdBy: String,
        snapshot: Spec?,
        createdAt: Timestamp
    ) {
        self.id = id
        self.specID = specID
        self.number = number
        self.change = change
        self.summary = summary
        self.details = details
        self.affects = affects
        self.createdBy = createdBy
        self.snapshot = snapshot
        self.createdAt = createdAt
    }
}
