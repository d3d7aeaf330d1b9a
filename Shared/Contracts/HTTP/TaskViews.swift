import Kernel

/// Answer of `GET /api/v1/tasks/{id}/timeout-status`.
package struct TimeoutStatus: Codable, Sendable, Equatable {
    package var taskID: Identifier
    /// Always true: a task that does not exist is answered 404.
    package var exists: Bool
    package var status: WorkTask.Status
    /// The task's own, or its project's.
    package var timeoutSeconds: Int
    /// Of the latest attempt; 0 before the first.
    package var elapsedSeconds: Int
    /// nil when no attempt is open.
    package var timeRemaining: Int?
    package var isTimedOut: Bool
    package var canCancel: Bool

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case exists, status
        case taskID = "task_id"
        case timeoutSeconds = "timeout_seconds"
        case elapsedSeconds = "elapsed_seconds"
        case timeRemaining = "time_remaining"
        case isTimedOut = "is_timed_out"
        case canCancel = "can_cancel"
    }

    /// - Parameters:
    ///   - attempt: the latest one; nil before the first.
    ///   - seconds: how long an attempt may take.
    package init(_ task: WorkTask, _ attempt: Attempt?, seconds: Int, now: Timestamp) {
        let isOpen = attempt?.status == .open
        let end = attempt?.endedAt ?? now
        let elapsed = attempt.map { Int(max(0, (end - $0.startedAt).milliseconds / 1000)) } ?? 0
        taskID = task.id
        exists = true
        status = task.status
        timeoutSeconds = seconds
        elapsedSeconds = elapsed
        timeRemaining = isOpen ? max(0, seconds - elapsed) : nil
        isTimedOut = task.status == .timedOut || isOpen && elapsed >= seconds
        canCancel = !task.status.isFinal
    }
}

/// A task with its time, in the lists of timed-out and of cancellable tasks.
package struct TimedTask: Codable, Sendable, Equatable {
    package var id: Identifier
    package var ticketID: Identifier
    package var projectID: Identifier
    package var phase: Phase
    package var taskType: String
    package var title: String
    package var description: String
    package var priority: Priority
    package var status: WorkTask.Status
    package var sandboxID: Identifier?
    package var timeoutSeconds: Int
    /// When the latest attempt began.
    package var startedAt: Timestamp?
    /// Seconds.
    package var elapsedTime: Int
    package var timeRemaining: Int?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id, title, description, priority, status
        case ticketID = "ticket_id"
        case projectID = "project_id"
        case phase = "phase_id"
        case taskType = "task_type"
        case sandboxID = "sandbox_id"
        case timeoutSeconds = "timeout_seconds"
        case startedAt = "started_at"
        case elapsedTime = "elapsed_time"
        case timeRemaining = "time_remaining"
    }

    package init(_ task: WorkTask, _ attempt: Attempt?, _ time: TimeoutStatus) {
        id = task.id
        ticketID = task.ticketID
        projectID = task.projectID
        phase = task.phase
        taskType = task.taskType
        title = task.title
        description = task.description
        priority = task.priority
        status = task.status
        sandboxID = task.sandboxID
        timeoutSeconds = time.timeoutSeconds
        startedAt = attempt?.startedAt
        elapsedTime = time.elapsedSeconds
        timeRemaining = time.timeRemaining
    }
}

/// Answer of `POST /api/v1/tasks/{id}/generate-title`.
package struct TitleAnswer: Codable, Sendable, Equatable {
    package var taskID: Identifier
    package var title: String
    package var description: String
    package var taskType: String
    package var titleSource: WorkTask.TitleSource?
    /// The model has not answered yet: the title will change.
    package var pending: Bool

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case title, description, pending
        case taskID = "task_id"
        case taskType = "task_type"
        case titleSource = "title_source"
    }

    package init(_ task: WorkTask, pending: Bool) {
        taskID = task.id
        title = task.title
        description = task.description
        taskType = task.taskType
        titleSource = task.titleSource
        self.pending = pending
    }
}

/// Answer of `POST /api/v1/tasks/generate-titles`.
package struct TitlesAnswer: Codable, Sendable, Equatable {
    package struct Item: Codable, Sendable, Equatable {
        package var taskID: Identifier
        package var title: String
        package var error: String?
        /// The model has not answered yet.
        package var pending: Bool

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case title, error, pending
            case taskID = "task_id"
        }

        package init(taskID: Identifier, title: String, error: String? = nil, pending: Bool = false) {
            self.taskID = taskID
            self.title = title
            self.error = error
            self.pending = pending
        }
    }

    package var processed: Int
    package var succeeded: Int
    package var failed: Int
    package var tasks: [Item]

    package init(_ tasks: [Item]) {
        processed = tasks.count
        succeeded = tasks.count { $0.error == nil && !$0.pending }
        failed = tasks.count { $0.error != nil }
        self.tasks = tasks
    }
}

/// A cancelled task as it is answered: with the names the earlier system had.
package struct CancelledTask: Encodable, Sendable {
    package var task: WorkTask

    private enum Names: String, CodingKey {
        case cancelled, reason
        case taskID = "task_id"
    }

    package init(_ task: WorkTask) { self.task = task }

    package func encode(to encoder: any Encoder) throws {
        try task.encode(to: encoder)
        var more = encoder.container(keyedBy: Names.self)
        try more.encode(task.id, forKey: .taskID)
        try more.encode(task.status == .cancelled, forKey: .cancelled)
        try more.encode(task.error ?? "", forKey: .reason)
    }
}

/// A result as it is answered: with the names the earlier system had.
package struct ResultView: Encodable, Sendable {
    package var result: TaskResult

    private enum Names: String, CodingKey {
        case resultID = "result_id"
        case agentID = "agent_id"
        case verificationStatus = "verification_status"
        case verifiedAt = "verified_at"
        case verifiedBy = "verified_by_validation_id"
    }

    package init(_ result: TaskResult) { self.result = result }

    package func encode(to encoder: any Encoder) throws {
        try result.encode(to: encoder)
        var more = encoder.container(keyedBy: Names.self)
        try more.encode(result.id, forKey: .resultID)
        try more.encode(result.sandboxID, forKey: .agentID)
        try more.encode(result.verification?.status.rawValue ?? "unverified", forKey: .verificationStatus)
        try more.encodeIfPresent(result.verification?.at, forKey: .verifiedAt)
        try more.encodeIfPresent(result.verification?.by, forKey: .verifiedBy)
    }
}

/// Answer of `POST /api/v1/tasks/{id}/register-conversation`.
package struct ConversationAnswer: Codable, Sendable, Equatable {
    package var success = true
    package var taskID: Identifier
    package var conversationID: String

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case success
        case taskID = "task_id"
        case conversationID = "conversation_id"
    }

    package init(taskID: Identifier, conversationID: String) {
        self.taskID = taskID
        self.conversationID = conversationID
    }
}
