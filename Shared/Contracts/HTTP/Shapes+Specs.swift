import Kernel

// Answers of `/api/v1/specs`.
extension Shapes {
    private static let criterionProperties: [Schema.Property] = [
        .required("id", .identifier), .required("text", .text), .required("completed", .boolean),
    ]

    package static let criterion = Schema.named("Criterion", .object(criterionProperties))

    private static let requirementProperties: [Schema.Property] = [
        .required("id", .identifier),
        .required("title", .text),
        .required("text", .text),
        .required("status", .cases(of: Spec.Requirement.Status.self)),
    ]

    package static let requirement = Schema.named(
        "Requirement",
        .object(
            requirementProperties + [
                .required("condition", .text),
                .required("action", .text),
                .required("criteria", .list(of: criterion)),
                .optional("linked_design", .text),
            ]
        )
    )

    package static let design = Schema.named(
        "Design",
        .object([
            .optional("architecture", .text),
            .optional("data_model", .text),
            .required(
                "api_spec",
                .list(
                    of: .object([
                        .required("method", .text), .required("endpoint", .text), .required("description", .text),
                    ])
                )
            ),
        ])
    )

    package static let specTask = Schema.named(
        "SpecTask",
        .object([
            .required("id", .identifier),
            .required("title", .text),
            .optional("description", .text),
            .required("phase", .cases(of: Spec.Stage.self)),
            .required("priority", .oneOf(Priority.allCases.map { $0.rawValue.lowercased() })),
            .required("status", .cases(of: SpecTask.Status.self)),
            .optional("assigned_agent", .text),
            .required("dependencies", .list(of: .identifier)),
            .required("ticket_id", .identifier),
            .required("phase_id", .cases(of: Phase.self)),
            .required("task_status", .cases(of: WorkTask.Status.self)),
            .required("requirement_ids", .list(of: .identifier)),
            .required("criterion_ids", .list(of: .identifier)),
        ])
    )

    private static let specProperties: [Schema.Property] = [
        .required("id", .identifier),
        .required("project_id", .identifier),
        .required("title", .text),
        .optional("description", .text),
        .required("status", .cases(of: Spec.Status.self)),
        .required("phase", .cases(of: Spec.Stage.self)),
        .required("requirements", .list(of: requirement)),
        .optional("design", design),
        .required("requirements_approved", .boolean),
        .optional("requirements_approved_at", .timestamp),
        .required("design_approved", .boolean),
        .optional("design_approved_at", .timestamp),
        .optional("ticket_id", .identifier),
        .optional("analysis_task_id", .identifier),
        .optional("materialized_at", .timestamp),
        .required(
            "tickets",
            .list(
                of: .object([
                    .required("ticket_id", .identifier),
                    .required("relation", .cases(of: Spec.LinkedTicket.Relation.self)),
                    .required("held", .boolean),
                ])
            )
        ),
        .required(
            "task_links",
            .list(
                of: .object([
                    .required("task_id", .identifier),
                    .required("ticket_id", .identifier),
                    .required("requirement_ids", .list(of: .identifier)),
                    .required("criterion_ids", .list(of: .identifier)),
                ])
            )
        ),
        .required("deleted", .boolean),
        .required("version", .count),
        .required("created_at", .timestamp),
        .required("updated_at", .timestamp),
    ]

    private static let percent = Schema.number(0...100)

    package static let spec = Schema.named(
        "Spec",
        .object(
            specProperties + [
                .required("current_phase", .text),
                .required("progress", percent),
                .required("test_coverage", percent),
                .required("active_agents", .count),
                .required("linked_tickets", .count),
                .required("tasks", .list(of: specTask)),
                .required(
                    "execution",
                    .object([
                        .required("overall_progress", percent),
                        .required("test_coverage", percent),
                        .required("tests_total", .count),
                        .required("tests_passing", .count),
                        .required("active_agents", .count),
                        .required("commits", .count),
                        .required("lines_added", .count),
                        .required("lines_removed", .count),
                    ])
                ),
            ]
        )
    )

    package static let specList = Schema.object([
        .required("specs", .list(of: spec)), .required("total", .count), .optional("next_cursor", .text),
    ])

    package static let message = Schema.named("Message", .object([.required("message", .text)]))

    package static let specMaterialization = Schema.named(
        "SpecMaterialization",
        .object([
            .required("spec_id", .identifier),
            .required("message", .text),
            .required("ticket_ids", .list(of: .identifier)),
            .required("task_count", .count),
        ])
    )

    package static let specVersions = Schema.object([
        .required("versions", .list(of: specVersion)), .required("total", .count), .optional("next_cursor", .text),
    ])

    private static let specVersion = Schema.named(
        "SpecVersion",
        .object([
            .required("id", .identifier),
            .required("spec_id", .identifier),
            .required("version_number", .count),
            .required("change_type", .cases(of: SpecVersion.Change.self)),
            .required("change_summary", .text),
            .required("change_details", .object([.required("changed", .list(of: .text))])),
            .required(
                "affects",
                .object([
                    .required("requirement_ids", .list(of: .identifier)),
                    .required("criterion_ids", .list(of: .identifier)),
                    .required("ticket_ids", .list(of: .identifier)),
                    .required("task_ids", .list(of: .identifier)),
                    .required("withdrawn_approvals", .list(of: .cases(of: ApproveSpec.Part.self))),
                ])
            ),
            .required("created_by", .text),
            .optional("snapshot", .object(specProperties)),
            .required("created_at", .timestamp),
        ])
    )

    private static let tracedTickets = Schema.list(
        of: .named(
            "TracedTicket",
            .object([
                .required("id", .identifier),
                .required("key", .text),
                .required("title", .text),
                .required("status", .cases(of: TicketStatus.self)),
                .required("tasks", .list(of: tracedTask)),
            ])
        )
    )

    private static let tracedTask = Schema.object([
        .required("id", .identifier),
        .required("title", .text),
        .required("phase_id", .cases(of: Phase.self)),
        .required("status", .cases(of: WorkTask.Status.self)),
        .required("lineage_id", .identifier),
        .required(
            "attempts",
            .list(
                of: .object([
                    .required("number", .count),
                    .required("status", .cases(of: Attempt.Status.self)),
                    .required("sandbox_id", .identifier),
                    .optional("branch", .text),
                    .optional("commit", .text),
                ])
            )
        ),
    ])

    package static let specTrace = Schema.named(
        "SpecTrace",
        .object([
            .required("spec_id", .identifier),
            .required(
                "requirements",
                .list(
                    of: .object(
                        requirementProperties + [
                            .required(
                                "criteria",
                                .list(of: .object(criterionProperties + [.required("tickets", tracedTickets)]))
                            ),
                            .required("tickets", tracedTickets),
                        ]
                    )
                )
            ),
            .required("unlinked", tracedTickets),
        ])
    )
}
