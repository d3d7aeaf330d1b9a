import Kernel

extension Shapes {
    package static let dependencyGraph = Schema.named(
        "DependencyGraph",
        .object([
            .required("nodes", .list(of: .anyOf([taskNode, ticketNode]))),
            .required(
                "edges",
                .list(
                    of: .object([
                        .required("source", .text),
                        .required("target", .text),
                        .required(
                            "type",
                            .oneOf(["depends_on", "spawned_from", "ticket_contains", "ticket_blocks"])
                        ),
                        .required("label", .text),
                    ])
                )
            ),
            .required(
                "metadata",
                .object([
                    .required("total_tasks", .count),
                    .required("blocked_count", .count),
                    .required("resolved_count", .count),
                    .required("total_edges", .count),
                    .required("critical_path_length", .count),
                    .required("critical_path", .list(of: .identifier)),
                ])
            ),
        ])
    )

    private static let taskNode = Schema.named(
        "TaskNode",
        .object([
            .required("id", .identifier),
            .required("type", .oneOf(["task"])),
            .required("label", .text),
            .required("description", .text),
            .required("status", .cases(of: WorkTask.Status.self)),
            .required("phase_id", .cases(of: Phase.self)),
            .required("priority", .cases(of: Priority.self)),
            .required("task_type", .text),
            .required("is_blocked", .boolean),
            .required("blocks_count", .count),
            .optional("sandbox_id", .identifier),
            .required("ticket_id", .identifier),
            .required("created_at", .timestamp),
            .optional("started_at", .timestamp),
            .optional("completed_at", .timestamp),
        ])
    )

    private static let ticketNode = Schema.named(
        "TicketNode",
        .object([
            .required("id", .text),
            .required("type", .oneOf(["ticket"])),
            .required("key", .text),
            .required("label", .text),
            .required("status", .cases(of: TicketStatus.self)),
            .required("phase_id", .cases(of: Phase.self)),
            .required("priority", .cases(of: Priority.self)),
            .required("is_blocked", .boolean),
            .required("blocks_count", .count),
            .required("task_count", .count),
            .required("blocked_by", .list(of: .identifier)),
        ])
    )

    package static let blockedTasks = Schema.object([
        .required("task_id", .identifier),
        .required("blocked_tasks", .list(of: .object(neighbour))),
        .required("blocked_count", .count),
    ])

    package static let blockingTasks = Schema.object([
        .required("task_id", .identifier),
        .required("blocking_tasks", .list(of: .object(neighbour + [.required("is_complete", .boolean)]))),
        .required("all_dependencies_complete", .boolean),
    ])

    private static let neighbour: [Schema.Property] = [
        .required("id", .identifier),
        .required("title", .text),
        .required("description", .text),
        .required("status", .cases(of: WorkTask.Status.self)),
        .required("priority", .cases(of: Priority.self)),
        .required("phase_id", .cases(of: Phase.self)),
    ]
}
