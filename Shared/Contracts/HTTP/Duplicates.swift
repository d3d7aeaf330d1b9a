import Kernel

/// Body of `POST /api/v1/tickets/check-duplicates`.
package struct DuplicateCheck: Codable, Sendable, Equatable {
    /// nil: every project the token may see.
    package var projectID: Identifier?
    package var title: String
    package var description: String?
    /// From which similarity, 0 to 1, a ticket counts as a duplicate; default ``defaultThreshold``.
    package var similarityThreshold: Double?
    /// Most candidates named; default ``defaultCount``.
    package var topK: Int?

    package static let defaultThreshold = 0.85
    package static let defaultCount = 5

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case title, description
        case projectID = "project_id"
        case similarityThreshold = "similarity_threshold"
        case topK = "top_k"
    }

    package init(
        projectID: Identifier? = nil,
        title: String,
        description: String? = nil,
        similarityThreshold: Double? = nil,
        topK: Int? = nil
    ) {
        self.projectID = projectID
        self.title = title
        self.description = description
        self.similarityThreshold = similarityThreshold
        self.topK = topK
    }
}

/// Answer of the duplicate check, and of a ticket creation that was stopped by it (nothing was created then).
package struct DuplicateCheckResponse: Codable, Sendable, Equatable {
    /// An open ticket that is similar.
    package struct Candidate: Codable, Sendable, Equatable {
        package var ticketID: Identifier
        package var key: String
        package var title: String
        package var description: String?
        package var status: TicketStatus
        /// 0 to 1.
        package var similarityScore: Double

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case key, title, description, status
            case ticketID = "ticket_id"
            case similarityScore = "similarity_score"
        }

        package init(_ ticket: Ticket, score: Double) {
            ticketID = ticket.id
            key = ticket.key
            title = ticket.title
            description = ticket.description
            status = ticket.status
            similarityScore = score
        }
    }

    package var isDuplicate: Bool
    /// For people.
    package var message: String
    /// At or above the threshold, the most similar first.
    package var candidates: [Candidate]
    /// Of the most similar open ticket, whether or not it reaches the threshold; 0 without any.
    package var highestSimilarity: Double

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case message, candidates
        case isDuplicate = "is_duplicate"
        case highestSimilarity = "highest_similarity"
    }

    package init(isDuplicate: Bool, message: String, candidates: [Candidate], highestSimilarity: Double) {
        self.isDuplicate = isDuplicate
        self.message = message
        self.candidates = candidates
        self.highestSimilarity = highestSimilarity
    }
}

extension Schemas {
    package static let duplicateCheck = Schema.object([
        .optional("project_id", .identifier),
        .required("title", .string(min: 1, max: Limits.titleLength)),
        .optional("description", .string(max: Limits.descriptionLength)),
        .optional("similarity_threshold", .number(0...1)),
        .optional("top_k", .integer(1...Int64(Limits.duplicatesNamed))),
    ])
}

extension Shapes {
    package static let duplicateCheck = Schema.named(
        "DuplicateCheck",
        .object([
            .required("is_duplicate", .boolean),
            .required("message", .text),
            .required(
                "candidates",
                .list(
                    of: .object([
                        .required("ticket_id", .identifier),
                        .required("key", .text),
                        .required("title", .text),
                        .optional("description", .text),
                        .required("status", .cases(of: TicketStatus.self)),
                        .required("similarity_score", .number(0...1)),
                    ])
                )
            ),
            .required("highest_similarity", .number(0...1)),
        ])
    )
}
