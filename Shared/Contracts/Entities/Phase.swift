import Kernel

/// Where a task belongs, and where a ticket is. Together with ``TicketStatus`` this is the one map of phase, status and
/// board column.
package enum Phase: String, Codable, Sendable, CaseIterable, Comparable {
    case backlog = "PHASE_BACKLOG"
    case requirements = "PHASE_REQUIREMENTS"
    case design = "PHASE_DESIGN"
    case implementation = "PHASE_IMPLEMENTATION"
    case buildingDone = "PHASE_BUILDING_DONE"
    case testing = "PHASE_TESTING"
    case done = "PHASE_DONE"

    /// The status, which is also the board column, of a ticket in this phase.
    package var status: TicketStatus {
        switch self {
        case .backlog: .backlog
        case .requirements, .design: .analyzing
        case .implementation: .building
        case .buildingDone: .buildingDone
        case .testing: .testing
        case .done: .done
        }
    }

    /// Position in the order of work.
    package var order: Int {
        switch self {
        case .backlog: 0
        case .requirements: 1
        case .design: 2
        case .implementation: 3
        case .buildingDone: 4
        case .testing: 5
        case .done: 6
        }
    }

    /// Whether tasks may belong to this phase.
    package var hasTasks: Bool {
        switch self {
        case .requirements, .design, .implementation, .testing: true
        case .backlog, .buildingDone, .done: false
        }
    }

    package static func < (left: Phase, right: Phase) -> Bool { left.order < right.order }
}

/// The six statuses of a ticket; each is a column of the board.
package enum TicketStatus: String, Codable, Sendable, CaseIterable, Comparable {
    case backlog
    case analyzing
    case building
    case buildingDone = "building-done"
    case testing
    case done

    /// The phases of this column, in order; a ticket enters at the first.
    package var phases: [Phase] { Phase.allCases.filter { $0.status == self } }

    /// Position on the board, from the left.
    package var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// Tickets a column holds at most unless the project says otherwise; nil: no limit.
    package var defaultLimit: Int? {
        switch self {
        case .analyzing: 5
        case .building: 10
        case .testing: 8
        case .backlog, .buildingDone, .done: nil
        }
    }

    package static func < (left: TicketStatus, right: TicketStatus) -> Bool { left.order < right.order }
}

/// Priority of tickets and tasks.
package enum Priority: String, Codable, Sendable, CaseIterable {
    case critical = "CRITICAL"
    case high = "HIGH"
    case medium = "MEDIUM"
    case low = "LOW"

    /// Weight in the order of claims, 0 to 1.
    package var weight: Double {
        switch self {
        case .critical: 1
        case .high: 0.75
        case .medium: 0.5
        case .low: 0.25
        }
    }
}
