extension Shapes {
    package static let gitHubConnected = Schema.named(
        "GitHubConnected",
        .object([
            .required("success", .boolean),
            .required("message", .text),
            .required("project_id", .identifier),
            .required("webhook_url", .text),
        ])
    )

    package static let gitHubConnection = Schema.named(
        "GitHubConnection",
        .object([
            .required("project_id", .identifier),
            .required("owner", .text),
            .required("repo", .text),
            .required("connected", .boolean),
            .required("webhook_configured", .boolean),
            .required("has_access_token", .boolean),
            .optional("username", .text),
            .optional("error", .text),
            .required("connected_at", .timestamp),
            .optional("verified_at", .timestamp),
        ])
    )

    package static let gitHubStatus = Schema.named(
        "GitHubStatus",
        .object([
            .required("connected", .boolean),
            .required("has_user_id", .boolean),
            .required("has_access_token", .boolean),
            .required("has_username", .boolean),
            .optional("username", .text),
            .required("github_keys", .list(of: .text)),
        ])
    )

    package static let gitHubOutcome = Schema.named(
        "GitHubOutcome",
        .object([.required("success", .boolean), .required("message", .text)])
    )

    package static let gitHubRepository = Schema.named(
        "GitHubRepository",
        .object([
            .required("id", .count),
            .required("name", .text),
            .required("full_name", .text),
            .required("owner", .text),
            .optional("description", .text),
            .required("private", .boolean),
            .required("html_url", .text),
            .required("clone_url", .text),
            .required("default_branch", .text),
            .optional("language", .text),
            .required("stargazers_count", .count),
            .required("forks_count", .count),
        ])
    )

    package static let gitHubBranch = Schema.named(
        "GitHubBranch",
        .object([.required("name", .text), .required("sha", .text), .required("protected", .boolean)])
    )

    package static let gitHubBranchCreated = Schema.named(
        "GitHubBranchCreated",
        .object([.required("success", .boolean), .required("ref", .text), .required("sha", .text)])
    )

    package static let gitHubCommit = Schema.named(
        "GitHubCommit",
        .object([
            .required("sha", .text),
            .required("message", .text),
            .optional("author_name", .text),
            .optional("author_email", .text),
            .optional("date", .text),
            .required("html_url", .text),
        ])
    )

    package static let gitHubPull = Schema.named(
        "GitHubPull",
        .object([
            .required("number", .count),
            .required("title", .text),
            .optional("body", .text),
            .required("state", .text),
            .required("html_url", .text),
            .required("head", .text),
            .required("base", .text),
            .required("draft", .boolean),
            .required("merged", .boolean),
            .optional("user", .text),
            .required("created_at", .text),
            .required("updated_at", .text),
        ])
    )

    package static let gitHubPullCreated = Schema.named(
        "GitHubPullCreated",
        .object([
            .required("success", .boolean),
            .required("number", .count),
            .required("html_url", .text),
            .required("state", .text),
        ])
    )

    package static let gitHubReceipt = Schema.named(
        "GitHubReceipt",
        .object([
            .required("success", .boolean),
            .required("status", .cases(of: GitHubReceipt.Status.self)),
            .required("event", .text),
            .required("tickets", .list(of: .identifier)),
        ])
    )
}
