import Kernel

/// Answer of `GET /api/v1/board/view`.
package struct BoardView: Codable, Sendable, Equatable {
    package struct Column: Codable, Sendable, Equatable {
        package var id: TicketStatus
        package var name: String
        package var description: String
        package var color: String
        package var sequenceOrder: Int
        package var wipLimit: Int?
        /// Tickets in the column, whatever the view is narrowed to.
        package var currentCount: Int
        /// Tickets in the column that the view is narrowed to; nil when it shows all.
        package var matchingCount: Int?
        package var wipExceeded: Bool
        package var tickets: [Card]
        /// More cards: `?column=<id>&cursor=<next_cursor>`; nil on the last page.
        package var nextCursor: String?

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case id, name, description, color, tickets
            case matchingCount = "matching_count"
            case nextCursor = "next_cursor"
            case sequenceOrder = "sequence_order"
            case wipLimit = "wip_limit"
            case currentCount = "current_count"
            case wipExceeded = "wip_exceeded"
        }

        package init(
            id: TicketStatus,
            name: String,
            description: String = "",
            color: String = "gray",
            sequenceOrder: Int,
            wipLimit: Int?,
            currentCount: Int,
            wipExceeded: Bool,
            tickets: [Card],
            nextCursor: String? = nil
        ) {
            self.id = id
            self.name = name
            self.description = description
            self.color = color
            self.sequenceOrder = sequenceOrder
            self.wipLimit = wipLimit
            self.currentCount = currentCount
            self.wipExceeded = wipExceeded
            self.tickets = tickets
            self.nextCursor = nextCursor
        }
    }

    /// A slim ticket.
    package struct Card: Codable, Sendable, Equatable {
        package var id: Identifier
        package var key: String
        package var projectID: Identifier
        package var title: String
        package var phase: Phase
        package var priority: Priority
        package var status: TicketStatus
        package var isBlocked: Bool
        package var blockReason: Ticket.BlockReason?
        package var approvalStatus: Ticket.ApprovalStatus
        /// What the ticket waits for before it moves on; nil: for nothing but its tasks.
        package var waitingFor: Ticket.Waiting?
        package var labels: [String]
        package var taskCount: Int
        package var completedTaskCount: Int
        package var updatedAt: Timestamp

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case id, key, title, priority, status, labels
            case approvalStatus = "approval_status"
            case waitingFor = "waiting_for"
            case projectID = "project_id"
            case phase = "phase_id"
            case isBlocked = "is_blocked"
            case blockReason = "block_reason"
            case taskCount = "task_count"
            case completedTaskCount = "completed_task_count"
            case updatedAt = "updated_at"
        }

        package init(_ ticket: Ticket) {
            id = ticket.id
            key = ticket.key
            projectID = ticket.projectID
            title = ticket.title
            phase = ticket.phase
            priority = ticket.priority
            status = ticket.status
            isBlocked = ticket.isBlocked
            blockReason = ticket.block?.reason
            approvalStatus = ticket.approvalStatus
            waitingFor = ticket.waitingFor
            labels = ticket.labels
            taskCount = ticket.taskCount
            completedTaskCount = ticket.completedTaskCount
            updatedAt = ticket.updatedAt
        }
    }

    package var columns: [Column]

    package init(columns: [Column]) { self.columns = columns }
}

/// A column as `GET /api/v1/board/column/{phase_id}` describes it.
package struct BoardColumn: Codable, Sendable, Equatable {
    package var id: TicketStatus
    package var name: String
    package var description: String
    package var sequenceOrder: Int
    package var phaseMapping: [Phase]
    package var wipLimit: Int?
    package var isTerminal: Bool
    /// Where tickets go on to by themselves.
    package var autoTransitionTo: TicketStatus?
    package var colorTheme: String

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id, name, description
        case sequenceOrder = "sequence_order"
        case phaseMapping = "phase_mapping"
        case wipLimit = "wip_limit"
        case isTerminal = "is_terminal"
        case autoTransitionTo = "auto_transition_to"
        case colorTheme = "color_theme"
    }

    /// - Parameter settings: of the project whose board it is; the defaults for a board over all projects.
    package init(_ status: TicketStatus, _ settings: ProjectSettings?) {
        let own = settings?.columns[status.rawValue]
        id = status
        name = own?.name ?? status.columnName
        description = status.columnDescription
        sequenceOrder = status.order
        phaseMapping = status.phases
        // Limits are per project: a board over all projects has none.
        wipLimit = settings?.limit(of: status)
        isTerminal = status == .done
        autoTransitionTo = TicketStatus.allCases.first { $0.order == status.order + 1 }
        colorTheme = own?.color ?? status.columnColor
    }
}

extension TicketStatus {
    /// The column's heading.
    fileprivate var columnName: String {
        switch self {
        case .backlog: "Backlog"
        case .analyzing: "Analyzing"
        case .building: "Building"
        case .buildingDone: "Building done"
        case .testing: "Testing"
        case .done: "Done"
        }
    }

    fileprivate var columnDescription: String {
        switch self {
        case .backlog: "Tickets that wait to be analyzed"
        case .analyzing: "Requirements and design"
        case .building: "Active implementation"
        case .buildingDone: "Implemented; waiting for the gate and for room in testing"
        case .testing: "Validation and quality assurance"
        case .done: "Completed tickets"
        }
    }

    fileprivate var columnColor: String {
        switch self {
        case .backlog: "gray"
        case .analyzing, .testing: "blue"
        case .building: "yellow"
        case .buildingDone: "orange"
        case .done: "green"
        }
    }
}

/// One column in the answer of `GET /api/v1/board/stats`.
package struct BoardColumnStats: Codable, Sendable, Equatable {
    package var columnID: TicketStatus
    package var name: String
    package var ticketCount: Int
    package var wipLimit: Int?
    /// Tickets that count over the limit; nil without a limit.
    package var utilization: Double?
    package var wipExceeded: Bool

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case name, utilization
        case columnID = "column_id"
        case ticketCount = "ticket_count"
        case wipLimit = "wip_limit"
        case wipExceeded = "wip_exceeded"
    }

    /// - Parameter counted: tickets that count against the limit.
    package init(_ column: BoardColumn, total: Int, counted: Int) {
        columnID = column.id
        name = column.name
        ticketCount = total
        wipLimit = column.wipLimit
        utilization = column.wipLimit.map { Double(counted) / Double($0) }
        wipExceeded = column.wipLimit.map { counted > $0 } ?? false
    }
}

/// A column above its limit, in the answer of `GET /api/v1/board/wip-violations`.
package struct WIPViolation: Codable, Sendable, Equatable {
    package var projectID: Identifier
    package var columnID: TicketStatus
    package var columnName: String
    package var wipLimit: Int
    /// Tickets that count against the limit; those that wait for other tickets do not.
    package var currentCount: Int
    package var excess: Int

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case excess
        case projectID = "project_id"
        case columnID = "column_id"
        case columnName = "column_name"
        case wipLimit = "wip_limit"
        case currentCount = "current_count"
    }

    /// nil when the limit is kept.
    package init?(_ column: BoardColumn, of projectID: Identifier, counted: Int) {
        guard let limit = column.wipLimit, counted > limit else { return nil }
        self.projectID = projectID
        columnID = column.id
        columnName = column.name
        wipLimit = limit
        currentCount = counted
        excess = counted - limit
    }
}

/// Body of `POST /api/v1/board/move`.
package struct BoardMove: Codable, Sendable, Equatable {
    /// Id or key.
    package var ticketID: String
    package var targetColumnID: TicketStatus
    package var force: Bool?
    package var reason: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case force, reason
        case ticketID = "ticket_id"
        case targetColumnID = "target_column_id"
    }

    package init(ticketID: String, targetColumnID: TicketStatus, force: Bool? = nil, reason: String? = nil) {
        self.ticketID = ticketID
        self.targetColumnID = targetColumnID
        self.force = force
        self.reason = reason
    }
}

/// Answer of `POST /api/v1/board/move`.
package struct BoardMoved: Codable, Sendable, Equatable {
    package var ticketID: Identifier
    package var newPhase: Phase
    package var newColumn: TicketStatus
    package var status = "moved"

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case status
        case ticketID = "ticket_id"
        case newPhase = "new_phase"
        case newColumn = "new_column"
    }

    package init(ticketID: Identifier, phase: Phase) {
        self.ticketID = ticketID
        newPhase = phase
        newColumn = phase.status
    }
}

/// Answer of `POST /api/v1/board/auto-transition/{ticket_id}`.
package struct AutoTransition: Codable, Sendable, Equatable {
    package var ticketID: Identifier
    package var transitioned: Bool
    /// Where the ticket is now; nil when it stays.
    package var newPhase: Phase?
    /// Why the ticket stays; nil when it moved.
    package var reason: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case transitioned, reason
        case ticketID = "ticket_id"
        case newPhase = "new_phase"
    }

    package init(_ progress: TicketProgress) {
        ticketID = progress.ticket.id
        transitioned = progress.progressed
        newPhase = progress.progressed ? progress.ticket.phase : nil
        reason = progress.reason
    }
}
