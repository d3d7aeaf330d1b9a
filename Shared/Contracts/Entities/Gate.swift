import Kernel

/// What must be true before a ticket may leave a phase. Every member has a default, so `{}` is a gate without demands.
package struct GateSettings: Codable, Sendable, Equatable {
    /// Pieces of evidence that must be there, each of its own type.
    package var artifacts: [ArtifactRequirement] = []
    /// Names of checks of the project that must have run and passed in the latest result that ran them.
    package var checks: [String] = []
    /// Somebody must approve leaving the phase, once everything else is there.
    package var approval = false

    package enum CodingKeys: String, CodingKey, CaseIterable { case artifacts, checks, approval }

    package init(artifacts: [ArtifactRequirement] = [], checks: [String] = [], approval: Bool = false) {
        self.artifacts = artifacts
        self.checks = checks
        self.approval = approval
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        artifacts = try container.decodeIfPresent([ArtifactRequirement].self, forKey: .artifacts) ?? artifacts
        checks = try container.decodeIfPresent([String].self, forKey: .checks) ?? checks
        approval = try container.decodeIfPresent(Bool.self, forKey: .approval) ?? approval
    }

    /// Whether the gate asks for nothing.
    package var isEmpty: Bool { artifacts.isEmpty && checks.isEmpty && !approval }
}

/// A piece of evidence a gate asks for.
package struct ArtifactRequirement: Codable, Sendable, Equatable {
    package var type: String
    /// Members the artifact's content must have: a number is the least allowed, anything else must be equal.
    package var criteria: [String: JSONValue] = [:]

    package enum CodingKeys: String, CodingKey, CaseIterable { case type, criteria }

    package init(type: String, criteria: [String: JSONValue] = [:]) {
        self.type = type
        self.criteria = criteria
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        type = try container.decode(String.self, forKey: .type)
        criteria = try container.decodeIfPresent([String: JSONValue].self, forKey: .criteria) ?? criteria
    }
}

/// Whether people decide about new tickets, and what happens when they do not.
package struct ApprovalSettings: Codable, Sendable, Equatable {
    /// What a rejection does to the ticket.
    package enum OnReject: String, Codable, Sendable, CaseIterable {
        /// It stays, blocked `approval-rejected`; unblocking it asks for another review.
        case block
        /// It is archived.
        case archive
    }

    /// Every new ticket waits for a review before any of its tasks may run.
    package var required = false
    /// Seconds until a review that nobody has done is escalated.
    package var timeoutSeconds = Int(Limits.approvalTimeout.milliseconds / 1000)
    package var onReject = OnReject.block

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case required
        case timeoutSeconds = "timeout_seconds"
        case onReject = "on_reject"
    }

    package init(required: Bool = false) {
        self.required = required
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        required = try container.decodeIfPresent(Bool.self, forKey: .required) ?? required
        timeoutSeconds = try container.decodeIfPresent(Int.self, forKey: .timeoutSeconds) ?? timeoutSeconds
        onReject = try container.decodeIfPresent(OnReject.self, forKey: .onReject) ?? onReject
    }
}

/// How a project shows a column of its board.
package struct ColumnSettings: Codable, Sendable, Equatable {
    package var name: String?
    package var color: String?

    package enum CodingKeys: String, CodingKey, CaseIterable { case name, color }

    package init(name: String? = nil, color: String? = nil) {
        self.name = name
        self.color = color
    }
}

/// A piece of evidence of a ticket, collected in one of its phases and rounds; append-only.
package struct TicketArtifact: Codable, Sendable, Equatable {
    package var id: Identifier
    package var ticketID: Identifier
    package var phase: Phase
    package var type: String
    /// Where it lies in the project's repository; never read by a service.
    package var path: String?
    package var content: JSONValue?
    package var round: Int
    /// The result it came with; nil when it was posted.
    package var resultID: Identifier?
    /// Who brought it, as the request says.
    package var collectedBy: String
    package var collectedAt: Timestamp

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id, round
        case ticketID = "ticket_id"
        case phase = "phase_id"
        case type = "artifact_type"
        case path = "artifact_path"
        case content = "artifact_content"
        case resultID = "result_id"
        case collectedBy = "collected_by"
        case collectedAt = "collected_at"
    }

    package init(
        id: Identifier,
        ticketID: Identifier,
        phase: Phase,
        type: String,
        path: String? = nil,
        content: JSONValue? = nil,
        round: Int,
        resultID: Identifier? = nil,
        collectedBy: String,
        collectedAt: Timestamp
    ) {
        self.id = id
        self.ticketID = ticketID
        self.phase = phase
        self.type = type
        self.path = path
        self.content = content
        self.round = round
        self.resultID = resultID
        self.collectedBy = collectedBy
        self.collectedAt = collectedAt
    }
}
