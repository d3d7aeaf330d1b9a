import Kernel

/// Answer of `GET /api/v1/specs/{id}`: the spec with what follows from its tasks.
package struct SpecView: Codable, Sendable, Equatable {
    package var spec: Spec
    /// The earlier system's finer word for the phase.
    package var currentPhase: String
    /// Completed tasks of all that were not cancelled, percent.
    package var progress: Double
    /// Not measured by anything yet: 0.
    package var testCoverage: Double
    /// Tasks in a sandbox now.
    package var activeAgents: Int
    package var linkedTickets: Int
    package var tasks: [SpecTask]
    package var execution: SpecExecution

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case progress, tasks, execution
        case currentPhase = "current_phase"
        case testCoverage = "test_coverage"
        case activeAgents = "active_agents"
        case linkedTickets = "linked_tickets"
    }

    package init(_ spec: Spec, tasks: [SpecTask], figures: SpecExecution.Figures) {
        self.spec = spec
        self.tasks = tasks
        let counted = tasks.filter { $0.taskStatus != .cancelled }
        let completed = counted.count { $0.taskStatus == .completed }
        progress = counted.isEmpty ? 0 : Double(completed * 1000 / counted.count) / 10
        testCoverage = 0
        activeAgents = tasks.count { $0.taskStatus == .assigned || $0.taskStatus == .running }
        linkedTickets = spec.tickets.count { $0.relation != .analysis }
        currentPhase =
            switch spec.status {
            case .draft: "explore"
            case .requirements: "requirements"
            case .design: "design"
            case .executing, .failed: spec.materializedAt == nil ? "tasks" : "sync"
            case .completed: "complete"
            }
        execution = SpecExecution(
            overallProgress: progress,
            activeAgents: activeAgents,
            figures: figures
        )
    }

    package init(from decoder: any Decoder) throws {
        spec = try Spec(from: decoder)
        let container = try decoder.container(keyedBy: CodingKeys.self)
        currentPhase = try container.decode(String.self, forKey: .currentPhase)
        progress = try container.decode(Double.self, forKey: .progress)
        testCoverage = try container.decode(Double.self, forKey: .testCoverage)
        activeAgents = try container.decode(Int.self, forKey: .activeAgents)
        linkedTickets = try container.decode(Int.self, forKey: .linkedTickets)
        tasks = try container.decode([SpecTask].self, forKey: .tasks)
        execution = try container.decode(SpecExecution.self, forKey: .execution)
    }

    package func encode(to encoder: any Encoder) throws {
        try spec.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(currentPhase, forKey: .currentPhase)
        try container.encode(progress, forKey: .progress)
        try container.encode(testCoverage, forKey: .testCoverage)
        try container.encode(activeAgents, forKey: .activeAgents)
        try container.encode(linkedTickets, forKey: .linkedTickets)
        try container.encode(tasks, forKey: .tasks)
        try container.encode(execution, forKey: .execution)
    }
}

/// A task of a spec in the earlier system's words, with its real state beside them.
package struct SpecTask: Codable, Sendable, Equatable {
    package enum Status: String, Codable, Sendable, CaseIterable {
        case pending, completed, blocked
        case inProgress = "in_progress"

        /// - Parameter status: of the real task. One that ended without success blocks until it is replaced.
        package init(_ status: WorkTask.Status) {
            self =
                switch status {
                case .pending: .pending
                case .assigned, .running: .inProgress
                case .completed: .completed
                case .failed, .timedOut, .cancelled: .blocked
                }
        }
    }

    /// Of the real task.
    package var id: Identifier
    package var title: String
    package var description: String?
    package var phase: Spec.Stage
    /// Lower case here, as the earlier system had it.
    package var priority: String
    package var status: Status
    /// `sandbox:<id>` while one works on it.
    package var assignedAgent: String?
    /// Ids of real tasks.
    package var dependencies: [Identifier]
    package var ticketID: Identifier
    package var phaseID: Phase
    package var taskStatus: WorkTask.Status
    package var requirementIDs: [Identifier]
    package var criterionIDs: [Identifier]

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id, title, description, phase, priority, status, dependencies
        case assignedAgent = "assigned_agent"
        case ticketID = "ticket_id"
        case phaseID = "phase_id"
        case taskStatus = "task_status"
        case requirementIDs = "requirement_ids"
        case criterionIDs = "criterion_ids"
    }

    package init(_ task: WorkTask, link: Spec.TaskLink?) {
        id = task.id
        title = task.title
        description = task.description.isEmpty ? nil : task.description
        phase = Spec.Stage(task.phase)
        priority = task.priority.rawValue.lowercased()
        status = Status(task.status)
        let isActive = task.status == .assigned || task.status == .running
        assignedAgent = isActive ? task.sandboxID.map { "sandbox:\($0)" } : nil
        dependencies = task.dependsOn
        ticketID = task.ticketID
        phaseID = task.phase
        taskStatus = task.status
        requirementIDs = link?.requirementIDs ?? []
        criterionIDs = link?.criterionIDs ?? []
    }
}

/// Figures of a spec's work, from the results that completed its tasks.
package struct SpecExecution: Codable, Sendable, Equatable {
    /// What results brought.
    package struct Figures: Sendable, Equatable {
        package var commits: Int
        package var linesAdded: Int
        package var linesRemoved: Int
        /// Checks that ran, and those of them that passed.
        package var checks: Int
        package var checksPassed: Int

        package init(
            commits: Int = 0,
            linesAdded: Int = 0,
            linesRemoved: Int = 0,
            checks: Int = 0,
            checksPassed: Int = 0
        ) {
            self.commits = commits
            self.linesAdded = linesAdded
            self.linesRemoved = linesRemoved
            self.checks = checks
            self.checksPassed = checksPassed
        }
    }

    package var overallProgress: Double
    /// Not measured by anything yet: 0.
    package var testCoverage: Double
    /// The project's checks that ran, and those of them that passed.
    package var testsTotal: Int
    package var testsPassing: Int
    package var activeAgents: Int
    package var commits: Int
    package var linesAdded: Int
    package var linesRemoved: Int

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case commits
        case overallProgress = "overall_progress"
        case testCoverage = "test_coverage"
        case testsTotal = "tests_total"
        case testsPassing = "tests_passing"
        case activeAgents = "active_agents"
        case linesAdded = "lines_added"
        case linesRemoved = "lines_removed"
    }

    package init(overallProgress: Double, activeAgents: Int, figures: Figures) {
        self.overallProgress = overallProgress
        self.testCoverage = 0
        self.testsTotal = figures.checks
        self.testsPassing = figures.checksPassed
        self.activeAgents = activeAgents
        self.commits = figures.commits
        self.linesAdded = figures.linesAdded
        self.linesRemoved = figures.linesRemoved
    }
}

/// Answer of `GET /api/v1/specs/project/{project_id}`, newest first.
package struct SpecList: Codable, Sendable, Equatable {
    package var specs: [SpecView]
    package var total: Int
    package var nextCursor: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case specs, total
        case nextCursor = "next_cursor"
    }

    package init(specs: [SpecView], total: Int, nextCursor: String?) {
        self.specs = specs
        self.total = total
        self.nextCursor = nextCursor
    }
}

/// Answer of `POST /api/v1/specs/{id}/materialize`.
package struct SpecMaterialization: Codable, Sendable, Equatable {
    package var specID: Identifier
    package var message: String
    /// The tickets that were let go now.
    package var ticketIDs: [Identifier]
    /// Unfinished tasks in them.
    package var taskCount: Int

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case message
        case specID = "spec_id"
        case ticketIDs = "ticket_ids"
        case taskCount = "task_count"
    }

    package init(specID: Identifier, message: String, ticketIDs: [Identifier], taskCount: Int) {
        self.specID = specID
        self.message = message
        self.ticketIDs = ticketIDs
        self.taskCount = taskCount
    }
}

/// Answer of `GET /api/v1/specs/{id}/versions`, newest first.
package struct SpecVersionList: Codable, Sendable, Equatable {
    package var versions: [SpecVersion]
    package var total: Int
    package var nextCursor: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case versions, total
        case nextCursor = "next_cursor"
    }

    package init(versions: [SpecVersion], total: Int, nextCursor: String?) {
        self.versions = versions
        self.total = total
        self.nextCursor = nextCursor
    }
}

/// Answer of `GET /api/v1/specs/{id}/trace`: requirement -> criterion -> ticket -> task -> attempt -> commit.
package struct SpecTrace: Codable, Sendable, Equatable {
    package struct RequirementTrace: Codable, Sendable, Equatable {
        package var id: Identifier
        package var title: String
        package var text: String
        package var status: Spec.Requirement.Status
        package var criteria: [CriterionTrace]
        /// Work for the requirement as a whole.
        package var tickets: [TicketTrace]

        package init(_ requirement: Spec.Requirement, criteria: [CriterionTrace], tickets: [TicketTrace]) {
            id = requirement.id
            title = requirement.title
            text = requirement.text
            status = requirement.status
            self.criteria = criteria
            self.tickets = tickets
        }
    }

    package struct CriterionTrace: Codable, Sendable, Equatable {
        package var id: Identifier
        package var text: String
        package var completed: Bool
        package var tickets: [TicketTrace]

        package init(_ criterion: Spec.Criterion, tickets: [TicketTrace]) {
            id = criterion.id
            text = criterion.text
            completed = criterion.completed
            self.tickets = tickets
        }
    }

    package struct TicketTrace: Codable, Sendable, Equatable {
        package var id: Identifier
        package var key: String
        package var title: String
        package var status: TicketStatus
        package var tasks: [TaskTrace]

        package init(_ ticket: Ticket, tasks: [TaskTrace]) {
            id = ticket.id
            key = ticket.key
            title = ticket.title
            status = ticket.status
            self.tasks = tasks
        }
    }

    package struct TaskTrace: Codable, Sendable, Equatable {
        package var id: Identifier
        package var title: String
        package var phaseID: Phase
        package var status: WorkTask.Status
        /// The same for all tasks that did the same work again.
        package var lineageID: Identifier
        package var attempts: [AttemptTrace]

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case id, title, status, attempts
            case phaseID = "phase_id"
            case lineageID = "lineage_id"
        }

        package init(_ task: WorkTask, attempts: [Attempt]) {
            id = task.id
            title = task.title
            phaseID = task.phase
            status = task.status
            lineageID = task.lineageID
            self.attempts = attempts.map { AttemptTrace($0, of: task) }
        }
    }

    package struct AttemptTrace: Codable, Sendable, Equatable {
        package var number: Int
        package var status: Attempt.Status
        package var sandboxID: Identifier
        /// Of the attempt that completed the task, when it brought one.
        package var branch: String?
        package var commit: String?

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case number, status, branch, commit
            case sandboxID = "sandbox_id"
        }

        package init(_ attempt: Attempt, of task: WorkTask) {
            number = attempt.number
            status = attempt.status
            sandboxID = attempt.sandboxID
            if attempt.status == .completed {
                branch = task.branch
                commit = task.commit
            }
        }
    }

    package var specID: Identifier
    package var requirements: [RequirementTrace]
    /// Work of the spec that names no requirement.
    package var unlinked: [TicketTrace]

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case requirements, unlinked
        case specID = "spec_id"
    }

    package init(specID: Identifier, requirements: [RequirementTrace], unlinked: [TicketTrace]) {
        self.specID = specID
        self.requirements = requirements
        self.unlinked = unlinked
    }
}
