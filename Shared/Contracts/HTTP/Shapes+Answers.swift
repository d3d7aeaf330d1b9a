import Kernel

extension Shapes {
    package static let sandbox = Schema.named(
        "Sandbox",
        .object([
            .required("id", .identifier),
            .required("orchestrator", .text),
            .required("provider", .text),
            .required("state", .cases(of: Sandbox.State.self)),
            .optional("task_id", .identifier),
            .optional("ticket_id", .identifier),
            .optional("project_id", .identifier),
            .optional("attempt", .count),
            .optional("fence", .count),
            .optional("reason", .text),
            .required("version", .count),
            .required("created_at", .timestamp),
            .required("updated_at", .timestamp),
            .optional("last_activity_at", .timestamp),
        ])
    )

    package static let capacity = Schema.named(
        "SandboxCapacity",
        .object([
            .required("slots", .count),
            .required("used", .count),
            .required("available", .count),
            .required(
                "orchestrators",
                .list(
                    of: .object([
                        .required("instance", .text),
                        .required("slots", .count),
                        .required("used", .count),
                        .required("seen_at", .timestamp),
                    ])
                )
            ),
        ])
    )

    package static let token = Schema.named(
        "Token",
        .object([
            .required("id", .identifier),
            .required("subject", .text),
            .required("scope", .cases(of: Scope.self)),
            .optional("project_id", .identifier),
            .required("issued_at", .timestamp),
            .required("expires_at", .timestamp),
            .required("revoked", .boolean),
            .required("version", .count),
        ])
    )

    package static let ticketBatch = Schema.object([
        .required("tickets", .list(of: ticket)), .required("tasks", .list(of: task)),
    ])

    package static let dependencies = Schema.named(
        "TaskDependencies",
        .object([
            .required("task_id", .identifier),
            .required("depends_on", .list(of: .identifier)),
            .required("blocked_tasks", .list(of: .any)),
            .required("dependencies_complete", .boolean),
        ])
    )

    package static let explanation = Schema.named(
        "TaskExplanation",
        .object([
            .required("task_id", .identifier),
            .required(
                "holds",
                .list(
                    of: .object([
                        .required("condition", .cases(of: TaskExplanation.Hold.Condition.self)),
                        .required("subject", .text),
                        .optional("since", .timestamp),
                        .required("lifted_by", .text),
                    ])
                )
            ),
        ])
    )

    package static let assignment = Schema.named(
        "Assignment",
        .object([
            .required("sandbox_id", .identifier),
            .required("task", task),
            .required("ticket_key", .text),
            .required("ticket_title", .text),
            .required("attempt", .count),
            .required("fence", .count),
            .optional("repository", .text),
            .required("default_branch", .text),
            .required("branch", .text),
            .required("base_branches", .list(of: .text)),
            .required("agent", Schemas.agent),
            .required("checks", Schemas.checks),
            .required("timeout_seconds", .count),
        ])
    )

    package static let resultResponse = Schema.named(
        "ResultResponse",
        .object([
            .required("success", .boolean),
            .required("task_id", .identifier),
            .required("result_id", .identifier),
            .required("task_status", .cases(of: WorkTask.Status.self)),
            .required("attempt", .count),
            .required("late", .boolean),
        ])
    )

    package static let deadLetters = Schema.named(
        "DeadLetters",
        .object([
            .required(
                "items",
                .list(
                    of: .object([
                        .required("id", .count),
                        .required("service", .text),
                        .required("source", .text),
                        .required("type", .text),
                        .required("reason", .text),
                        .optional("message_id", .text),
                        .required("received_at", .timestamp),
                        .required("replays", .count),
                    ])
                )
            ),
            .required("total", .count),
            .optional("unreachable", .list(of: .text)),
        ])
    )
}
