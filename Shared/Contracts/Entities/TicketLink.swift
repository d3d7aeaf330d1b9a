import Kernel

/// A commit or a pull request that names a ticket.
package struct TicketLink: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable, CaseIterable {
        case commit
        case pullRequest = "pull_request"
    }

    package enum State: String, Codable, Sendable, CaseIterable { case open, closed, merged }

    package var kind: Kind
    /// `owner/name`.
    package var repository: String
    /// The commit's hash, or the number of the pull request.
    package var reference: String
    package var title: String
    package var url: String
    /// nil for a commit.
    package var state: State?
    package var author: String?
    package var at: Timestamp

    package init(
        kind: Kind,
        repository: String,
        reference: String,
        title: String,
        url: String,
        state: State? = nil,
        author: String? = nil,
        at: Timestamp
    ) {
        self.kind = kind
        self.repository = repository
        self.reference = reference
        self.title = title
        self.url = url
        self.state = state
        self.author = author
        self.at = at
    }
}

extension Shapes {
    package static let ticketLink = Schema.named(
        "TicketLink",
        .object([
            .required("kind", .cases(of: TicketLink.Kind.self)),
            .required("repository", .text),
            .required("reference", .text),
            .required("title", .text),
            .required("url", .text),
            .optional("state", .cases(of: TicketLink.State.self)),
            .optional("author", .text),
            .required("at", .timestamp),
        ])
    )
}
