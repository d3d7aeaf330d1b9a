import Kernel

/// Body of `PATCH /api/v1/tasks/{id}`. What is absent stays.
package struct TaskPatch: Codable, Sendable, Equatable {
    package var title: String?
    package var description: String?
    package var priority: Priority?
    package var taskType: String?
    package var timeoutSeconds: Int?
    package var deadlineAt: Timestamp?
    /// Of the earlier system: only `cancelled` and `failed` change anything, by the same rules as their own routes.
    package var status: WorkTask.Status?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case title, description, priority, status
        case taskType = "task_type"
        case timeoutSeconds = "timeout_seconds"
        case deadlineAt = "deadline_at"
    }

    package init(
        title: String? = nil,
        description: String? = nil,
        priority: Priority? = nil,
        taskType: String? = nil,
        timeoutSeconds: Int? = nil,
        deadlineAt: Timestamp? = nil,
        status: WorkTask.Status? = nil
    ) {
        self.title = title
        self.description = description
        self.priority = priority
        self.taskType = taskType
        self.timeoutSeconds = timeoutSeconds
        self.deadlineAt = deadlineAt
        self.status = status
    }
}

/// Body of `POST /api/v1/tasks/{id}/set-timeout`.
package struct TimeoutBody: Codable, Sendable, Equatable {
    package var timeoutSeconds: Int
    package enum CodingKeys: String, CodingKey, CaseIterable { case timeoutSeconds = "timeout_seconds" }
    package init(timeoutSeconds: Int) { self.timeoutSeconds = timeoutSeconds }
}

/// Body of `POST /api/v1/tasks/{id}/register-conversation`. Empty texts count as absent.
package struct ConversationBody: Codable, Sendable, Equatable {
    package var conversationID: String
    package var sandboxID: String?
    package var persistenceDirectory: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case conversationID = "conversation_id"
        case sandboxID = "sandbox_id"
        case persistenceDirectory = "persistence_dir"
    }

    package init(conversationID: String, sandboxID: String? = nil, persistenceDirectory: String? = nil) {
        self.conversationID = conversationID
        self.sandboxID = sandboxID
        self.persistenceDirectory = persistenceDirectory
    }
}

/// Body of `POST /api/v1/tasks/{id}/generate-title`.
package struct TitleBody: Codable, Sendable, Equatable {
    /// What the model should know beside the task itself.
    package var context: String?
    package init(context: String? = nil) { self.context = context }
}

/// Body of `POST /api/v1/tasks/generate-titles`.
package struct TitlesBody: Codable, Sendable, Equatable {
    /// Tasks at most, newest first; default 10.
    package var limit: Int?
    package init(limit: Int? = nil) { self.limit = limit }
}

/// Body of `POST /api/v1/results/{id}/verify`.
package struct VerificationBody: Codable, Sendable, Equatable {
    package var passed: Bool
    package var feedback: String?
    package var evidence: [JSONValue]?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case feedback, evidence
        case passed = "validation_passed"
    }

    package init(passed: Bool, feedback: String? = nil, evidence: [JSONValue]? = nil) {
        self.passed = passed
        self.feedback = feedback
        self.evidence = evidence
    }
}
