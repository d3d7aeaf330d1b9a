import Kernel

/// Hands in a document about a task or a ticket.
package struct SubmitReport: Command {
    package static let name = "report.submit"
    package typealias Reply = Report
    /// Of either this or ``ticketID``.
    package var taskID: Identifier?
    package var ticketID: Identifier?
    package var kind: Report.Kind
    package var summary: String
    package var content: String
    package var evidence: [String]
    package var fileName: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case kind, summary, content, evidence
        case taskID = "task_id"
        case ticketID = "ticket_id"
        case fileName = "file_name"
    }

    package init(_ body: TaskReportBody) {
        taskID = body.taskID
        kind = body.kind
        summary = body.summary
        content = body.content ?? ""
        evidence = []
        fileName = body.fileName
    }

    package init(_ body: SolutionBody) {
        ticketID = body.workflowID
        kind = .solution
        summary = body.explanation ?? ""
        content = body.content ?? ""
        evidence = body.evidence ?? []
        fileName = body.fileName
    }
}

/// One document with its content.
package struct DescribeReport: Command {
    package static let name = "report.describe"
    package typealias Reply = Report
    package var id: Identifier
    package init(id: Identifier) { self.id = id }
}

/// Reports about a task or a ticket, oldest first.
package struct ListReports: Command {
    package static let name = "report.list"
    package typealias Reply = ReportList
    package var taskID: Identifier?
    package var ticketID: Identifier?
    /// Only those about the ticket as a whole.
    package var solutionsOnly: Bool

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case taskID = "task_id"
        case ticketID = "ticket_id"
        case solutionsOnly = "solutions_only"
    }

    package init(taskID: Identifier? = nil, ticketID: Identifier? = nil, solutionsOnly: Bool = false) {
        self.taskID = taskID
        self.ticketID = ticketID
        self.solutionsOnly = solutionsOnly
    }
}

/// At most ``Limits/pageMax``.
package struct ReportList: Codable, Sendable, Equatable {
    package var reports: [Report]
    package init(reports: [Report]) { self.reports = reports }
}

/// Judges a result of an attempt or a report, whichever has the id.
package struct JudgeResult: Command {
    package static let name = "result.judge"
    package typealias Reply = ValidationAnswer
    package var body: ValidationBody
    package init(body: ValidationBody) { self.body = body }
}
