import Kernel

extension Shapes {
    /// A cancelled task, with the names the earlier system had.
    package static let cancelledTask: Schema = {
        guard case .named(_, .object(let properties)) = task else { return task }
        let more: [Schema.Property] = [
            .required("task_id", .identifier), .required("cancelled", .boolean), .required("reason", .text),
        ]
        return .named("CancelledTask", .object(properties + more))
    }()

    package static let failedTask = Schema.named(
        "FailedTask",
        .object([
            .required("task_id", .identifier),
            .required("status", .cases(of: WorkTask.Status.self)),
            .required("reason", .text),
            .required("old_status", .cases(of: WorkTask.Status.self)),
        ])
    )

    package static let taskTimeout = Schema.named(
        "TaskTimeout",
        .object([
            .required("task_id", .identifier),
            .required("timeout_seconds", .count),
            .required("status", .cases(of: WorkTask.Status.self)),
        ])
    )

    package static let timeoutStatus = Schema.named(
        "TimeoutStatus",
        .object([
            .required("task_id", .identifier),
            .required("exists", .boolean),
            .required("status", .cases(of: WorkTask.Status.self)),
            .required("timeout_seconds", .count),
            .required("elapsed_seconds", .count),
            .optional("time_remaining", .count),
            .required("is_timed_out", .boolean),
            .required("can_cancel", .boolean),
        ])
    )

    package static let timedTask = Schema.named(
        "TimedTask",
        .object([
            .required("id", .identifier),
            .required("ticket_id", .identifier),
            .required("project_id", .identifier),
            .required("phase_id", .cases(of: Phase.self)),
            .required("task_type", .text),
            .required("title", .text),
            .required("description", .text),
            .required("priority", .cases(of: Priority.self)),
            .required("status", .cases(of: WorkTask.Status.self)),
            .optional("sandbox_id", .identifier),
            .required("timeout_seconds", .count),
            .optional("started_at", .timestamp),
            .required("elapsed_time", .count),
            .optional("time_remaining", .count),
        ])
    )

    package static let cleanedUp = Schema.object([
        .required("cleaned_count", .count), .required("total_timed_out", .count),
    ])

    package static let circularCheck = Schema.object([
        .required("has_circular_dependency", .boolean),
        .optional("cycle", .list(of: .identifier)),
        .optional("detail", .text),
    ])

    package static let conversation = Schema.object([
        .required("success", .boolean),
        .required("task_id", .identifier),
        .required("conversation_id", .text),
    ])

    package static let title = Schema.named(
        "GeneratedTitle",
        .object([
            .required("task_id", .identifier),
            .required("title", .text),
            .required("description", .text),
            .required("task_type", .text),
            .optional("title_source", .cases(of: WorkTask.TitleSource.self)),
            .required("pending", .boolean),
        ])
    )

    package static let titles = Schema.named(
        "GeneratedTitles",
        .object([
            .required("processed", .count),
            .required("succeeded", .count),
            .required("failed", .count),
            .required(
                "tasks",
                .list(
                    of: .object([
                        .required("task_id", .identifier),
                        .required("title", .text),
                        .optional("error", .text),
                        .required("pending", .boolean),
                    ])
                )
            ),
        ])
    )

    package static let result = Schema.named(
        "Result",
        .object([
            .required("id", .identifier),
            .required("result_id", .identifier),
            .required("task_id", .identifier),
            .required("ticket_id", .identifier),
            .required("sandbox_id", .identifier),
            .required("agent_id", .identifier),
            .required("attempt", .count),
            .required("fence", .count),
            .required("status", .cases(of: TaskResult.Status.self)),
            .required("summary", .text),
            .optional("branch", .text),
            .required("commits", .list(of: .object([.required("sha", .text), .required("message", .text)]))),
            .required(
                "files_changed",
                .list(
                    of: .object([
                        .required("path", .text),
                        .required("action", .cases(of: TaskResult.FileChange.Action.self)),
                        .optional("lines_added", .count),
                        .optional("lines_removed", .count),
                    ])
                )
            ),
            .required(
                "checks",
                .list(
                    of: .object([
                        .required("name", .text),
                        .required("command", .list(of: .text)),
                        .required("exit_code", .integer(-1...255)),
                        .required("duration_ms", .count),
                        .required("log_digest", .text),
                    ])
                )
            ),
            .optional(
                "failure",
                .object([
                    .required("domain", .cases(of: FaultDomain.self)),
                    .required("code", .text),
                    .required("message", .text),
                    .optional("reset_at", .timestamp),
                ])
            ),
            .optional("notes", .text),
            .required("applied", .boolean),
            .optional("verification", verification),
            .required("verification_status", .oneOf(["unverified", "verified", "rejected"])),
            .optional("verified_at", .timestamp),
            .optional("verified_by_validation_id", .text),
            .required("version", .count),
            .required("created_at", .timestamp),
        ])
    )

    private static let verification = Schema.object([
        .required("status", .cases(of: TaskResult.Verification.Status.self)),
        .required("feedback", .text),
        .required("evidence", .list(of: .any)),
        .required("by", .text),
        .required("at", .timestamp),
    ])
}
