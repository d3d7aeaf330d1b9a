import Kernel

/// One unit an agent executes, always inside a ticket and a phase. (`Task` is Swift's own word.)
package struct WorkTask: Codable, Sendable, Equatable {
    package enum Status: String, Codable, Sendable, CaseIterable {
        case pending, assigned, running, completed, failed, cancelled
        case timedOut = "timed_out"

        /// Final states are never left.
        package var isFinal: Bool {
            switch self {
            case .completed, .failed, .timedOut, .cancelled: true
            case .pending, .assigned, .running: false
            }
        }
    }

    /// Who wrote a generated title.
    package enum TitleSource: String, Codable, Sendable, CaseIterable {
        /// Cut from the description by rule.
        case derived
        /// A language model.
        case model
    }

    package var id: Identifier
    package var ticketID: Identifier
    package var projectID: Identifier
    package var phase: Phase
    package var taskType: String
    package var title: String
    package var description: String
    package var priority: Priority
    package var status: Status
    package var dependsOn: [Identifier]
    package var sandboxID: Identifier?
    /// Number of the latest attempt; 0 before the first.
    package var attempt: Int
    /// Attempts that ended by a fault of agent or task.
    package var countedFailures: Int
    /// Attempts lost by a fault of the platform.
    package var platformLosses: Int
    package var maxAttempts: Int
    package var timeoutSeconds: Int?
    /// When the work must be done; makes the task urgent when it comes near.
    package var deadlineAt: Timestamp?
    /// When the open attempt must have ended.
    package var attemptDeadlineAt: Timestamp?
    /// When all conditions to run became true; nil while something holds the task.
    package var readyAt: Timestamp?
    /// Not claimable before (back-off).
    package var notBefore: Timestamp?
    /// Whose fault the attempt before that pause was.
    package var notBeforeCause: FaultDomain?
    package var round: Int
    package var lineageID: Identifier
    /// The task of an earlier round that this one does again.
    package var reworkOf: Identifier?
    package var resultID: Identifier?
    package var summary: String?
    package var error: String?
    /// Branch and commit with the task's work, read by the worker.
    package var branch: String?
    package var commit: String?
    /// The agent's conversation in the latest attempt, as the worker names it.
    package var conversationID: String?
    /// Where the agent keeps that conversation, inside its sandbox.
    package var persistenceDirectory: String?
    /// Who wrote the title; nil: a person or whoever created the task.
    package var titleSource: TitleSource?
    /// True once the sandbox of a cancelled task is known to be gone.
    package var sandboxStopped: Bool
    package var version: Int
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    package var startedAt: Timestamp?
    package var completedAt: Timestamp?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id, title, description, priority, status, attempt, round, summary, error, branch, commit, version
        case ticketID = "ticket_id"
        case projectID = "project_id"
        case phase = "phase_id"
        case taskType = "task_type"
        case dependsOn = "depends_on"
        case sandboxID = "sandbox_id"
        case countedFailures = "retry_count"
        case platformLosses = "platform_losses"
        case maxAttempts = "max_attempts"
        case timeoutSeconds = "timeout_seconds"
        case notBeforeCause = "not_before_cause"
        case attemptDeadlineAt = "attempt_deadline_at"
        case conversationID = "conversation_id"
        case persistenceDirectory = "persistence_dir"
        case titleSource = "title_source"
        case deadlineAt = "deadline_at"
        case readyAt = "ready_at"
        case notBefore = "not_before"
        case lineageID = "lineage_id"
        case reworkOf = "rework_of"
        case resultID = "result_id"
        case sandboxStopped = "sandbox_stopped"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
        case startedAt = "started_at"
        case completedAt = "completed_at"
    }

    package init(
        id: Identifier,
        ticketID: Identifier,
        projectID: Identifier,
        phase: Phase,
        taskType: String = "implementation",
        title: String,
        description: String = "",
        priority: Priority = .medium,
        status: Status = .pending,
        dependsOn: [Identifier] = [],
        maxAttempts: Int = Limits.attemptsPerTask,
        timeoutSeconds: Int? = nil,
        round: Int = 1,
        lineageID: Identifier? = nil,
        version: Int = 1,
        createdAt: Timestamp
    ) {
        self.id = id
        self.ticketID = ticketID
        self.projectID = projectID
        self.phase = phase
        self.taskType = taskType
        self.title = title
        self.description = description
        self.priority = priority
        self.status = status
        self.dependsOn = dependsOn
        self.attempt = 0
        self.countedFailures = 0
        self.platformLosses = 0
        self.maxAttempts = maxAttempts
        self.timeoutSeconds = timeoutSeconds
        self.round = round
        self.lineageID = lineageID ?? id
        self.sandboxStopped = false
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = createdAt
    }
}

/// Whose fault the end of an attempt was. Only faults of agent and task spend the task's attempts.
package enum FaultDomain: String, Codable, Sendable, CaseIterable {
    case agent, task, sandbox, platform
    case providerLimit = "provider-limit"

    /// Whether the failure counts against ``WorkTask/maxAttempts``.
    package var isCounted: Bool { self == .agent || self == .task }
}

/// One try at a task. A task has at most one open attempt.
package struct Attempt: Codable, Sendable, Equatable {
    package enum Status: String, Codable, Sendable, CaseIterable {
        case open, completed, failed, lost, cancelled
        case timedOut = "timed_out"
    }

    package var id: Identifier
    package var taskID: Identifier
    package var number: Int
    /// Only ever grows per task; a lower one than the task's highest changes nothing any more.
    package var fence: Int
    package var sandboxID: Identifier
    /// The orchestrator that holds the attempt.
    package var orchestrator: String
    package var status: Status
    package var faultDomain: FaultDomain?
    package var error: String?
    /// The result arrived after the attempt had been declared lost.
    package var late: Bool
    package var startedAt: Timestamp
    package var endedAt: Timestamp?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id, number, fence, orchestrator, status, error, late
        case taskID = "task_id"
        case sandboxID = "sandbox_id"
        case faultDomain = "fault_domain"
        case startedAt = "started_at"
        case endedAt = "ended_at"
    }

    package init(
        id: Identifier,
        taskID: Identifier,
        number: Int,
        fence: Int,
        sandboxID: Identifier,
        orchestrator: String,
        status: Status = .open,
        startedAt: Timestamp
    ) {
        self.id = id
        self.taskID = taskID
        self.number = number
        self.fence = fence
        self.sandboxID = sandboxID
        self.orchestrator = orchestrator
        self.status = status
        self.late = false
        self.startedAt = startedAt
    }
}
