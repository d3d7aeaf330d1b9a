import Kernel

extension Shapes {
    package static let artifact = Schema.named(
        "TicketArtifact",
        .object([
            .required("id", .identifier),
            .required("ticket_id", .identifier),
            .required("phase_id", .cases(of: Phase.self)),
            .required("artifact_type", .text),
            .optional("artifact_path", .text),
            .optional("artifact_content", .any),
            .required("round", .count),
            .optional("result_id", .identifier),
            .required("collected_by", .text),
            .required("collected_at", .timestamp),
        ])
    )

    package static let artifacts = Schema.object([.required("artifacts", .list(of: artifact))])

    package static let gateReport = Schema.named(
        "GateReport",
        .object([
            .required("ticket_id", .identifier),
            .required("phase_id", .cases(of: Phase.self)),
            .required("gate_status", .cases(of: GateReport.Verdict.self)),
            .required("requirements_met", .boolean),
            .required("validation_status", .cases(of: GateReport.Validation.self)),
            .required("blocking_reasons", .list(of: .text)),
            .required("missing_artifacts", .list(of: .text)),
            .required("gate", Schemas.gate),
        ])
    )

    package static let phaseCheck = Schema.object([
        .required("ticket_id", .identifier),
        .required("to_phase", .cases(of: Phase.self)),
        .required("can_transition", .boolean),
        .required("blocking_reasons", .list(of: .text)),
    ])

    package static let phaseChange = Schema.object([
        .required("success", .boolean),
        .required("ticket_id", .identifier),
        .required("from_phase", .cases(of: Phase.self)),
        .required("to_phase", .cases(of: Phase.self)),
        .required("from_status", .cases(of: TicketStatus.self)),
        .required("to_status", .cases(of: TicketStatus.self)),
        .optional("reason", .text),
        .required("artifacts_collected", .count),
        .required("tasks_spawned", .count),
        .required("blocking_reasons", .list(of: .text)),
    ])

    package static let phaseTasks = Schema.object([
        .required("ticket_id", .identifier),
        .required("phase", .cases(of: Phase.self)),
        .required("tasks_spawned", .count),
        .required("tasks", .list(of: task)),
    ])

    /// The ticket when it moved, else why it did not.
    package static let progress = Schema.anyOf([
        ticket,
        .object([
            .required("status", .oneOf(["no_progression"])),
            .required("reason", .text),
            .required("blocking_reasons", .list(of: .text)),
        ]),
    ])

    package static let advance = Schema.object([
        .required("success", .boolean),
        .required("ticket_id", .identifier),
        .required("current_phase", .cases(of: Phase.self)),
        .required("current_status", .cases(of: TicketStatus.self)),
        .required("all_phase_tasks_complete", .boolean),
        .required("advanced", .boolean),
        .optional("new_phase", .cases(of: Phase.self)),
        .optional("new_status", .cases(of: TicketStatus.self)),
        .required("blocking_reasons", .list(of: .text)),
    ])

    package static let blockingReport = Schema.object([
        .required("detected", .count),
        .required(
            "results",
            .list(
                of: .object([
                    .required("ticket_id", .identifier),
                    .required("should_block", .boolean),
                    .required("blocker_type", .cases(of: Ticket.BlockReason.self)),
                    .required("time_in_state_minutes", .number(0...1e12)),
                ])
            )
        ),
    ])

    package static let reviewDecision = Schema.object([
        .required("ticket_id", .identifier),
        .required("status", .oneOf(["approved", "rejected"])),
    ])

    package static let pendingReviews = Schema.object([.required("pending_count", .count)])

    package static let approvalStatus = Schema.object([
        .required("ticket_id", .identifier),
        .required("approval_status", .cases(of: Ticket.ApprovalStatus.self)),
        .optional("phase_id", .cases(of: Phase.self)),
        .optional("deadline_at", .timestamp),
        .optional("requested_by_agent_id", .text),
        .optional("rejection_reason", .text),
    ])

    package static let ticketContext = Schema.object([
        .required("ticket_id", .identifier),
        .required("full_context", .map(of: .any, max: .max)),
        .required("summary", .text),
    ])

    package static let contextUpdated = Schema.object([.required("status", .oneOf(["updated"]))])

    package static let phase = Schema.named(
        "Phase",
        .object([
            .required("id", .cases(of: Phase.self)),
            .required("name", .text),
            .required("description", .text),
            .required("sequence_order", .count),
            .required("allowed_transitions", .list(of: .cases(of: Phase.self))),
            .required("mapped_status", .cases(of: TicketStatus.self)),
            .required("has_tasks", .boolean),
            .required("is_terminal", .boolean),
        ])
    )

    package static let phaseGates = Schema.object([
        .required("project_id", .identifier),
        .required("gates", .map(of: Schemas.gate, max: .max)),
    ])
}
