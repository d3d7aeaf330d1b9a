import Kernel

// Answers about tickets that are not a ticket.

/// Answer of `check-advance` and `check-phase-completion`.
package struct AdvanceReport: Codable, Sendable, Equatable {
    package var success: Bool
    package var ticketID: Identifier
    package var currentPhase: Phase
    package var currentStatus: TicketStatus
    package var allPhaseTasksComplete: Bool
    package var advanced: Bool
    package var newPhase: Phase?
    package var newStatus: TicketStatus?
    package var blockingReasons: [String]

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case success, advanced
        case ticketID = "ticket_id"
        case currentPhase = "current_phase"
        case currentStatus = "current_status"
        case allPhaseTasksComplete = "all_phase_tasks_complete"
        case newPhase = "new_phase"
        case newStatus = "new_status"
        case blockingReasons = "blocking_reasons"
    }

    /// The phases and statuses are those before the check; the new ones are there when the ticket moved.
    package init(_ progress: TicketProgress) {
        success = true
        ticketID = progress.ticket.id
        currentPhase = progress.fromPhase
        currentStatus = progress.fromPhase.status
        allPhaseTasksComplete = progress.phaseComplete
        advanced = progress.progressed
        newPhase = progress.progressed ? progress.ticket.phase : nil
        newStatus = progress.progressed ? progress.ticket.status : nil
        blockingReasons = progress.blockingReasons
    }
}

/// Answer of `progress` when the ticket stays.
package struct NoProgression: Codable, Sendable, Equatable {
    package var status = "no_progression"
    package var reason: String
    package var blockingReasons: [String]

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case status, reason
        case blockingReasons = "blocking_reasons"
    }

    package init(_ progress: TicketProgress) {
        reason = progress.reason ?? ""
        blockingReasons = progress.blockingReasons
    }
}

/// Answer of `phase-transition`.
package struct PhaseTransitionReport: Codable, Sendable, Equatable {
    package var success = true
    package var ticketID: Identifier
    package var fromPhase: Phase
    package var toPhase: Phase
    package var fromStatus: TicketStatus
    package var toStatus: TicketStatus
    package var reason: String?
    package var artifactsCollected: Int
    package var tasksSpawned: Int
    package var blockingReasons: [String] = []

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case success, reason
        case ticketID = "ticket_id"
        case fromPhase = "from_phase"
        case toPhase = "to_phase"
        case fromStatus = "from_status"
        case toStatus = "to_status"
        case artifactsCollected = "artifacts_collected"
        case tasksSpawned = "tasks_spawned"
        case blockingReasons = "blocking_reasons"
    }

    package init(_ change: PhaseChange, reason: String?) {
        ticketID = change.ticket.id
        fromPhase = change.fromPhase
        toPhase = change.ticket.phase
        fromStatus = change.fromPhase.status
        toStatus = change.ticket.status
        self.reason = reason
        artifactsCollected = change.artifactsCollected
        tasksSpawned = change.tasks.count
    }
}

/// Answer of `spawn-phase-tasks`.
package struct SpawnReport: Codable, Sendable, Equatable {
    package var ticketID: Identifier
    package var phase: Phase
    package var tasksSpawned: Int
    package var tasks: [WorkTask]

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case phase, tasks
        case ticketID = "ticket_id"
        case tasksSpawned = "tasks_spawned"
    }

    package init(_ made: PhaseTasks) {
        ticketID = made.ticketID
        phase = made.phase
        tasksSpawned = made.tasks.count
        tasks = made.tasks
    }
}

/// Answer of `approval-status`.
package struct ApprovalReport: Codable, Sendable, Equatable {
    package var ticketID: Identifier
    package var approvalStatus: Ticket.ApprovalStatus
    /// The phase whose leaving is reviewed; nil: the ticket itself.
    package var phase: Phase?
    package var deadlineAt: Timestamp?
    package var requestedBy: String?
    package var rejectionReason: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case ticketID = "ticket_id"
        case approvalStatus = "approval_status"
        case phase = "phase_id"
        case deadlineAt = "deadline_at"
        case requestedBy = "requested_by_agent_id"
        case rejectionReason = "rejection_reason"
    }

    package init(_ ticket: Ticket) {
        ticketID = ticket.id
        approvalStatus = ticket.approvalStatus
        phase = ticket.approvalPhase
        deadlineAt = ticket.approvalDeadlineAt
        requestedBy = ticket.requestedBy
        rejectionReason = ticket.rejectionReason
    }
}

/// Answer of `context`.
package struct TicketContextView: Codable, Sendable, Equatable {
    package var ticketID: Identifier
    package var fullContext: [String: JSONValue]
    package var summary: String

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case summary
        case ticketID = "ticket_id"
        case fullContext = "full_context"
    }

    /// - Parameter tasks: of the ticket, newest first.
    /// - Parameter transitions: of the ticket, in any order.
    package init(_ ticket: Ticket, tasks: [WorkTask], transitions: [Transition]) throws {
        ticketID = ticket.id
        var context = ticket.context ?? [:]
        context["ticket"] = .object([
            "key": .string(ticket.key), "title": .string(ticket.title),
            "description": .string(ticket.description ?? ""), "status": .string(ticket.status.rawValue),
            "phase_id": .string(ticket.phase.rawValue), "round": .integer(Int64(ticket.round)),
        ])
        context["tasks"] = .array(tasks.reversed().map(Self.entry))
        let ordered = transitions.sorted { $0.id < $1.id }
        context["history"] = .array(try ordered.map { try Self.json($0) })
        context["regressions"] = .array(try ordered.filter { $0.cause == .regressed }.map { try Self.json($0) })
        fullContext = context
        summary =
            ticket.contextSummary
            ?? "\(ticket.key) is in \(ticket.status.rawValue); \(ticket.completedTaskCount) of \(ticket.taskCount) "
            + "tasks are completed"
    }

    private static func entry(_ task: WorkTask) -> JSONValue {
        var entry: [String: JSONValue] = [
            "id": .string("\(task.id)"), "title": .string(task.title), "status": .string(task.status.rawValue),
            "phase_id": .string(task.phase.rawValue), "round": .integer(Int64(task.round)),
        ]
        entry["summary"] = task.summary.map { .string($0) }
        entry["error"] = task.error.map { .string($0) }
        return .object(entry)
    }

    private static func json(_ value: some Encodable) throws -> JSONValue {
        try ContractCoder.decode(JSONValue.self, from: ContractCoder.encode(value))
    }
}

/// A phase as clients see it.
package struct PhaseDefinition: Codable, Sendable, Equatable {
    package var id: Phase
    package var name: String
    package var description: String
    package var sequenceOrder: Int
    package var allowedTransitions: [Phase]
    package var mappedStatus: TicketStatus
    package var hasTasks: Bool
    package var isTerminal: Bool

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id, name, description
        case sequenceOrder = "sequence_order"
        case allowedTransitions = "allowed_transitions"
        case mappedStatus = "mapped_status"
        case hasTasks = "has_tasks"
        case isTerminal = "is_terminal"
    }

    package init(_ phase: Phase) {
        id = phase
        (name, description) = Self.words(phase)
        sequenceOrder = phase.order
        let forward = phase == .done ? [] : Phase.allCases.filter { $0 > phase }
        allowedTransitions = forward + (phase == .buildingDone || phase == .testing ? [.implementation] : [])
        mappedStatus = phase.status
        hasTasks = phase.hasTasks
        isTerminal = phase == .done
    }

    private static func words(_ phase: Phase) -> (String, String) {
        switch phase {
        case .backlog: ("Backlog", "Waits to be admitted")
        case .requirements: ("Requirements", "What is wanted becomes clear")
        case .design: ("Design", "How it will be built is decided")
        case .implementation: ("Implementation", "It is built")
        case .buildingDone: ("Building done", "Built; waits for its gate and for room in testing")
        case .testing: ("Testing", "It is checked")
        case .done: ("Done", "Nothing is left to do")
        }
    }
}
