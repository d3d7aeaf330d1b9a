import Kernel

/// Body of `PATCH /api/v1/tickets/{id}`: absent members stay as they are.
package struct TicketPatch: Codable, Sendable, Equatable {
    package var title: String?
    package var description: String?
    package var priority: Priority?
    package var labels: [String]?
    package var autoStart: Bool?
    /// Ids or keys; replaces the whole list.
    package var blockedBy: [String]?
    /// Moves the ticket, through the same door as `transition`.
    package var status: TicketStatus?
    /// Why it moves.
    package var reason: String?
    package var archived: Bool?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case title, description, priority, labels, status, reason, archived
        case autoStart = "auto_start"
        case blockedBy = "blocked_by"
    }

    package init() {}
}

/// Evidence that comes with a result.
package struct ArtifactSubmission: Codable, Sendable, Equatable {
    package var type: String
    package var path: String?
    package var content: JSONValue?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case type = "artifact_type"
        case path = "artifact_path"
        case content = "artifact_content"
    }

    package init(type: String, path: String? = nil, content: JSONValue? = nil) {
        self.type = type
        self.path = path
        self.content = content
    }
}

/// Body of `POST /api/v1/tickets/{id}/artifacts`.
package struct ArtifactCreate: Codable, Sendable, Equatable {
    package var phase: Phase
    package var type: String
    package var path: String?
    package var content: JSONValue?
    package var collectedBy: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case phase = "phase_id"
        case type = "artifact_type"
        case path = "artifact_path"
        case content = "artifact_content"
        case collectedBy = "collected_by"
    }

    package init(
        phase: Phase,
        type: String,
        path: String? = nil,
        content: JSONValue? = nil,
        collectedBy: String? = nil
    ) {
        self.phase = phase
        self.type = type
        self.path = path
        self.content = content
        self.collectedBy = collectedBy
    }
}

/// Body of `POST /api/v1/tickets/approve`.
package struct TicketApproval: Codable, Sendable, Equatable {
    /// Id or key.
    package var ticketID: String

    package enum CodingKeys: String, CodingKey, CaseIterable { case ticketID = "ticket_id" }

    package init(ticketID: String) { self.ticketID = ticketID }
}

/// Body of `POST /api/v1/tickets/reject`.
package struct TicketRejection: Codable, Sendable, Equatable {
    /// Id or key.
    package var ticketID: String
    package var rejectionReason: String

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case ticketID = "ticket_id"
        case rejectionReason = "rejection_reason"
    }

    package init(ticketID: String, rejectionReason: String) {
        self.ticketID = ticketID
        self.rejectionReason = rejectionReason
    }
}

/// Body of `POST /api/v1/tickets/{id}/update-context`; the earlier system sent none.
package struct TicketContextUpdate: Codable, Sendable, Equatable {
    /// Members to set; `null` removes one.
    package var context: [String: JSONValue]?
    package var summary: String?

    package enum CodingKeys: String, CodingKey, CaseIterable { case context, summary }

    package init(context: [String: JSONValue]? = nil, summary: String? = nil) {
        self.context = context
        self.summary = summary
    }
}

/// Body of `POST /api/v1/tickets/{id}/phase-transition`.
package struct PhaseTransition: Codable, Sendable, Equatable {
    package var toPhase: Phase
    package var reason: String?
    package var force: Bool?
    /// Makes the phase's usual tasks when it has none; default true.
    package var spawnTasks: Bool?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case reason, force
        case toPhase = "to_phase"
        case spawnTasks = "spawn_tasks"
    }

    package init(toPhase: Phase, reason: String? = nil, force: Bool? = nil, spawnTasks: Bool? = nil) {
        self.toPhase = toPhase
        self.reason = reason
        self.force = force
        self.spawnTasks = spawnTasks
    }
}

/// What a gate says about a ticket.
package struct GateReport: Codable, Sendable, Equatable {
    package enum Validation: String, Codable, Sendable, CaseIterable {
        /// Leaving the phase requires nothing but finished tasks.
        case notConfigured = "not_configured"
        /// Something the gate names is missing.
        case blocked
        /// Tasks of the phase are unfinished.
        case waitingTasks = "waiting_tasks"
        /// Only the approval is missing.
        case waitingApproval = "waiting_approval"
        case ready
    }

    package enum Verdict: String, Codable, Sendable, CaseIterable { case passed, failed }

    package var ticketID: Identifier
    package var phase: Phase
    package var verdict: Verdict
    package var requirementsMet: Bool
    package var validationStatus: Validation
    package var blockingReasons: [String]
    package var missingArtifacts: [String]
    package var gate: GateSettings

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case gate
        case ticketID = "ticket_id"
        case phase = "phase_id"
        case verdict = "gate_status"
        case requirementsMet = "requirements_met"
        case validationStatus = "validation_status"
        case blockingReasons = "blocking_reasons"
        case missingArtifacts = "missing_artifacts"
    }

    package init(
        ticketID: Identifier,
        phase: Phase,
        validationStatus: Validation,
        blockingReasons: [String],
        missingArtifacts: [String],
        gate: GateSettings
    ) {
        self.ticketID = ticketID
        self.phase = phase
        self.validationStatus = validationStatus
        self.blockingReasons = blockingReasons
        self.missingArtifacts = missingArtifacts
        self.gate = gate
        requirementsMet = blockingReasons.isEmpty
        verdict = blockingReasons.isEmpty ? .passed : .failed
    }
}

/// Whether a move to a phase would be allowed.
package struct PhaseCheck: Codable, Sendable, Equatable {
    package var ticketID: Identifier
    package var toPhase: Phase
    package var canTransition: Bool
    package var blockingReasons: [String]

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case ticketID = "ticket_id"
        case toPhase = "to_phase"
        case canTransition = "can_transition"
        case blockingReasons = "blocking_reasons"
    }

    package init(ticketID: Identifier, toPhase: Phase, blockingReasons: [String]) {
        self.ticketID = ticketID
        self.toPhase = toPhase
        self.canTransition = blockingReasons.isEmpty
        self.blockingReasons = blockingReasons
    }
}

/// Answer of `POST /api/v1/tickets/detect-blocking`.
package struct BlockingReport: Codable, Sendable, Equatable {
    package struct Item: Codable, Sendable, Equatable {
        package var ticketID: Identifier
        package var shouldBlock: Bool
        package var blockerType: Ticket.BlockReason
        package var minutes: Double

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case ticketID = "ticket_id"
            case shouldBlock = "should_block"
            case blockerType = "blocker_type"
            case minutes = "time_in_state_minutes"
        }

        package init(ticketID: Identifier, blockerType: Ticket.BlockReason, minutes: Double) {
            self.ticketID = ticketID
            self.shouldBlock = true
            self.blockerType = blockerType
            self.minutes = minutes
        }
    }

    package var detected: Int
    package var results: [Item]

    package init(results: [Item]) {
        detected = results.count
        self.results = results
    }
}
