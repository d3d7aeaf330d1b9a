import Kernel

/// Answer of `GET /api/v1/sandbox/task`: all a worker needs to do its work.
package struct Assignment: Codable, Sendable, Equatable {
    package var sandboxID: Identifier
    package var task: WorkTask
    package var ticketKey: String
    package var ticketTitle: String
    package var attempt: Int
    package var fence: Int
    /// nil: the project has no repository; the agent works in an empty folder.
    package var repository: String?
    package var defaultBranch: String
    /// Branch the attempt's commits go to.
    package var branch: String
    /// Branches merged, in order, into the working copy before the agent starts: the work this task builds on.
    package var baseBranches: [String]
    package var agent: AgentSettings
    /// The checks that apply to the task's phase.
    package var checks: [CheckSettings]
    /// Seconds the whole attempt may take; the worker ends the agent itself when they are over.
    package var timeoutSeconds: Int

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case task, attempt, fence, repository, branch, agent, checks
        case sandboxID = "sandbox_id"
        case ticketKey = "ticket_key"
        case ticketTitle = "ticket_title"
        case defaultBranch = "default_branch"
        case baseBranches = "base_branches"
        case timeoutSeconds = "timeout_seconds"
    }

    package init(
        sandboxID: Identifier,
        task: WorkTask,
        ticketKey: String,
        ticketTitle: String,
        attempt: Int,
        fence: Int,
        repository: String?,
        defaultBranch: String,
        branch: String,
        baseBranches: [String],
        agent: AgentSettings,
        checks: [CheckSettings],
        timeoutSeconds: Int
    ) {
        self.sandboxID = sandboxID
        self.task = task
        self.ticketKey = ticketKey
        self.ticketTitle = ticketTitle
        self.attempt = attempt
        self.fence = fence
        self.repository = repository
        self.defaultBranch = defaultBranch
        self.branch = branch
        self.baseBranches = baseBranches
        self.agent = agent
        self.checks = checks
        self.timeoutSeconds = timeoutSeconds
    }
}

/// Body of `POST /api/v1/sandbox/task/{task_id}/results`.
package struct ResultSubmission: Codable, Sendable, Equatable {
    package var status: TaskResult.Status
    package var summary: String
    package var filesChanged: [TaskResult.FileChange]
    package var commits: [TaskResult.Commit]?
    package var branch: String?
    package var checks: [TaskResult.Check]?
    /// Of the earlier system; ignored when ``checks`` is present.
    package var testsPassed: Bool?
    package var notes: String?
    package var failure: TaskResult.Failure?
    /// Evidence for the gate of the task's phase, beside what follows from commits and checks by itself.
    package var artifacts: [ArtifactSubmission]?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case status, summary, commits, branch, checks, notes, failure, artifacts
        case filesChanged = "files_changed"
        case testsPassed = "tests_passed"
    }

    package init(
        status: TaskResult.Status,
        summary: String,
        filesChanged: [TaskResult.FileChange] = [],
        commits: [TaskResult.Commit]? = nil,
        branch: String? = nil,
        checks: [TaskResult.Check]? = nil,
        notes: String? = nil,
        failure: TaskResult.Failure? = nil
    ) {
        self.status = status
        self.summary = summary
        self.filesChanged = filesChanged
        self.commits = commits
        self.branch = branch
        self.checks = checks
        self.notes = notes
        self.failure = failure
    }
}

/// Answer to a result.
package struct ResultResponse: Codable, Sendable, Equatable {
    package var success: Bool
    package var taskID: Identifier
    package var resultID: Identifier
    /// The task's status after the result was applied.
    package var taskStatus: WorkTask.Status
    package var attempt: Int
    package var late: Bool

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case success, attempt, late
        case taskID = "task_id"
        case resultID = "result_id"
        case taskStatus = "task_status"
    }

    package init(
        success: Bool,
        taskID: Identifier,
        resultID: Identifier,
        taskStatus: WorkTask.Status,
        attempt: Int,
        late: Bool
    ) {
        self.success = success
        self.taskID = taskID
        self.resultID = resultID
        self.taskStatus = taskStatus
        self.attempt = attempt
        self.late = late
    }
}

/// Body of `POST /api/v1/sandboxes/{id}/events`: one report, or several under `events`.
package struct ActivityReport: Codable, Sendable, Equatable {
    package struct Item: Codable, Sendable, Equatable {
        package var eventType: ActivityType
        package var eventData: JSONValue?
        package var source: String?
        /// The worker's own number, from 1; makes a repeated report harmless.
        package var sequence: Int
        package var time: Timestamp?

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case source, sequence, time
            case eventType = "event_type"
            case eventData = "event_data"
        }

        package init(
            eventType: ActivityType,
            eventData: JSONValue?,
            sequence: Int,
            time: Timestamp?,
            source: String? = nil
        ) {
            self.eventType = eventType
            self.eventData = eventData
            self.sequence = sequence
            self.time = time
            self.source = source
        }
    }

    package var events: [Item]

    package init(events: [Item]) { self.events = events }
}
