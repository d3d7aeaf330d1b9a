import Kernel

// Commands about tickets beside their creation and `TransitionTicket`.

/// Changes a ticket; a `status` moves it through the same door as a transition.
package struct UpdateTicket: Command {
    package static let name = "ticket.update"
    package typealias Reply = Ticket
    package var id: Identifier
    package var ifVersion: Int?
    package var body: TicketPatch
    package init(id: Identifier, ifVersion: Int? = nil, body: TicketPatch) {
        self.id = id
        self.ifVersion = ifVersion
        self.body = body
    }
}

/// Holds a ticket by hand; its tasks do not start until it is unblocked.
package struct BlockTicket: Command {
    package static let name = "ticket.block"
    package typealias Reply = Ticket
    package var id: Identifier
    /// The version this is meant for; nil: any.
    package var ifVersion: Int?
    package var reason: Ticket.BlockReason
    /// What would help.
    package var detail: String?
    package init(id: Identifier, reason: Ticket.BlockReason, detail: String? = nil) {
        self.id = id
        self.reason = reason
        self.detail = detail
    }
}

/// Lifts a block. After a rejection it asks for another review.
package struct UnblockTicket: Command {
    package static let name = "ticket.unblock"
    package typealias Reply = Ticket
    package var id: Identifier
    /// The version this is meant for; nil: any.
    package var ifVersion: Int?
    package init(id: Identifier) { self.id = id }
}

/// Sends a ticket back to building with feedback: the next round, a rework task, clones of the later tasks.
package struct RegressTicket: Command {
    package static let name = "ticket.regress"
    package typealias Reply = Ticket
    package var id: Identifier
    package var ifVersion: Int?
    package var toStatus: TicketStatus
    package var feedback: String?
    /// Cancels tasks that are being worked on.
    package var force: Bool

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id, ifVersion, feedback, force
        case toStatus = "to_status"
    }

    package init(
        id: Identifier,
        ifVersion: Int? = nil,
        toStatus: TicketStatus,
        feedback: String? = nil,
        force: Bool = false
    ) {
        self.id = id
        self.ifVersion = ifVersion
        self.toStatus = toStatus
        self.feedback = feedback
        self.force = force
    }
}

/// Lets a ticket go on if it can, and says why it stays where it does.
package struct ProgressTicket: Command {
    package static let name = "ticket.progress"
    package typealias Reply = TicketProgress
    package var id: Identifier
    package init(id: Identifier) { self.id = id }
}

package struct TicketProgress: Codable, Sendable, Equatable {
    package var ticket: Ticket
    package var fromPhase: Phase
    package var progressed: Bool
    /// Every task of the phase it was in is finished.
    package var phaseComplete: Bool
    /// Why the ticket stays; nil when it moved.
    package var reason: String?
    /// Everything that keeps the ticket in its phase.
    package var blockingReasons: [String]

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case ticket, progressed, reason
        case fromPhase = "from_phase"
        case phaseComplete = "phase_complete"
        case blockingReasons = "blocking_reasons"
    }

    package init(ticket: Ticket, fromPhase: Phase, phaseComplete: Bool, blockingReasons: [String]) {
        self.ticket = ticket
        self.fromPhase = fromPhase
        self.progressed = ticket.phase != fromPhase
        self.phaseComplete = phaseComplete
        self.reason = progressed ? nil : blockingReasons.first
        self.blockingReasons = progressed ? [] : blockingReasons
    }
}

/// Blocks the tickets that stand still and that nothing will move; never across projects the caller may not see.
package struct DetectBlocking: Command {
    package static let name = "ticket.detect-blocking"
    package typealias Reply = BlockingReport
    package var projectID: Identifier?

    package enum CodingKeys: String, CodingKey, CaseIterable { case projectID = "project_id" }

    package init(projectID: Identifier? = nil) { self.projectID = projectID }
}

/// Decides a review in favour of the ticket.
package struct ApproveTicket: Command {
    package static let name = "ticket.approve"
    package typealias Reply = Ticket
    package var id: Identifier
    package init(id: Identifier) { self.id = id }
}

/// Decides a review against the ticket.
package struct RejectTicket: Command {
    package static let name = "ticket.reject"
    package typealias Reply = Ticket
    package var id: Identifier
    package var reason: String
    package init(id: Identifier, reason: String) {
        self.id = id
        self.reason = reason
    }
}

/// Notes in the ticket's context what its tasks of a phase brought, and what the caller adds.
package struct UpdateTicketContext: Command {
    package static let name = "ticket.context"
    package typealias Reply = Ticket
    package var id: Identifier
    package var phase: Phase
    package var body: TicketContextUpdate
    package init(id: Identifier, phase: Phase, body: TicketContextUpdate) {
        self.id = id
        self.phase = phase
        self.body = body
    }
}

/// Adds a piece of evidence.
package struct AddArtifact: Command {
    package static let name = "ticket.artifact"
    package typealias Reply = TicketArtifact
    package var id: Identifier
    package var body: ArtifactCreate
    package init(id: Identifier, body: ArtifactCreate) {
        self.id = id
        self.body = body
    }
}

/// Every piece of evidence of a ticket, oldest first.
package struct ListArtifacts: Command {
    package static let name = "ticket.artifacts"
    package typealias Reply = ArtifactList
    package var id: Identifier
    package init(id: Identifier) { self.id = id }
}

package struct ArtifactList: Codable, Sendable, Equatable {
    package var artifacts: [TicketArtifact]
    package init(artifacts: [TicketArtifact]) { self.artifacts = artifacts }
}

/// What the gate of a phase says about a ticket.
package struct DescribeGate: Command {
    package static let name = "ticket.gate"
    package typealias Reply = GateReport
    package var id: Identifier
    /// nil: the phase the ticket is in.
    package var phase: Phase?
    package init(id: Identifier, phase: Phase? = nil) {
        self.id = id
        self.phase = phase
    }
}

/// Whether ``ChangePhase`` would be allowed.
package struct CheckPhase: Command {
    package static let name = "ticket.can-transition"
    package typealias Reply = PhaseCheck
    package var id: Identifier
    package var toPhase: Phase

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id
        case toPhase = "to_phase"
    }

    package init(id: Identifier, toPhase: Phase) {
        self.id = id
        self.toPhase = toPhase
    }
}

/// Moves a ticket to a phase by hand, through the same door as every other move.
package struct ChangePhase: Command {
    package static let name = "ticket.phase-transition"
    package typealias Reply = PhaseChange
    package var id: Identifier
    package var ifVersion: Int?
    package var body: PhaseTransition
    package init(id: Identifier, ifVersion: Int? = nil, body: PhaseTransition) {
        self.id = id
        self.ifVersion = ifVersion
        self.body = body
    }
}

package struct PhaseChange: Codable, Sendable, Equatable {
    package var ticket: Ticket
    package var fromPhase: Phase
    /// Pieces of evidence of the phase that was left.
    package var artifactsCollected: Int
    package var tasks: [WorkTask]

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case ticket, tasks
        case fromPhase = "from_phase"
        case artifactsCollected = "artifacts_collected"
    }

    package init(ticket: Ticket, fromPhase: Phase, artifactsCollected: Int, tasks: [WorkTask]) {
        self.ticket = ticket
        self.fromPhase = fromPhase
        self.artifactsCollected = artifactsCollected
        self.tasks = tasks
    }
}

/// Makes the usual tasks of a phase that are not there yet.
package struct SpawnPhaseTasks: Command {
    package static let name = "ticket.spawn-phase-tasks"
    package typealias Reply = PhaseTasks
    package var id: Identifier
    /// nil: the phase the ticket is in.
    package var phase: Phase?
    package init(id: Identifier, phase: Phase? = nil) {
        self.id = id
        self.phase = phase
    }
}

package struct PhaseTasks: Codable, Sendable, Equatable {
    package var ticketID: Identifier
    package var phase: Phase
    package var tasks: [WorkTask]

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case phase, tasks
        case ticketID = "ticket_id"
    }

    package init(ticketID: Identifier, phase: Phase, tasks: [WorkTask]) {
        self.ticketID = ticketID
        self.phase = phase
        self.tasks = tasks
    }
}
