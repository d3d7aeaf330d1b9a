import Kernel

extension Schemas {
    package static let boardMove = Schema.object([
        .required("ticket_id", .string(min: 1, max: Limits.nameLength)),
        .required("target_column_id", .cases(of: TicketStatus.self)),
        .optional("force", .boolean),
        .optional("reason", .string(max: Limits.reasonLength)),
    ])

    /// Of `PATCH /api/v1/projects/{id}/settings`.
    package static let settingsPatch = projectSettings
}
