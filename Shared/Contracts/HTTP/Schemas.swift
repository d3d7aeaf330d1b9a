import Kernel

/// The declared shapes of all request bodies.
package enum Schemas {
    package static let projectCreate = Schema.object(
        [
            .required("name", .string(min: 1, max: Limits.nameLength)),
            .optional("key", .string(min: 2, max: 10)),
            .optional("description", .string(max: Limits.descriptionLength)),
            .optional("repository", .string(min: 1, max: 4096)),
            .optional("default_branch", .string(min: 1, max: 255)),
            .optional("settings", projectSettings),
        ] + earlierProjectFields
    )

    package static let projectPatch = Schema.object(
        [
            .optional("name", .string(min: 1, max: Limits.nameLength)),
            .optional("description", .string(max: Limits.descriptionLength)),
            .optional("repository", .string(min: 1, max: 4096)),
            .optional("default_branch", .string(min: 1, max: 255)),
            .optional("settings", projectSettings),
            .optional("status", .cases(of: Project.Status.self)),
        ] + earlierProjectFields
    )

    package static let projectSettings = Schema.object([
        .optional("auto_start", .boolean),
        .optional("concurrency", .integer(1...1000)),
        .optional(
            "wip_limits",
            .object(TicketStatus.allCases.map { .optional($0.rawValue, .integer(0...1_000_000)) })
        ),
        .optional("agent", agent),
        .optional("checks", checks),
        .optional("max_attempts", .integer(1...10)),
        .optional("evidence", .object([.optional("commit", .boolean), .optional("checks", .boolean)])),
        .optional("approval", approval),
        .optional("gates", gates),
        .optional("blocking_minutes", .integer(0...1_000_000)),
        .optional("columns", columns),
    ])

    static let agent = Schema.object([
        .optional("kind", .oneOf(["command"])),
        .optional("command", commandLine),
        .optional("timeout_seconds", .integer(1...86_400)),
    ])

    static let checks = Schema.array(
        of: .object([
            .required("name", .string(min: 1, max: Limits.nameLength)),
            .required("command", commandLine),
            .optional("timeout_seconds", .integer(1...86_400)),
            .optional("phases", .array(of: .cases(of: Phase.self), max: Phase.allCases.count)),
        ]),
        max: Limits.checksPerProject
    )

    private static let commandLine = Schema.array(of: .string(max: 4096), max: 100)

    private static let taskSpecification = Schema.object([
        .optional("ref", .string(min: 1, max: Limits.nameLength)),
        .required("title", .string(min: 1, max: Limits.titleLength)),
        .optional("description", .string(max: Limits.descriptionLength)),
        .optional("phase_id", .cases(of: Phase.self)),
        .optional("task_type", .string(min: 1, max: Limits.nameLength)),
        .optional("priority", .cases(of: Priority.self)),
        .optional("depends_on", .array(of: .string(min: 1, max: Limits.nameLength), max: Limits.dependenciesPerTask)),
        .optional("timeout_seconds", .integer(1...Int64(Limits.taskTimeoutSeconds))),
        .optional("deadline_at", .timestamp),
    ])

    private static let ticketProperties: [Schema.Property] = [
        .required("title", .string(min: 1, max: Limits.titleLength)),
        .optional("description", .string(max: Limits.descriptionLength)),
        .optional("phase_id", .cases(of: Phase.self)),
        .optional("status", .cases(of: TicketStatus.self)),
        .optional("priority", .cases(of: Priority.self)),
        .optional("labels", .array(of: .string(min: 1, max: Limits.nameLength), max: Limits.labels)),
        .optional("auto_start", .boolean),
        .optional("blocked_by", .array(of: .string(min: 1, max: Limits.nameLength), max: Limits.dependenciesPerTask)),
        .optional("tasks", .array(of: taskSpecification, max: Limits.tasksPerTicket)),
    ]

    package static let ticketCreate = Schema.object(
        [
            .required("project_id", .identifier),
            .optional("check_duplicates", .boolean),
            .optional("similarity_threshold", .number(0...1)),
            .optional("force_create", .boolean),
        ] + ticketProperties + earlierTicketFields
    )

    package static let ticketBatch = Schema.object([
        .required("project_id", .identifier),
        .required(
            "tickets",
            .array(
                of: .object([.optional("ref", .string(min: 1, max: Limits.nameLength))] + ticketProperties),
                max: Limits.ticketsPerBatch
            )
        ),
    ])

    package static let ticketTransition = Schema.object([
        .required("to_status", .cases(of: TicketStatus.self)),
        .optional("reason", .string(max: Limits.reasonLength)),
        .optional("force", .boolean),
    ])

    package static let taskCreate = Schema.object(
        [
            .required("ticket_id", .identifier),
            .required("title", .string(min: 1, max: Limits.titleLength)),
            .optional("description", .string(max: Limits.descriptionLength)),
            .optional("phase_id", .cases(of: Phase.self)),
            .optional("task_type", .string(min: 1, max: Limits.nameLength)),
            .optional("priority", .cases(of: Priority.self)),
            .optional("depends_on", .array(of: .identifier, max: Limits.dependenciesPerTask)),
            .optional("timeout_seconds", .integer(1...Int64(Limits.taskTimeoutSeconds))),
            .optional("deadline_at", .timestamp),
        ] + earlierTaskFields
    )

    package static let dependencies = Schema.object([
        .required("depends_on", .array(of: .identifier, max: Limits.dependenciesPerTask))
    ])

    package static let cancel = Schema.object([.optional("reason", .string(max: Limits.reasonLength))])

    package static let tokenCreate = Schema.object([
        .required("subject", .string(min: 1, max: Limits.nameLength)),
        .required("scope", .oneOf(["admin", "member", "viewer"])),
        .optional("project_id", .identifier),
        .optional("expires_in", .integer(60...31_536_000)),
    ])

    package static let resultSubmission = Schema.object([
        .required("status", .cases(of: TaskResult.Status.self)),
        .required("summary", .string(max: Limits.descriptionLength)),
        .required(
            "files_changed",
            .array(
                of: .object([
                    .required("path", .string(min: 1, max: 4096)),
                    .required("action", .cases(of: TaskResult.FileChange.Action.self)),
                    .optional("lines_added", .integer(0...Int64.max)),
                    .optional("lines_removed", .integer(0...Int64.max)),
                ]),
                max: Limits.filesChanged
            )
        ),
        .optional(
            "commits",
            .array(
                of: .object([
                    .required("sha", .string(min: 7, max: 64)), .required("message", .string(max: 4096)),
                ]),
                max: 1000
            )
        ),
        .optional("branch", .string(max: 255)),
        .optional(
            "checks",
            .array(
                of: .object([
                    .required("name", .string(min: 1, max: Limits.nameLength)),
                    .required("command", commandLine),
                    .required("exit_code", .integer(-1...255)),
                    .required("duration_ms", .integer(0...Int64.max)),
                    .required("log_digest", .string(max: 128)),
                ]),
                max: Limits.checksPerProject
            )
        ),
        .optional("tests_passed", .boolean),
        .optional("notes", .string(max: Limits.descriptionLength)),
        .optional(
            "failure",
            .object([
                .required("domain", .cases(of: FaultDomain.self)),
                .required("code", .string(min: 1, max: Limits.nameLength)),
                .required("message", .string(max: Limits.reasonLength)),
                .optional("reset_at", .timestamp),
            ])
        ),
        .optional("artifacts", .array(of: artifactSubmission, max: Limits.requirementsPerGate)),
    ])

    private static let activityProperties: [Schema.Property] = [
        .required("event_type", .cases(of: ActivityType.self)),
        .optional("event_data", .any),
        .optional("source", .oneOf(["agent", "worker", "system"])),
        .optional("time", .timestamp),
    ]

    package static let activityReport = Schema.object([
        .required(
            "events",
            .array(
                of: .object([.required("sequence", .integer(1...Int64.max))] + activityProperties),
                max: Limits.activityBatch
            )
        )
    ])

    /// One activity without the list around it, as the earlier system's workers report.
    package static let activity = Schema.object(
        [.optional("sequence", .integer(1...Int64.max))] + activityProperties
    )
}
