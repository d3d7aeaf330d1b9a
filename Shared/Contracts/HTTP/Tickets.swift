import Kernel

/// Body of `POST /api/v1/tickets/batch`: tickets, tasks and edges in one transaction.
package struct TicketBatch: Codable, Sendable, Equatable {
    package var projectID: Identifier
    package var tickets: [TicketCreate]

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case tickets
        case projectID = "project_id"
    }

    package init(projectID: Identifier, tickets: [TicketCreate]) {
        self.projectID = projectID
        self.tickets = tickets
    }
}

/// Body of `POST /api/v1/tickets` (with `project_id`), or one ticket of a batch.
package struct TicketCreate: Codable, Sendable, Equatable {
    /// Name of this ticket inside the request, for `blocked_by`.
    package var ref: String?
    package var projectID: Identifier?
    package var title: String
    package var description: String?
    package var phase: Phase?
    package var status: TicketStatus?
    package var priority: Priority?
    package var labels: [String]?
    package var autoStart: Bool?
    /// Ids, keys, or refs of other tickets of the request.
    package var blockedBy: [String]?
    package var tasks: [TaskSpecification]?
    /// Whether a similar ticket of the project stops the creation; default true. Of a single creation only.
    package var checkDuplicates: Bool?
    /// From which similarity, 0 to 1, a ticket counts as a duplicate; default 0.85. Of a single creation only.
    package var similarityThreshold: Double?
    /// Creates the ticket whatever it resembles. Of a single creation only.
    package var forceCreate: Bool?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case ref, title, description, status, priority, labels, tasks
        case projectID = "project_id"
        case phase = "phase_id"
        case autoStart = "auto_start"
        case blockedBy = "blocked_by"
        case checkDuplicates = "check_duplicates"
        case similarityThreshold = "similarity_threshold"
        case forceCreate = "force_create"
    }

    package init(
        ref: String? = nil,
        projectID: Identifier? = nil,
        title: String,
        description: String? = nil,
        phase: Phase? = nil,
        priority: Priority? = nil,
        labels: [String]? = nil,
        autoStart: Bool? = nil,
        blockedBy: [String]? = nil,
        tasks: [TaskSpecification]? = nil
    ) {
        self.ref = ref
        self.projectID = projectID
        self.title = title
        self.description = description
        self.phase = phase
        self.priority = priority
        self.labels = labels
        self.autoStart = autoStart
        self.blockedBy = blockedBy
        self.tasks = tasks
    }
}

/// A task inside a ticket's creation.
package struct TaskSpecification: Codable, Sendable, Equatable {
    /// Name of this task inside the request, for `depends_on`.
    package var ref: String?
    package var title: String
    package var description: String?
    package var phase: Phase?
    package var taskType: String?
    package var priority: Priority?
    /// Ids of existing tasks, or refs of other tasks of the same request (any ticket of it).
    package var dependsOn: [String]?
    package var timeoutSeconds: Int?
    /// When the work must be done.
    package var deadlineAt: Timestamp?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case ref, title, description, priority
        case phase = "phase_id"
        case taskType = "task_type"
        case dependsOn = "depends_on"
        case timeoutSeconds = "timeout_seconds"
        case deadlineAt = "deadline_at"
    }

    package init(
        ref: String? = nil,
        title: String,
        description: String? = nil,
        phase: Phase? = nil,
        taskType: String? = nil,
        priority: Priority? = nil,
        dependsOn: [String]? = nil,
        timeoutSeconds: Int? = nil,
        deadlineAt: Timestamp? = nil
    ) {
        self.ref = ref
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

/// Answer to a ticket creation: what was made, in the order of the request.
package struct TicketBatchResponse: Codable, Sendable, Equatable {
    package var tickets: [Ticket]
    package var tasks: [WorkTask]
    /// Why nothing was made; only of a creation that asked for the check.
    package var duplicates: DuplicateCheckResponse?

    package init(tickets: [Ticket], tasks: [WorkTask], duplicates: DuplicateCheckResponse? = nil) {
        self.tickets = tickets
        self.tasks = tasks
        self.duplicates = duplicates
    }
}

/// Body of `POST /api/v1/tickets/{id}/transition`.
package struct TicketTransition: Codable, Sendable, Equatable {
    package var toStatus: TicketStatus
    package var reason: String?
    package var force: Bool?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case reason, force
        case toStatus = "to_status"
    }

    package init(toStatus: TicketStatus, reason: String? = nil, force: Bool? = nil) {
        self.toStatus = toStatus
        self.reason = reason
        self.force = force
    }
}

/// Answer of `GET /api/v1/tickets`.
package struct TicketList: Codable, Sendable, Equatable {
    package var tickets: [Ticket]
    package var total: Int?
    package var nextCursor: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case tickets, total
        case nextCursor = "next_cursor"
    }

    package init(tickets: [Ticket], total: Int?, nextCursor: String?) {
        self.tickets = tickets
        self.total = total
        self.nextCursor = nextCursor
    }
}
