import Kernel

/// Answer of `GET /api/v1/projects/{id}/stats`.
package struct ProjectStats: Codable, Sendable, Equatable {
    package var projectID: Identifier
    /// Without archived ones, as everything about tickets here.
    package var totalTickets: Int
    /// Every status, 0 included.
    package var ticketsByStatus: [String: Int]
    /// Every phase, 0 included.
    package var ticketsByPhase: [String: Int]
    /// Sandboxes that hold a task of the project.
    package var activeAgents: Int
    /// Of results that were applied.
    package var totalCommits: Int

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case projectID = "project_id"
        case totalTickets = "total_tickets"
        case ticketsByStatus = "tickets_by_status"
        case ticketsByPhase = "tickets_by_phase"
        case activeAgents = "active_agents"
        case totalCommits = "total_commits"
    }

    /// - Parameter phases: tickets of each phase that has any.
    package init(projectID: Identifier, phases: [Phase: Int], activeAgents: Int, totalCommits: Int) {
        self.projectID = projectID
        totalTickets = phases.values.reduce(0, +)
        ticketsByStatus = Dictionary(
            uniqueKeysWithValues: TicketStatus.allCases.map { status in
                (status.rawValue, status.phases.reduce(0) { $0 + (phases[$1] ?? 0) })
            }
        )
        ticketsByPhase = Dictionary(uniqueKeysWithValues: Phase.allCases.map { ($0.rawValue, phases[$0] ?? 0) })
        self.activeAgents = activeAgents
        self.totalCommits = totalCommits
    }
}

/// Answer of `DELETE /api/v1/projects/{id}`.
package struct ProjectArchived: Codable, Sendable, Equatable {
    package var success = true
    package var message: String

    package init(_ project: Identifier) { message = "Project \(project) was archived" }
}

extension Shapes {
    package static let projectStats = Schema.named(
        "ProjectStats",
        .object([
            .required("project_id", .identifier),
            .required("total_tickets", .count),
            .required("tickets_by_status", .object(TicketStatus.allCases.map { .required($0.rawValue, .count) })),
            .required("tickets_by_phase", .object(Phase.allCases.map { .required($0.rawValue, .count) })),
            .required("active_agents", .count),
            .required("total_commits", .count),
        ])
    )

    package static let projectArchived = Schema.object([.required("success", .boolean), .required("message", .text)])
}
