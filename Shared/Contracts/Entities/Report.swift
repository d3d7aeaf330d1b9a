import Kernel

/// A document about a task or a ticket that somebody handed in, with its content. Evidence of an attempt is a
/// ``TaskResult``; a report moves nothing by itself.
package struct Report: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable, CaseIterable {
        case implementation, analysis, fix, design, test, documentation
        /// Claims that the whole ticket is solved.
        case solution
    }

    package var id: Identifier
    package var projectID: Identifier
    package var ticketID: Identifier
    /// nil: about the ticket as a whole.
    package var taskID: Identifier?
    package var kind: Kind
    package var summary: String
    /// Markdown; never a path of the server.
    package var content: String
    package var evidence: [String]
    /// Name of the document where it was written, for people.
    package var fileName: String?
    /// Subject of the token that handed it in.
    package var reportedBy: String
    /// nil: nobody has looked at it.
    package var verification: TaskResult.Verification?
    package var version: Int
    package var createdAt: Timestamp

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id, summary, content, evidence, verification, version
        case projectID = "project_id"
        case ticketID = "ticket_id"
        case taskID = "task_id"
        case kind = "result_type"
        case fileName = "markdown_file_path"
        case reportedBy = "reported_by"
        case createdAt = "created_at"
    }

    package init(
        id: Identifier,
        projectID: Identifier,
        ticketID: Identifier,
        taskID: Identifier? = nil,
        kind: Kind,
        summary: String,
        content: String,
        evidence: [String] = [],
        fileName: String? = nil,
        reportedBy: String,
        createdAt: Timestamp
    ) {
        self.id = id
        self.projectID = projectID
        self.ticketID = ticketID
        self.taskID = taskID
        self.kind = kind
        self.summary = summary
        self.content = content
        self.evidence = evidence
        self.fileName = fileName
        self.reportedBy = reportedBy
        self.version = 1
        self.createdAt = createdAt
    }
}
