import Kernel

// Shapes of the rules of tickets: changes, blocks, gates, approvals, phases.
extension Schemas {
    static let approval = Schema.object([
        .optional("required", .boolean),
        .optional("timeout_seconds", .integer(1...31_536_000)),
        .optional("on_reject", .cases(of: ApprovalSettings.OnReject.self)),
    ])

    package static let gate = Schema.object([
        .optional(
            "artifacts",
            .array(
                of: .object([
                    .required("type", .string(min: 1, max: Limits.nameLength)),
                    .optional("criteria", .map(of: .any, max: Limits.requirementsPerGate)),
                ]),
                max: Limits.requirementsPerGate
            )
        ),
        .optional(
            "checks",
            .array(of: .string(min: 1, max: Limits.nameLength), max: Limits.requirementsPerGate)
        ),
        .optional("approval", .boolean),
    ])

    static let gates = Schema.object(
        Phase.allCases.filter { $0 != .backlog && $0 != .done }.map { .optional($0.rawValue, gate) }
    )

    static let columns = Schema.object(
        TicketStatus.allCases.map { status in
            .optional(
                status.rawValue,
                .object([
                    .optional("name", .string(min: 1, max: Limits.nameLength)),
                    .optional("color", .string(min: 1, max: Limits.nameLength)),
                ])
            )
        }
    )

    static let artifactSubmission = Schema.object([
        .required("artifact_type", .string(min: 1, max: Limits.nameLength)),
        .optional("artifact_path", .string(min: 1, max: 4096)),
        .optional("artifact_content", .map(of: .any, max: 1000)),
    ])

    package static let artifactCreate = Schema.object([
        .required("phase_id", .cases(of: Phase.self)),
        .required("artifact_type", .string(min: 1, max: Limits.nameLength)),
        .optional("artifact_path", .string(min: 1, max: 4096)),
        .optional("artifact_content", .map(of: .any, max: 1000)),
        .optional("collected_by", .string(min: 1, max: Limits.nameLength)),
    ])

    package static let ticketPatch = Schema.object([
        .optional("title", .string(min: 1, max: Limits.titleLength)),
        .optional("description", .string(max: Limits.descriptionLength)),
        .optional("priority", .cases(of: Priority.self)),
        .optional("labels", .array(of: .string(min: 1, max: Limits.nameLength), max: Limits.labels)),
        .optional("auto_start", .boolean),
        .optional("blocked_by", .array(of: .string(min: 1, max: Limits.nameLength), max: Limits.dependenciesPerTask)),
        .optional("status", .cases(of: TicketStatus.self)),
        .optional("reason", .string(max: Limits.reasonLength)),
        .optional("archived", .boolean),
    ])

    package static let ticketApproval = Schema.object([.required("ticket_id", .string(min: 1, max: Limits.nameLength))])

    package static let ticketRejection = Schema.object([
        .required("ticket_id", .string(min: 1, max: Limits.nameLength)),
        .required("rejection_reason", .string(min: 1, max: Limits.reasonLength)),
    ])

    package static let ticketContext = Schema.object([
        .optional("context", .map(of: .any, max: 1000)),
        .optional("summary", .string(max: Limits.reasonLength)),
    ])

    package static let phaseTransition = Schema.object([
        .required("to_phase", .cases(of: Phase.self)),
        .optional("reason", .string(max: Limits.reasonLength)),
        .optional("force", .boolean),
        .optional("spawn_tasks", .boolean),
    ])
}
