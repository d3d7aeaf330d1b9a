import Kernel

// Request bodies of `/api/v1/specs`.
extension Schemas {
    private static let specTitle = Schema.string(min: 1, max: Limits.titleLength)
    private static let specText = Schema.string(max: Limits.descriptionLength)
    private static let clause = Schema.string(min: 1, max: Limits.reasonLength)
    private static let designName = Schema.string(max: 100)

    package static let specCreate = Schema.object([
        .required("project_id", .identifier),
        .required("title", specTitle),
        .optional("description", specText),
        .optional("analyze", .boolean),
    ])

    package static let specPatch = Schema.object([
        .optional("title", specTitle),
        .optional("description", specText),
        .optional("status", .cases(of: Spec.Status.self)),
        .optional("phase", .cases(of: Spec.Stage.self)),
    ])

    package static let requirementCreate = Schema.object([
        .required("title", specTitle),
        .required("condition", clause),
        .required("action", clause),
        .optional("linked_design", designName),
        .optional("criteria", .array(of: clause, max: Limits.criteriaPerRequirement)),
    ])

    package static let requirementPatch = Schema.object([
        .optional("title", specTitle),
        .optional("condition", clause),
        .optional("action", clause),
        .optional("linked_design", designName),
        .optional("status", .cases(of: Spec.Requirement.Status.self)),
    ])

    package static let criterionCreate = Schema.object([.required("text", clause)])

    package static let criterionPatch = Schema.object([.optional("text", clause), .optional("completed", .boolean)])

    package static let designBody = Schema.object([
        .optional("architecture", .string(max: Limits.designLength)),
        .optional("data_model", .string(max: Limits.designLength)),
        .optional(
            "api_spec",
            .array(
                of: .object([
                    .required("method", .string(min: 1, max: 20)),
                    .optional("endpoint", .string(min: 1, max: Limits.titleLength)),
                    .deprecated("path", .string(min: 1, max: Limits.titleLength), "send endpoint instead"),
                    .optional("description", .string(max: Limits.reasonLength)),
                    .deprecated("purpose", .string(max: Limits.reasonLength), "send description instead"),
                ]),
                max: Limits.endpointsPerDesign
            )
        ),
    ])

    package static let specTaskCreate = Schema.object([
        .required("title", specTitle),
        .optional("description", specText),
        .optional(
            "phase",
            .oneOf(
                Spec.Stage.allCases.filter { $0.taskPhase != nil }.map(\.rawValue)
                    + Phase.allCases.filter(\.hasTasks).map(\.rawValue)
            )
        ),
        .optional("priority", .oneOf(Priority.allCases.flatMap { [$0.rawValue.lowercased(), $0.rawValue] })),
        .optional("task_type", .string(min: 1, max: Limits.nameLength)),
        .optional("ticket_id", .identifier),
        .optional("depends_on", .array(of: .identifier, max: Limits.dependenciesPerTask)),
        .optional("requirement_ids", .array(of: .identifier, max: Limits.requirementsPerSpec)),
        .optional("criterion_ids", .array(of: .identifier, max: Limits.requirementsPerSpec)),
        .optional("timeout_seconds", .integer(1...604_800)),
    ])
}
