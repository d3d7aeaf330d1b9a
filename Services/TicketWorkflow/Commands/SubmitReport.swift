import Contracts
import Kernel

extension SubmitReport: WorkflowCommand {
    static var access: Access { .participant }

    func run(_ unit: UnitOfWork) throws -> Report {
        let task = try taskID.map { try unit.task($0) }
        guard let subject = task?.ticketID ?? ticketID else { throw Fault.invalid("task_id", "is required") }
        let ticket = try unit.ticket(subject)
        try unit.actor.checkProject(ticket.projectID)
        if let binding = unit.actor.binding {
            let record = try unit.taskRecord(binding.taskID)
            guard record.fence == binding.fence else {
                throw Fault(.attemptSuperseded, "a newer attempt has this task")
            }
            let own = record.task
            guard task?.id ?? own.id == own.id, ticket.id == own.ticketID else {
                throw Fault(.forbidden, "the token belongs to another task")
            }
        }
        guard (content + summary).contains(where: { !$0.isWhitespace }) else {
            throw Fault.invalid("content", "must not be empty: the document itself, the server opens no files")
        }
        guard content.count <= Limits.reportLength else {
            throw Fault.invalid("content", "must be at most \(Limits.reportLength) characters")
        }
        let report = Report(
            id: .make(bucket: ticket.id.bucket),
            projectID: ticket.projectID,
            ticketID: ticket.id,
            taskID: task?.id,
            kind: kind,
            summary: summary,
            content: content,
            evidence: evidence,
            fileName: fileName,
            reportedBy: unit.actor.subject,
            createdAt: unit.now
        )
        try ReportStore.insert(report, in: unit.database)
        try unit.transaction.emit(.reportSubmitted, EventData(report))
        return report
    }
}

extension DescribeReport: WorkflowQuery {
    static var access: Access { .viewer }

    func run(_ inquiry: Inquiry) throws -> Report {
        guard let report = try ReportStore.find(id, in: inquiry.database),
            inquiry.actor.projectID ?? report.projectID == report.projectID
        else { throw Fault.notFound("result", id) }
        return report
    }
}

extension ListReports: WorkflowQuery {
    static var access: Access { .viewer }

    func run(_ inquiry: Inquiry) throws -> ReportList {
        let database = inquiry.database
        let ticket = try taskID.flatMap { try TaskStore.find($0, in: database)?.task.ticketID } ?? ticketID
        guard let ticket, let found = try TicketStore.find(ticket, in: database)?.ticket else {
            return ReportList(reports: [])
        }
        try inquiry.actor.checkProject(found.projectID)
        let reports = try ReportStore.list(
            self,
            limit: Limits.pageMax,
            bytes: Limits.messageBytes / 2,
            in: database
        )
        return ReportList(reports: reports)
    }
}
