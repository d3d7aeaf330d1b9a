import Kernel

extension Schemas {
    package static let taskPatch = Schema.object([
        .optional("title", .string(min: 1, max: Limits.titleLength)),
        .optional("description", .string(max: Limits.descriptionLength)),
        .optional("priority", .cases(of: Priority.self)),
        .optional("task_type", .string(min: 1, max: Limits.nameLength)),
        .optional("timeout_seconds", .integer(1...Int64(Limits.taskTimeoutSeconds))),
        .optional("deadline_at", .timestamp),
        .optional("status", .cases(of: WorkTask.Status.self)),
    ])

    package static let taskTimeout = Schema.object([
        .required("timeout_seconds", .integer(1...Int64(Limits.taskTimeoutSeconds)))
    ])

    package static let conversation = Schema.object([
        .required("conversation_id", .string(min: 1, max: Limits.nameLength)),
        .optional("sandbox_id", .string(max: Limits.nameLength)),
        .optional("persistence_dir", .string(max: 4096)),
    ])

    package static let title = Schema.object([.optional("context", .string(max: Limits.reasonLength))])

    package static let titles = Schema.object([.optional("limit", .integer(1...Int64(Limits.titlesPerRequest)))])

    /// A bare array, as the earlier system wants it.
    package static let circularCheck = Schema.array(of: .identifier, max: Limits.dependenciesPerTask)

    package static let verification = Schema.object([
        .required("validation_passed", .boolean),
        .optional("feedback", .string(max: Limits.reasonLength)),
        .optional("evidence", .array(of: .any, max: Limits.evidenceItems)),
    ])
}
