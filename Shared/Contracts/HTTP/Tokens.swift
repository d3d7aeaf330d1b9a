import Kernel

/// Body of `POST /api/v1/tokens`.
package struct TokenCreate: Codable, Sendable, Equatable {
    package var subject: String
    package var scope: Scope
    package var projectID: Identifier?
    /// Lifetime in seconds; default 90 days.
    package var expiresIn: Int?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case subject, scope
        case projectID = "project_id"
        case expiresIn = "expires_in"
    }

    package init(subject: String, scope: Scope, projectID: Identifier? = nil, expiresIn: Int? = nil) {
        self.subject = subject
        self.scope = scope
        self.projectID = projectID
        self.expiresIn = expiresIn
    }
}

/// The only place where the signed text of a token appears.
package struct TokenResponse: Codable, Sendable, Equatable {
    package var token: String
    package var details: AccessToken
    package init(token: String, details: AccessToken) {
        self.token = token
        self.details = details
    }
}
