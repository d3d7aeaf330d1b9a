import Kernel

extension Shapes {
    package static let board = Schema.named(
        "Board",
        .object([
            .required(
                "columns",
                .list(
                    of: .object([
                        .required("id", .cases(of: TicketStatus.self)),
                        .required("name", .text),
                        .required("description", .text),
                        .required("color", .text),
                        .required("sequence_order", .count),
                        .optional("wip_limit", .count),
                        .required("current_count", .count),
                        .optional("matching_count", .count),
                        .required("wip_exceeded", .boolean),
                        .required("tickets", .list(of: card)),
                        .optional("next_cursor", .text),
                    ])
                )
            )
        ])
    )

    private static let card = Schema.named(
        "Card",
        .object([
            .required("id", .identifier),
            .required("key", .text),
            .required("project_id", .identifier),
            .required("title", .text),
            .required("phase_id", .cases(of: Phase.self)),
            .required("priority", .cases(of: Priority.self)),
            .required("status", .cases(of: TicketStatus.self)),
            .required("is_blocked", .boolean),
            .optional("block_reason", .cases(of: Ticket.BlockReason.self)),
            .required("approval_status", .cases(of: Ticket.ApprovalStatus.self)),
            .optional("waiting_for", waitingFor),
            .required("labels", .list(of: .text)),
            .required("task_count", .count),
            .required("completed_task_count", .count),
            .required("updated_at", .timestamp),
        ])
    )

    private static let waitingFor = Schema.object([
        .required("condition", .cases(of: Ticket.Waiting.Condition.self)), .required("detail", .text),
    ])

    package static let boardColumn = Schema.named(
        "BoardColumn",
        .object([
            .required("id", .cases(of: TicketStatus.self)),
            .required("name", .text),
            .required("description", .text),
            .required("sequence_order", .count),
            .required("phase_mapping", .list(of: .cases(of: Phase.self))),
            .optional("wip_limit", .count),
            .required("is_terminal", .boolean),
            .optional("auto_transition_to", .cases(of: TicketStatus.self)),
            .required("color_theme", .text),
        ])
    )

    package static let boardStats = Schema.list(
        of: .object([
            .required("column_id", .cases(of: TicketStatus.self)),
            .required("name", .text),
            .required("ticket_count", .count),
            .optional("wip_limit", .count),
            .optional("utilization", .number(0...1e12)),
            .required("wip_exceeded", .boolean),
        ])
    )

    package static let wipViolations = Schema.list(
        of: .object([
            .required("project_id", .identifier),
            .required("column_id", .cases(of: TicketStatus.self)),
            .required("column_name", .text),
            .required("wip_limit", .count),
            .required("current_count", .count),
            .required("excess", .count),
        ])
    )

    package static let boardMoved = Schema.object([
        .required("ticket_id", .identifier),
        .required("new_phase", .cases(of: Phase.self)),
        .required("new_column", .cases(of: TicketStatus.self)),
        .required("status", .oneOf(["moved"])),
    ])

    package static let autoTransition = Schema.object([
        .required("ticket_id", .identifier),
        .required("transitioned", .boolean),
        .optional("new_phase", .cases(of: Phase.self)),
        .optional("reason", .text),
    ])
}
