import Kernel

/// Body of `POST /api/v1/github/connect`.
package struct GitHubConnect: Codable, Sendable, Equatable {
    package var owner: String
    package var repo: String
    /// Signs the deliveries of GitHub's webhook; without it they are refused. Kept secret.
    package var webhookSecret: String?
    /// Used for requests to GitHub about this project; nil: the server's own token. Kept secret.
    package var accessToken: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case owner, repo
        case webhookSecret = "webhook_secret"
        case accessToken = "access_token"
    }

    package init(owner: String, repo: String, webhookSecret: String? = nil, accessToken: String? = nil) {
        self.owner = owner
        self.repo = repo
        self.webhookSecret = webhookSecret
        self.accessToken = accessToken
    }
}

/// Answer to a connection.
package struct GitHubConnected: Codable, Sendable, Equatable {
    package var success: Bool
    package var message: String
    package var projectID: Identifier
    /// Path at this server that the repository's webhook must be sent to.
    package var webhookURL: String

    package static let webhookPath = "/api/v1/github/webhooks/github"

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case success, message
        case projectID = "project_id"
        case webhookURL = "webhook_url"
    }

    package init(success: Bool, message: String, projectID: Identifier, webhookURL: String) {
        self.success = success
        self.message = message
        self.projectID = projectID
        self.webhookURL = webhookURL
    }
}

/// A repository that is connected to a project.
package struct GitHubConnection: Codable, Sendable, Equatable {
    package var projectID: Identifier
    package var owner: String
    package var repo: String
    /// False once GitHub has refused the repository or the token.
    package var connected: Bool
    package var webhookConfigured: Bool
    /// Whether the project has a token of its own.
    package var hasAccessToken: Bool
    /// Whose token it is, once GitHub has said so.
    package var username: String?
    /// Why GitHub refused.
    package var error: String?
    package var connectedAt: Timestamp
    /// When GitHub has confirmed the repository; nil: not yet, or there is no token to ask with.
    package var verifiedAt: Timestamp?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case owner, repo, connected, username, error
        case projectID = "project_id"
        case webhookConfigured = "webhook_configured"
        case hasAccessToken = "has_access_token"
        case connectedAt = "connected_at"
        case verifiedAt = "verified_at"
    }

    package init(
        projectID: Identifier,
        owner: String,
        repo: String,
        connected: Bool = true,
        webhookConfigured: Bool,
        hasAccessToken: Bool,
        connectedAt: Timestamp
    ) {
        self.projectID = projectID
        self.owner = owner
        self.repo = repo
        self.connected = connected
        self.webhookConfigured = webhookConfigured
        self.hasAccessToken = hasAccessToken
        self.connectedAt = connectedAt
    }
}

/// Answer of `GET /api/v1/github/connection-status`, in the earlier system's words.
package struct GitHubStatus: Codable, Sendable, Equatable {
    package var connected: Bool
    package var hasUserID: Bool
    package var hasAccessToken: Bool
    package var hasUsername: Bool
    package var username: String?
    /// What is kept, by name only.
    package var keys: [String]

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case connected, username
        case hasUserID = "has_user_id"
        case hasAccessToken = "has_access_token"
        case hasUsername = "has_username"
        case keys = "github_keys"
    }

    package init(_ known: GitHubConnections) {
        username = known.connections.compactMap(\.username).first
        connected = known.connections.contains(where: \.connected)
        hasUserID = username != nil
        hasUsername = username != nil
        hasAccessToken = known.hasServerToken || known.connections.contains(where: \.hasAccessToken)
        keys =
            (hasAccessToken ? ["github_access_token"] : []) + (hasUsername ? ["github_username"] : [])
            + (known.connections.contains(where: \.webhookConfigured) ? ["github_webhook_secret"] : [])
    }
}

/// Answer to what is done to a connection.
package struct GitHubOutcome: Codable, Sendable, Equatable {
    package var success: Bool
    package var message: String

    package init(message: String) {
        success = true
        self.message = message
    }
}

/// Body of `POST /api/v1/github/repos/{owner}/{repo}/branches`.
package struct GitHubBranchCreate: Codable, Sendable, Equatable {
    package var branchName: String
    package var fromSHA: String

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case branchName = "branch_name"
        case fromSHA = "from_sha"
    }

    package init(branchName: String, fromSHA: String) {
        self.branchName = branchName
        self.fromSHA = fromSHA
    }
}

/// Body of `POST /api/v1/github/repos/{owner}/{repo}/pulls`.
package struct GitHubPullCreate: Codable, Sendable, Equatable {
    package var title: String
    /// Branch with the changes.
    package var head: String
    /// Branch they go to.
    package var base: String
    package var body: String?
    package var draft: Bool?

    package enum CodingKeys: String, CodingKey, CaseIterable { case title, head, base, body, draft }

    package init(title: String, head: String, base: String, body: String? = nil, draft: Bool? = nil) {
        self.title = title
        self.head = head
        self.base = base
        self.body = body
        self.draft = draft
    }
}

/// Answer to a delivery of GitHub's webhook.
package struct GitHubReceipt: Codable, Sendable, Equatable {
    package enum Status: String, Codable, Sendable, CaseIterable {
        case processed, ignored, duplicate
    }

    package var success: Bool
    package var status: Status
    package var event: String
    /// Tickets that were linked, or whose links changed.
    package var tickets: [Identifier]

    package init(status: Status, event: String, tickets: [Identifier] = []) {
        success = true
        self.status = status
        self.event = event
        self.tickets = tickets
    }
}

extension Schemas {
    private static let repositoryName = Schema.string(min: 1, max: 100)

    package static let gitHubConnect = Schema.object([
        .required("owner", repositoryName),
        .required("repo", repositoryName),
        .optional("webhook_secret", .string(min: 8, max: 255)),
        .optional("access_token", .string(min: 1, max: 1024)),
    ])

    package static let gitHubBranchCreate = Schema.object([
        .required("branch_name", .string(min: 1, max: 255)),
        .required("from_sha", .string(min: 40, max: 64)),
    ])

    package static let gitHubPullCreate = Schema.object([
        .required("title", .string(min: 1, max: Limits.titleLength)),
        .required("head", .string(min: 1, max: 255)),
        .required("base", .string(min: 1, max: 255)),
        .optional("body", .string(max: Limits.descriptionLength)),
        .optional("draft", .boolean),
    ])
}
