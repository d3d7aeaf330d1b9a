import Kernel

/// An isolated place with a working copy where one attempt runs. Owned by its orchestrator.
package struct Sandbox: Codable, Sendable, Equatable {
    package enum State: String, Codable, Sendable, CaseIterable {
        case pending, creating, running, completing, completed, failed, terminated

        /// The worker may still be there.
        package var isLive: Bool {
            switch self {
            case .pending, .creating, .running, .completing: true
            case .completed, .failed, .terminated: false
            }
        }
    }

    package var id: Identifier
    package var orchestrator: String
    package var provider: String
    package var state: State
    package var taskID: Identifier?
    package var ticketID: Identifier?
    package var projectID: Identifier?
    package var attempt: Int?
    package var fence: Int?
    /// Why it failed or was stopped: `start-timeout`, `silent`, `stalled`, `worker-exited`, `superseded`, `cancelled`,
    /// ...
    package var reason: String?
    package var version: Int
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    package var lastActivityAt: Timestamp?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id, orchestrator, provider, state, attempt, fence, reason, version
        case taskID = "task_id"
        case ticketID = "ticket_id"
        case projectID = "project_id"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
        case lastActivityAt = "last_activity_at"
    }

    package init(
        id: Identifier,
        orchestrator: String,
        provider: String,
        state: State = .pending,
        version: Int = 0,
        createdAt: Timestamp
    ) {
        self.id = id
        self.orchestrator = orchestrator
        self.provider = provider
        self.state = state
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = createdAt
    }
}
