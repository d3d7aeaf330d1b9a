import Kernel

/// A work item on the board. Its status is derived from ``phase`` and never stored against it.
package struct Ticket: Codable, Sendable, Equatable {
    /// Why a ticket does not move; an overlay shown on the card, never a column.
    package enum BlockReason: String, Codable, Sendable, CaseIterable {
        case dependency
        case needsInput = "needs-input"
        case failingChecks = "failing-checks"
        case environment
        case budget
        case approvalRejected = "approval-rejected"
        case manual
    }

    package struct Block: Codable, Sendable, Equatable {
        package var reason: BlockReason
        /// For people: what is missing and who can lift it.
        package var detail: String
        package var since: Timestamp
        /// Lifted by `settle` itself once the cause is gone.
        package var automatic: Bool

        package init(reason: BlockReason, detail: String, since: Timestamp, automatic: Bool) {
            self.reason = reason
            self.detail = detail
            self.since = since
            self.automatic = automatic
        }
    }

    package enum ApprovalStatus: String, Codable, Sendable, CaseIterable {
        case notRequired = "not_required"
        case pendingReview = "pending_review"
        /// Nobody has decided by the deadline; a decision is still taken.
        case timedOut = "timed_out"
        case approved, rejected
    }

    /// What a ticket that could go on waits for; shown on the card.
    package struct Waiting: Codable, Sendable, Equatable {
        package enum Condition: String, Codable, Sendable, CaseIterable {
            /// The column it goes to has no place.
            case room
            /// The gate of its phase is not met.
            case gate
        }

        package var condition: Condition
        /// For people: which column, what is missing.
        package var detail: String

        package init(_ condition: Condition, _ detail: String) {
            self.condition = condition
            self.detail = detail
        }
    }

    /// Names a ``TicketArtifact`` of this ticket.
    package struct ArtifactReference: Codable, Sendable, Equatable {
        package var id: Identifier
        package var type: String
        package var phase: Phase
        package var round: Int

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case id, round
            case type = "artifact_type"
            case phase = "phase_id"
        }

        package init(_ artifact: TicketArtifact) {
            id = artifact.id
            type = artifact.type
            phase = artifact.phase
            round = artifact.round
        }
    }

    package var id: Identifier
    /// Human key, `ABC-12`.
    package var key: String
    package var projectID: Identifier
    package var title: String
    package var description: String?
    package var phase: Phase
    package var status: TicketStatus
    package var priority: Priority
    package var approvalStatus: ApprovalStatus
    package var block: Block?
    package var isBlocked: Bool { block != nil }
    /// Tickets that must be done before this one is admitted.
    package var blockedBy: [Identifier]
    package var labels: [String]
    package var autoStart: Bool
    /// Raised by every regress; only tasks of the current round count.
    package var round: Int
    package var archived: Bool
    package var taskCount: Int
    package var completedTaskCount: Int
    package var version: Int
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    /// When the ticket entered its phase.
    package var enteredPhaseAt: Timestamp

    // Introduced later than the rest: absent in tickets stored before.
    package var previousPhase: Phase?
    /// The spec whose work this is.
    package var specID: Identifier?
    package var waitingFor: Waiting?
    /// When the review under way is escalated.
    package var approvalDeadlineAt: Timestamp?
    /// The phase whose gate the review is about; nil: whether the ticket may begin at all.
    package var approvalPhase: Phase?
    /// Phases of the current round whose gate somebody has approved.
    package var approvedPhases: [Phase]?
    /// Who asked for the ticket, as the request that created it says.
    package var requestedBy: String?
    package var rejectionReason: String?
    /// Free content for people and agents, at most ``Limits/contextBytes``.
    package var context: [String: JSONValue]?
    package var contextSummary: String?
    package var artifacts: [ArtifactReference]?
    /// Commits and pull requests that name the ticket, newest first.
    package var links: [TicketLink]?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id, key, title, description, status, priority, block, labels, round, archived, version, context, artifacts
        case links
        case projectID = "project_id"
        case phase = "phase_id"
        case approvalStatus = "approval_status"
        case blockedBy = "blocked_by"
        case autoStart = "auto_start"
        case taskCount = "task_count"
        case completedTaskCount = "completed_task_count"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
        case enteredPhaseAt = "entered_phase_at"
        case previousPhase = "previous_phase_id"
        case specID = "spec_id"
        case waitingFor = "waiting_for"
        case approvalDeadlineAt = "approval_deadline_at"
        case approvalPhase = "approval_phase_id"
        case approvedPhases = "approved_phases"
        case requestedBy = "requested_by_agent_id"
        case rejectionReason = "rejection_reason"
        case contextSummary = "context_summary"
    }

    package init(
        id: Identifier,
        key: String,
        projectID: Identifier,
        title: String,
        description: String? = nil,
        phase: Phase = .backlog,
        priority: Priority = .medium,
        approvalStatus: ApprovalStatus = .notRequired,
        block: Block? = nil,
        blockedBy: [Identifier] = [],
        labels: [String] = [],
        autoStart: Bool = true,
        round: Int = 1,
        archived: Bool = false,
        taskCount: Int = 0,
        completedTaskCount: Int = 0,
        version: Int = 1,
        createdAt: Timestamp,
        updatedAt: Timestamp,
        enteredPhaseAt: Timestamp
    ) {
        self.id = id
        self.key = key
        self.projectID = projectID
        self.title = title
        self.description = description
        self.phase = phase
        self.status = phase.status
        self.priority = priority
        self.approvalStatus = approvalStatus
        self.block = block
        self.blockedBy = blockedBy
        self.labels = labels
        self.autoStart = autoStart
        self.round = round
        self.archived = archived
        self.taskCount = taskCount
        self.completedTaskCount = completedTaskCount
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.enteredPhaseAt = enteredPhaseAt
    }
}

/// One recorded move of a ticket from phase to phase; append-only.
package struct Transition: Codable, Sendable, Equatable {
    /// What made the ticket move.
    package enum Cause: String, Codable, Sendable, CaseIterable {
        case created, admitted, advanced, passed, regressed, manual, forced
    }

    package var id: Identifier
    package var ticketID: Identifier
    package var fromPhase: Phase
    package var toPhase: Phase
    package var fromStatus: TicketStatus
    package var toStatus: TicketStatus
    package var cause: Cause
    /// Subject of the token that asked, or `settle`.
    package var actor: String
    package var reason: String?
    package var at: Timestamp

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id, cause, actor, reason, at
        case ticketID = "ticket_id"
        case fromPhase = "from_phase"
        case toPhase = "to_phase"
        case fromStatus = "from_status"
        case toStatus = "to_status"
    }

    package init(
        id: Identifier,
        ticketID: Identifier,
        from: Phase,
        to: Phase,
        cause: Cause,
        actor: String,
        reason: String? = nil,
        at: Timestamp
    ) {
        self.id = id
        self.ticketID = ticketID
        self.fromPhase = from
        self.toPhase = to
        self.fromStatus = from.status
        self.toStatus = to.status
        self.cause = cause
        self.actor = actor
        self.reason = reason
        self.at = at
    }
}
