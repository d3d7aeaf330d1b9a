import Kernel

/// A domain event: CloudEvents 1.0, structured JSON. The same bytes lie in the outbox, on AMQP, in SSE and in history.
///
/// `data` carries the whole changed entity with its version, so a consumer may be fed twice, late or out of order:
/// newer version wins, append-only rows go by their own id.
package struct Event: Codable, Sendable, Equatable {
    package var specversion = "1.0"
    /// UUIDv7; the one position everywhere: AMQP `message_id`, SSE `id`, history cursor.
    package var id: Identifier
    /// `/ticket-workflow/0`, `/orchestrator/<instance>`.
    package var source: String
    package var type: EventType
    /// Id of the changed entity.
    package var subject: Identifier
    package var time: Timestamp
    package var datacontenttype = "application/json"
    /// Identifies the shape of `data`; grows only by optional members.
    package var dataschema = "urn:omoi:event:1"
    package var projectID: Identifier?
    package var ticketID: Identifier?
    package var taskID: Identifier?
    package var attempt: Int?
    /// W3C trace context of the request that caused the event.
    package var traceparent: String?
    package var data: EventData

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case specversion, id, source, type, subject, time, datacontenttype, dataschema, attempt, traceparent, data
        case projectID = "projectid"
        case ticketID = "ticketid"
        case taskID = "taskid"
    }

    /// An event about the one entity in `data`.
    package init(
        id: Identifier,
        source: String,
        type: EventType,
        time: Timestamp,
        traceparent: String? = nil,
        data: EventData
    ) {
        self.id = id
        self.source = source
        self.type = type
        self.time = time
        self.traceparent = traceparent
        self.data = data
        let reference = data.reference
        self.subject = reference.id
        self.projectID = reference.projectID
        self.ticketID = reference.ticketID
        self.taskID = reference.taskID
        self.attempt = reference.attempt
    }
}

/// The changed entity, exactly one of the first group, with the append-only rows that came with the change.
package struct EventData: Codable, Sendable, Equatable {
    package var project: Project?
    package var spec: Spec?
    package var ticket: Ticket?
    package var task: WorkTask?
    package var result: TaskResult?
    package var report: Report?
    package var sandbox: Sandbox?
    package var token: AccessToken?

    package var transition: Transition?
    package var attempt: Attempt?

    package init(_ project: Project) { self.project = project }

    package init(_ spec: Spec) { self.spec = spec }

    package init(_ ticket: Ticket, transition: Transition? = nil) {
        self.ticket = ticket
        self.transition = transition
    }

    package init(_ task: WorkTask, attempt: Attempt? = nil) {
        self.task = task
        self.attempt = attempt
    }

    package init(_ result: TaskResult) { self.result = result }

    package init(_ report: Report) { self.report = report }

    package init(_ sandbox: Sandbox) { self.sandbox = sandbox }

    package init(_ token: AccessToken) { self.token = token }

    /// Where the changed entity belongs.
    package struct Reference: Sendable {
        package var id: Identifier
        package var version: Int
        package var projectID: Identifier?
        package var ticketID: Identifier?
        package var taskID: Identifier?
        package var attempt: Int?
    }

    /// Identity and version of the changed entity.
    package var reference: Reference {
        if let task {
            Reference(
                id: task.id,
                version: task.version,
                projectID: task.projectID,
                ticketID: task.ticketID,
                taskID: task.id,
                attempt: task.attempt > 0 ? task.attempt : nil
            )
        } else if let ticket {
            Reference(id: ticket.id, version: ticket.version, projectID: ticket.projectID, ticketID: ticket.id)
        } else if let sandbox {
            Reference(
                id: sandbox.id,
                version: sandbox.version,
                projectID: sandbox.projectID,
                ticketID: sandbox.ticketID,
                taskID: sandbox.taskID,
                attempt: sandbox.attempt
            )
        } else if let result {
            Reference(
                id: result.id,
                version: result.version,
                ticketID: result.ticketID,
                taskID: result.taskID,
                attempt: result.attempt
            )
        } else if let report {
            Reference(
                id: report.id,
                version: report.version,
                projectID: report.projectID,
                ticketID: report.ticketID,
                taskID: report.taskID
            )
        } else if let spec {
            Reference(id: spec.id, version: spec.version, projectID: spec.projectID)
        } else if let project {
            Reference(id: project.id, version: project.version, projectID: project.id)
        } else if let token {
            Reference(id: token.id, version: token.version, projectID: token.projectID)
        } else {
            preconditionFailure("an event carries exactly one entity")
        }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        project = try container.decodeIfPresent(Project.self, forKey: .project)
        spec = try container.decodeIfPresent(Spec.self, forKey: .spec)
        ticket = try container.decodeIfPresent(Ticket.self, forKey: .ticket)
        task = try container.decodeIfPresent(WorkTask.self, forKey: .task)
        result = try container.decodeIfPresent(TaskResult.self, forKey: .result)
        report = try container.decodeIfPresent(Report.self, forKey: .report)
        sandbox = try container.decodeIfPresent(Sandbox.self, forKey: .sandbox)
        token = try container.decodeIfPresent(AccessToken.self, forKey: .token)
        transition = try container.decodeIfPresent(Transition.self, forKey: .transition)
        attempt = try container.decodeIfPresent(Attempt.self, forKey: .attempt)
        let entities: [Any?] = [project, spec, ticket, task, result, report, sandbox, token]
        guard entities.count(where: { $0 != nil }) == 1 else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "an event carries exactly one entity")
            )
        }
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case project, spec, ticket, task, result, report, sandbox, token, transition, attempt
    }
}
