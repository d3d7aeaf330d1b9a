import Kernel

/// Body of `POST /api/v1/tasks`.
package struct TaskCreate: Codable, Sendable, Equatable {
    package var ticketID: Identifier
    package var title: String
    package var description: String?
    package var phase: Phase?
    package var taskType: String?
    package var priority: Priority?
    package var dependsOn: [Identifier]?
    package var timeoutSeconds: Int?
    /// When the work must be done.
    package var deadlineAt: Timestamp?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case title, description, priority
        case ticketID = "ticket_id"
        case phase = "phase_id"
        case taskType = "task_type"
        case dependsOn = "depends_on"
        case timeoutSeconds = "timeout_seconds"
        case deadlineAt = "deadline_at"
    }

    package init(
        ticketID: Identifier,
        title: String,
        description: String? = nil,
        phase: Phase? = nil,
        taskType: String? = nil,
        priority: Priority? = nil,
        dependsOn: [Identifier]? = nil,
        timeoutSeconds: Int? = nil,
        deadlineAt: Timestamp? = nil
    ) {
        self.ticketID = ticketID
        self.title = title
        self.description = description
        self.phase = phase
        self.taskType = taskType
        self.priority = priority
        self.dependsOn = dependsOn
        self.timeoutSeconds = timeoutSeconds
        self.deadlineAt = deadlineAt
    }
}

/// Body of `POST` and `PUT /api/v1/tasks/{id}/dependencies`.
package struct DependenciesBody: Codable, Sendable, Equatable {
    package var dependsOn: [Identifier]
    package enum CodingKeys: String, CodingKey, CaseIterable { case dependsOn = "depends_on" }
    package init(dependsOn: [Identifier]) { self.dependsOn = dependsOn }
}

/// Body of `POST /api/v1/tasks/{id}/cancel`.
package struct CancelBody: Codable, Sendable, Equatable {
    package var reason: String?
    package enum CodingKeys: String, CodingKey, CaseIterable { case reason }
    package init(reason: String? = nil) { self.reason = reason }
}

/// What holds a task back, most important first; empty if and only if it can be claimed now.
package struct TaskExplanation: Codable, Sendable, Equatable {
    package struct Hold: Codable, Sendable, Equatable {
        package enum Condition: String, Codable, Sendable, CaseIterable {
            case notPending = "not-pending"
            case ticketNotInPhase = "ticket-not-in-phase"
            case ticketBlocked = "ticket-blocked"
            case notApproved = "not-approved"
            case dependency
            case dependencyCancelled = "dependency-cancelled"
            case dependencyFailed = "dependency-failed"
            case backoff
            case providerLimit = "provider-limit"
            case projectConcurrency = "project-concurrency"
            case projectArchived = "project-archived"
        }

        package var condition: Condition
        /// Id or key of what it is about.
        package var subject: String
        package var since: Timestamp?
        /// Who or what can lift it, in words.
        package var liftedBy: String

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case condition, subject, since
            case liftedBy = "lifted_by"
        }

        package init(condition: Condition, subject: String, since: Timestamp?, liftedBy: String) {
            self.condition = condition
            self.subject = subject
            self.since = since
            self.liftedBy = liftedBy
        }
    }

    package var taskID: Identifier
    package var holds: [Hold]

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case holds
        case taskID = "task_id"
    }

    package init(taskID: Identifier, holds: [Hold]) {
        self.taskID = taskID
        self.holds = holds
    }
}
