import Kernel

/// What a bearer token allows.
package enum Scope: String, Codable, Sendable, CaseIterable {
    case admin, member, viewer, sandbox, plan
}

/// A token as others may see it; the signed text itself is shown once and never stored or published.
package struct AccessToken: Codable, Sendable, Equatable {
    package var id: Identifier
    package var subject: String
    package var scope: Scope
    package var projectID: Identifier?
    package var issuedAt: Timestamp
    package var expiresAt: Timestamp
    package var revoked: Bool
    package var version: Int

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id, subject, scope, revoked, version
        case projectID = "project_id"
        case issuedAt = "issued_at"
        case expiresAt = "expires_at"
    }

    package init(
        id: Identifier,
        subject: String,
        scope: Scope,
        projectID: Identifier? = nil,
        issuedAt: Timestamp,
        expiresAt: Timestamp
    ) {
        self.id = id
        self.subject = subject
        self.scope = scope
        self.projectID = projectID
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.revoked = false
        self.version = 1
    }
}

/// Who asks: derived from a verified token, carried with every command.
package struct Actor: Codable, Sendable, Equatable {
    package var subject: String
    package var scope: Scope
    package var projectID: Identifier?
    /// Set for sandbox tokens: the only attempt the holder may speak for.
    package var binding: Binding?

    /// What a sandbox token is bound to.
    package struct Binding: Codable, Sendable, Equatable {
        package var sandboxID: Identifier
        package var taskID: Identifier
        package var attempt: Int
        package var fence: Int

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case attempt, fence
            case sandboxID = "sandbox_id"
            case taskID = "task_id"
        }

        package init(sandboxID: Identifier, taskID: Identifier, attempt: Int, fence: Int) {
            self.sandboxID = sandboxID
            self.taskID = taskID
            self.attempt = attempt
            self.fence = fence
        }
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case subject, scope, binding
        case projectID = "project_id"
    }

    package init(subject: String, scope: Scope, projectID: Identifier? = nil, binding: Binding? = nil) {
        self.subject = subject
        self.scope = scope
        self.projectID = projectID
        self.binding = binding
    }

    /// Services speaking for themselves.
    package static func service(_ name: String) -> Actor { Actor(subject: "service:\(name)", scope: .admin) }
}
