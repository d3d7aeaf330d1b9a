import Kernel

// Request fields of the earlier system that have no place here: known and accepted, so that its clients work.
extension Schemas {
    static let earlierTicketFields: [Schema.Property] = [
        .deprecated("github_owner", .string(max: Limits.nameLength), "ignored: the repository is the project's"),
        .deprecated("github_repo", .string(max: Limits.nameLength), "ignored: the repository is the project's"),
        .deprecated("workflow_mode", .oneOf(["quick", "spec_driven"]), "ignored: create a spec for a planned feature"),
        .deprecated(
            "dependencies",
            .object([
                .optional(
                    "blocked_by",
                    .array(of: .string(min: 1, max: Limits.nameLength), max: Limits.dependenciesPerTask)
                ),
                .optional("blocks", .array(of: .any, max: 0)),
            ]),
            "send blocked_by instead; blocks must be empty, name this ticket in the other one's blocked_by"
        ),
    ]

    static let earlierTaskFields: [Schema.Property] = [
        .deprecated(
            "dependencies",
            .object([.optional("depends_on", .array(of: .identifier, max: Limits.dependenciesPerTask))]),
            "send depends_on instead"
        ),
        .deprecated(
            "execution_config",
            .object([
                .optional("require_spec_skill", .boolean),
                .optional("selected_skill", .string(max: Limits.nameLength)),
            ]),
            "ignored: the project's settings say how tasks are carried out"
        ),
    ]

    static let earlierProjectFields: [Schema.Property] = [
        .deprecated("github_owner", .string(max: Limits.nameLength), "ignored: see POST /api/v1/github/connect"),
        .deprecated("github_repo", .string(max: Limits.nameLength), "ignored: see POST /api/v1/github/connect"),
        .deprecated("github_connected", .boolean, "ignored: see POST /api/v1/github/connect"),
        .deprecated("organization_id", .identifier, "ignored: there are no organizations"),
        .deprecated("default_phase_id", .cases(of: Phase.self), "ignored: new tickets start in the backlog"),
        .deprecated("autonomous_execution_enabled", .boolean, "send settings.auto_start instead"),
    ]
}
