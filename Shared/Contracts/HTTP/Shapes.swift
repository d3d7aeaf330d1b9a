import Kernel

/// The declared shapes of answers. An entity that gets a field gets it here too: the tests hold every answer of the
/// gateway against them, fields without a declaration included.
package enum Shapes {
    package static let project = Schema.named(
        "Project",
        .object([
            .required("id", .identifier),
            .required("name", .text),
            .required("key", .text),
            .optional("description", .text),
            .optional("repository", .text),
            .required("default_branch", .text),
            .required("status", .cases(of: Project.Status.self)),
            .required("settings", Schemas.projectSettings),
            .optional("github_owner", .text),
            .optional("github_repo", .text),
            .optional("github_connected", .boolean),
            .required("version", .count),
            .required("created_at", .timestamp),
            .required("updated_at", .timestamp),
        ])
    )

    package static let ticket = Schema.named(
        "Ticket",
        .object([
            .required("id", .identifier),
            .required("key", .text),
            .required("project_id", .identifier),
            .required("title", .text),
            .optional("description", .text),
            .required("phase_id", .cases(of: Phase.self)),
            .required("status", .cases(of: TicketStatus.self)),
            .required("priority", .cases(of: Priority.self)),
            .required("approval_status", .cases(of: Ticket.ApprovalStatus.self)),
            .optional("block", block),
            .required("blocked_by", .list(of: .identifier)),
            .required("labels", .list(of: .text)),
            .required("auto_start", .boolean),
            .required("round", .count),
            .required("archived", .boolean),
            .required("task_count", .count),
            .required("completed_task_count", .count),
            .required("version", .count),
            .required("created_at", .timestamp),
            .required("updated_at", .timestamp),
            .required("entered_phase_at", .timestamp),
            .optional("previous_phase_id", .cases(of: Phase.self)),
            .optional("spec_id", .identifier),
            .optional(
                "waiting_for",
                .object([
                    .required("condition", .cases(of: Ticket.Waiting.Condition.self)), .required("detail", .text),
                ])
            ),
            .optional("approval_deadline_at", .timestamp),
            .optional("approval_phase_id", .cases(of: Phase.self)),
            .optional("approved_phases", .list(of: .cases(of: Phase.self))),
            .optional("requested_by_agent_id", .text),
            .optional("rejection_reason", .text),
            .optional("context", .map(of: .any, max: .max)),
            .optional("context_summary", .text),
            .optional("artifacts", .list(of: artifactReference)),
            .optional("links", .list(of: ticketLink)),
        ])
    )

    private static let artifactReference = Schema.object([
        .required("id", .identifier),
        .required("artifact_type", .text),
        .required("phase_id", .cases(of: Phase.self)),
        .required("round", .count),
    ])

    private static let block = Schema.object([
        .required("reason", .cases(of: Ticket.BlockReason.self)),
        .required("detail", .text),
        .required("since", .timestamp),
        .required("automatic", .boolean),
    ])

    package static let transition = Schema.named(
        "Transition",
        .object([
            .required("id", .identifier),
            .required("ticket_id", .identifier),
            .required("from_phase", .cases(of: Phase.self)),
            .required("to_phase", .cases(of: Phase.self)),
            .required("from_status", .cases(of: TicketStatus.self)),
            .required("to_status", .cases(of: TicketStatus.self)),
            .required("cause", .cases(of: Transition.Cause.self)),
            .required("actor", .text),
            .optional("reason", .text),
            .required("at", .timestamp),
        ])
    )

    package static let task = Schema.named(
        "Task",
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
            .required("depends_on", .list(of: .identifier)),
            .optional("sandbox_id", .identifier),
            .required("attempt", .count),
            .required("retry_count", .count),
            .required("platform_losses", .count),
            .required("max_attempts", .count),
            .optional("timeout_seconds", .count),
            .optional("deadline_at", .timestamp),
            .optional("attempt_deadline_at", .timestamp),
            .optional("conversation_id", .text),
            .optional("persistence_dir", .text),
            .optional("title_source", .cases(of: WorkTask.TitleSource.self)),
            .optional("ready_at", .timestamp),
            .optional("not_before", .timestamp),
            .optional("not_before_cause", .cases(of: FaultDomain.self)),
            .required("round", .count),
            .required("lineage_id", .identifier),
            .optional("rework_of", .identifier),
            .optional("result_id", .identifier),
            .optional("summary", .text),
            .optional("error", .text),
            .optional("branch", .text),
            .optional("commit", .text),
            .required("sandbox_stopped", .boolean),
            .required("version", .count),
            .required("created_at", .timestamp),
            .required("updated_at", .timestamp),
            .optional("started_at", .timestamp),
            .optional("completed_at", .timestamp),
        ])
    )

    package static let attempt = Schema.named(
        "Attempt",
        .object([
            .required("id", .identifier),
            .required("task_id", .identifier),
            .required("number", .count),
            .required("fence", .count),
            .required("sandbox_id", .identifier),
            .required("orchestrator", .text),
            .required("status", .cases(of: Attempt.Status.self)),
            .optional("fault_domain", .cases(of: FaultDomain.self)),
            .optional("error", .text),
            .required("late", .boolean),
            .required("started_at", .timestamp),
            .optional("ended_at", .timestamp),
        ])
    )

    package static let problem = Schema.named(
        "Problem",
        .object([
            .required("type", .text),
            .required("title", .text),
            .required("status", .integer(400...599)),
            .required("detail", .text),
            .optional("instance", .text),
            .required("code", .cases(of: Fault.Code.self)),
            .optional("errors", .list(of: .object([.required("field", .text), .required("message", .text)]))),
        ])
    )

    /// A page as an object with the items under `name`.
    package static func page(_ name: String, of item: Schema) -> Schema {
        .object([.required(name, .list(of: item)), .optional("next_cursor", .text), .optional("total", .count)])
    }
}
