import Kernel

/// Body of `POST /api/v1/report_results`.
package struct TaskReportBody: Codable, Sendable, Equatable {
    package var taskID: Identifier
    package var kind: Report.Kind
    package var summary: String
    package var content: String?
    /// Of the earlier system: kept as a name, never opened.
    package var fileName: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case summary, content
        case taskID = "task_id"
        case kind = "result_type"
        case fileName = "markdown_file_path"
    }

    package init(taskID: Identifier, kind: Report.Kind, summary: String, content: String?, fileName: String? = nil) {
        self.taskID = taskID
        self.kind = kind
        self.summary = summary
        self.content = content
        self.fileName = fileName
    }
}

/// Body of `POST /api/v1/submit_result`.
package struct SolutionBody: Codable, Sendable, Equatable {
    /// The ticket.
    package var workflowID: Identifier
    package var content: String?
    package var explanation: String?
    package var evidence: [String]?
    /// Of the earlier system: kept as a name, never opened.
    package var fileName: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case content, explanation, evidence
        case workflowID = "workflow_id"
        case fileName = "markdown_file_path"
    }

    package init(
        workflowID: Identifier,
        content: String?,
        explanation: String? = nil,
        evidence: [String]? = nil,
        fileName: String? = nil
    ) {
        self.workflowID = workflowID
        self.content = content
        self.explanation = explanation
        self.evidence = evidence
        self.fileName = fileName
    }
}

/// Body of `POST /api/v1/submit_result_validation`.
package struct ValidationBody: Codable, Sendable, Equatable {
    /// A result of an attempt, or a report.
    package var resultID: Identifier
    package var passed: Bool
    package var feedback: String
    package var evidence: [JSONValue]?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case feedback, evidence
        case resultID = "result_id"
        case passed = "validation_passed"
    }

    package init(resultID: Identifier, passed: Bool, feedback: String, evidence: [JSONValue]? = nil) {
        self.resultID = resultID
        self.passed = passed
        self.feedback = feedback
        self.evidence = evidence
    }
}

extension Schemas {
    private static let content = Schema.string(max: Limits.reportLength)
    private static let fileName = Schema.Property.deprecated(
        "markdown_file_path",
        .string(max: 4096),
        "Send the document itself in `content`; the server opens no files"
    )

    package static let taskReport = Schema.object([
        .required("task_id", .identifier),
        .required("result_type", .cases(of: Report.Kind.self)),
        .required("summary", .string(min: 1, max: Limits.reasonLength)),
        .optional("content", content),
        fileName,
    ])

    package static let solution = Schema.object([
        .required("workflow_id", .identifier),
        .optional("content", content),
        .optional("explanation", .string(max: Limits.reasonLength)),
        .optional("evidence", .array(of: .string(max: Limits.reasonLength), max: Limits.evidenceItems)),
        fileName,
    ])

    package static let validation = Schema.object([
        .required("result_id", .identifier),
        .required("validation_passed", .boolean),
        .required("feedback", .string(max: Limits.reasonLength)),
        .optional("evidence", .array(of: .any, max: Limits.evidenceItems)),
    ])
}

/// A report as it is answered: with the names the earlier system had.
package struct ReportView: Encodable, Sendable {
    package var report: Report

    private enum Names: String, CodingKey {
        case resultID = "result_id"
        case agentID = "agent_id"
        case verificationStatus = "verification_status"
        case verifiedAt = "verified_at"
        case verifiedBy = "verified_by_validation_id"
    }

    package init(_ report: Report) { self.report = report }

    package func encode(to encoder: any Encoder) throws {
        try report.encode(to: encoder)
        var more = encoder.container(keyedBy: Names.self)
        try more.encode(report.id, forKey: .resultID)
        try more.encode(report.reportedBy, forKey: .agentID)
        try more.encode(report.verification?.status.rawValue ?? "unverified", forKey: .verificationStatus)
        try more.encodeIfPresent(report.verification?.at, forKey: .verifiedAt)
        try more.encodeIfPresent(report.verification?.by, forKey: .verifiedBy)
    }
}

/// One element of the answer of `GET /api/v1/workflows/{id}/results`, and the answer of `POST /submit_result`.
package struct SolutionView: Encodable, Sendable {
    package struct Evidence: Codable, Sendable { package var items: [String] }

    package var resultID: Identifier
    package var workflowID: Identifier
    package var agentID: String
    package var fileName: String?
    package var explanation: String
    package var content: String
    package var evidence: Evidence
    package var status: String
    package var validatedAt: Timestamp?
    package var validationFeedback: String?
    package var createdAt: Timestamp

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case explanation, content, evidence, status
        case resultID = "result_id"
        case workflowID = "workflow_id"
        case agentID = "agent_id"
        case fileName = "markdown_file_path"
        case validatedAt = "validated_at"
        case validationFeedback = "validation_feedback"
        case createdAt = "created_at"
    }

    package init(_ report: Report) {
        resultID = report.id
        workflowID = report.ticketID
        agentID = report.reportedBy
        fileName = report.fileName
        explanation = report.summary
        content = report.content
        evidence = Evidence(items: report.evidence)
        status = report.verification.map { $0.status == .verified ? "validated" : "rejected" } ?? "submitted"
        validatedAt = report.verification?.at
        validationFeedback = report.verification?.feedback
        createdAt = report.createdAt
    }
}

/// Answer of `POST /api/v1/submit_result_validation`.
package struct ValidationAnswer: Codable, Sendable, Equatable {
    package var resultID: Identifier
    package var validationStatus: String
    package var passed: Bool
    /// Always `result_logged`: a judgement ends nothing by itself.
    package var actionTaken = "result_logged"
    /// Always false: there is no billing.
    package var billingRecorded = false
    package var message: String

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case passed, message
        case resultID = "result_id"
        case validationStatus = "validation_status"
        case actionTaken = "action_taken"
        case billingRecorded = "billing_recorded"
    }

    package init(resultID: Identifier, passed: Bool) {
        self.resultID = resultID
        self.passed = passed
        validationStatus = passed ? "validated" : "rejected"
        message = passed ? "the result holds" : "the result was rejected"
    }
}

extension Shapes {
    package static let report = Schema.named(
        "Report",
        .object([
            .required("id", .identifier),
            .required("result_id", .identifier),
            .required("project_id", .identifier),
            .required("ticket_id", .identifier),
            .optional("task_id", .identifier),
            .required("agent_id", .text),
            .required("reported_by", .text),
            .required("result_type", .cases(of: Report.Kind.self)),
            .required("summary", .text),
            .required("content", .text),
            .required("evidence", .list(of: .text)),
            .optional("markdown_file_path", .text),
            .optional("verification", .any),
            .required("verification_status", .oneOf(["unverified", "verified", "rejected"])),
            .optional("verified_at", .timestamp),
            .optional("verified_by_validation_id", .text),
            .required("version", .count),
            .required("created_at", .timestamp),
        ])
    )

    package static let solution = Schema.named(
        "Solution",
        .object([
            .required("result_id", .identifier),
            .required("workflow_id", .identifier),
            .required("agent_id", .text),
            .optional("markdown_file_path", .text),
            .required("explanation", .text),
            .required("content", .text),
            .required("evidence", .object([.required("items", .list(of: .text))])),
            .required("status", .oneOf(["submitted", "validated", "rejected"])),
            .optional("validated_at", .timestamp),
            .optional("validation_feedback", .text),
            .required("created_at", .timestamp),
        ])
    )

    package static let submittedSolution = Schema.named(
        "SubmittedSolution",
        .object([
            .required("status", .oneOf(["submitted"])),
            .required("result_id", .identifier),
            .required("workflow_id", .identifier),
            .required("agent_id", .text),
            .required("validation_triggered", .boolean),
            .required("message", .text),
            .required("created_at", .timestamp),
        ])
    )

    package static let validation = Schema.named(
        "Validation",
        .object([
            .required("result_id", .identifier),
            .required("validation_status", .oneOf(["validated", "rejected"])),
            .required("passed", .boolean),
            .required("action_taken", .oneOf(["result_logged"])),
            .required("billing_recorded", .boolean),
            .required("message", .text),
        ])
    )
}
