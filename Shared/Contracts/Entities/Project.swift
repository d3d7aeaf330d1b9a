import Kernel

/// A body of work on one repository.
package struct Project: Codable, Sendable, Equatable {
    package enum Status: String, Codable, Sendable, CaseIterable { case active, archived }

    package var id: Identifier
    package var name: String
    /// Prefix of ticket keys, 2 to 10 capital letters: `ABC` in `ABC-12`.
    package var key: String
    package var description: String?
    /// Path or URL of the git repository; nil for a project without code.
    package var repository: String?
    package var defaultBranch: String
    package var status: Status
    package var settings: ProjectSettings
    package var version: Int
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    // Introduced later than the rest: absent in projects stored before.
    package var gitHubOwner: String?
    package var gitHubRepo: String?
    /// Whether the repository on GitHub is connected; absent means not.
    package var gitHubConnected: Bool?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id, name, key, description, repository, status, settings, version
        case gitHubOwner = "github_owner"
        case gitHubRepo = "github_repo"
        case gitHubConnected = "github_connected"
        case defaultBranch = "default_branch"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    package init(
        id: Identifier,
        name: String,
        key: String,
        description: String? = nil,
        repository: String? = nil,
        defaultBranch: String = "main",
        status: Status = .active,
        settings: ProjectSettings = ProjectSettings(),
        version: Int = 1,
        createdAt: Timestamp,
        updatedAt: Timestamp
    ) {
        self.id = id
        self.name = name
        self.key = key
        self.description = description
        self.repository = repository
        self.defaultBranch = defaultBranch
        self.status = status
        self.settings = settings
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// What a project may configure. Every member has a default, so `{}` is complete.
package struct ProjectSettings: Codable, Sendable, Equatable {
    /// Tickets leave the backlog by themselves.
    package var autoStart = true
    /// Tasks of the project that may run at the same time.
    package var concurrency = Limits.projectConcurrency
    /// Tickets per column, by status; overrides ``TicketStatus/defaultLimit``. Zero or less: no limit.
    package var wipLimits: [String: Int] = [:]
    package var agent = AgentSettings()
    package var checks: [CheckSettings] = []
    /// Counted attempts per task.
    package var maxAttempts = Limits.attemptsPerTask
    package var evidence = EvidenceSettings()
    package var approval = ApprovalSettings()
    /// What leaving a phase requires, by phase.
    package var gates: [String: GateSettings] = [:]
    /// Minutes without progress after which a ticket counts as stuck; 0: never.
    package var blockingMinutes = Limits.blockingMinutes
    /// How columns are shown, by status.
    package var columns: [String: ColumnSettings] = [:]

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case concurrency, agent, checks, evidence, approval, gates, columns
        case blockingMinutes = "blocking_minutes"
        case autoStart = "auto_start"
        case wipLimits = "wip_limits"
        case maxAttempts = "max_attempts"
    }

    package init() {}

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        autoStart = try container.decodeIfPresent(Bool.self, forKey: .autoStart) ?? autoStart
        concurrency = try container.decodeIfPresent(Int.self, forKey: .concurrency) ?? concurrency
        wipLimits = try container.decodeIfPresent([String: Int].self, forKey: .wipLimits) ?? wipLimits
        agent = try container.decodeIfPresent(AgentSettings.self, forKey: .agent) ?? agent
        checks = try container.decodeIfPresent([CheckSettings].self, forKey: .checks) ?? checks
        maxAttempts = try container.decodeIfPresent(Int.self, forKey: .maxAttempts) ?? maxAttempts
        evidence = try container.decodeIfPresent(EvidenceSettings.self, forKey: .evidence) ?? evidence
        approval = try container.decodeIfPresent(ApprovalSettings.self, forKey: .approval) ?? approval
        gates = try container.decodeIfPresent([String: GateSettings].self, forKey: .gates) ?? gates
        blockingMinutes = try container.decodeIfPresent(Int.self, forKey: .blockingMinutes) ?? blockingMinutes
        columns = try container.decodeIfPresent([String: ColumnSettings].self, forKey: .columns) ?? columns
    }

    /// The gate of the phase; nil when leaving it requires nothing.
    package func gate(of phase: Phase) -> GateSettings? {
        guard let gate = gates[phase.rawValue], !gate.isEmpty else { return nil }
        return gate
    }

    /// Tickets the column may hold; nil: no limit.
    package func limit(of status: TicketStatus) -> Int? {
        guard let own = wipLimits[status.rawValue] else { return status.defaultLimit }
        return own > 0 ? own : nil
    }
}

/// How tasks are executed.
package struct AgentSettings: Codable, Sendable, Equatable {
    /// The adapter; `command` runs ``command`` in the working copy.
    package var kind = "command"
    /// The agent's command line, executed without a shell.
    package var command: [String] = []
    /// Longest run of the agent, seconds.
    package var timeoutSeconds = 1800

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case kind, command
        case timeoutSeconds = "timeout_seconds"
    }

    package init(command: [String] = []) {
        self.command = command
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        kind = try container.decodeIfPresent(String.self, forKey: .kind) ?? kind
        command = try container.decodeIfPresent([String].self, forKey: .command) ?? command
        timeoutSeconds = try container.decodeIfPresent(Int.self, forKey: .timeoutSeconds) ?? timeoutSeconds
    }
}

/// A command that judges the working copy after the agent has ended; exit status 0 passes.
package struct CheckSettings: Codable, Sendable, Equatable {
    package var name: String
    /// The command line, executed without a shell.
    package var command: [String]
    /// Longest run, seconds.
    package var timeoutSeconds = 600
    /// The phases whose tasks run it; empty: all.
    package var phases: [Phase] = []

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case name, command, phases
        case timeoutSeconds = "timeout_seconds"
    }

    package init(name: String, command: [String], phases: [Phase] = []) {
        self.name = name
        self.command = command
        self.phases = phases
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        command = try container.decode([String].self, forKey: .command)
        timeoutSeconds = try container.decodeIfPresent(Int.self, forKey: .timeoutSeconds) ?? timeoutSeconds
        phases = try container.decodeIfPresent([Phase].self, forKey: .phases) ?? phases
    }
}

/// What a completed result must prove.
package struct EvidenceSettings: Codable, Sendable, Equatable {
    /// An implementation task must bring at least one commit.
    package var commit = true
    /// Every check of the project that applies to the phase must have run and passed.
    package var checks = true

    package enum CodingKeys: String, CodingKey, CaseIterable { case commit, checks }

    package init(commit: Bool = true, checks: Bool = true) {
        self.commit = commit
        self.checks = checks
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        commit = try container.decodeIfPresent(Bool.self, forKey: .commit) ?? commit
        checks = try container.decodeIfPresent(Bool.self, forKey: .checks) ?? checks
    }
}
