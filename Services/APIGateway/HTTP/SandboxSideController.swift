import Contracts
import Hummingbird
import Kernel
import Messaging
import ServiceKit

/// What a sandbox may do with its own token, and nobody else.
struct SandboxSideController: Sendable {
    let model: ReadModel
    let commands: CommandClient
    let reporter: ActivityReporter

    var routes: [Route] {
        [
            Route(
                .get,
                "sandbox/task",
                operation: "getAssignment",
                summary: "What the sandbox is to do",
                demand: .sandbox,
                answers: [.ok(Shapes.assignment)],
                handle: assignment
            ),
            Route(
                .post,
                "sandbox/task/{id}/results",
                operation: "submitResult",
                summary: "Submit the result of the sandbox's task",
                demand: .sandbox,
                body: Schemas.resultSubmission,
                bodyLimit: Limits.resultBytes,
                answers: [.ok(Shapes.resultResponse)],
                handle: submit
            ),
            Route(
                .post,
                "sandboxes/{id}/events",
                operation: "reportActivity",
                summary: "Report what happens in the sandbox, one event or several",
                demand: .sandbox,
                body: .anyOf([Schemas.activityReport, Schemas.activity]),
                answers: [
                    .ok(
                        .object([
                            .required("accepted", .count), .required("sandbox_id", .identifier),
                            .required("status", .oneOf(["received"])),
                        ])
                    )
                ],
                handle: report
            ),
        ]
    }

    /// `GET /api/v1/sandbox/task`
    @Sendable func assignment(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        .json(raw: try await commands.send(FetchAssignment(), from: .init(request, context)).bytes)
    }

    /// `POST /api/v1/sandbox/task/{id}/results`
    @Sendable func submit(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let binding = try binding(context)
        let id = try context.parameters.identifier("id", kind: "task")
        guard id == binding.taskID else {
            throw Fault(.forbidden, "this token belongs to task \(binding.taskID) and may not report for \(id)")
        }
        let body = try await Received<ResultSubmission>(request, context)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        return .json(
            raw: try await commands.send(SubmitResult(taskID: id, body: body.value), from: origin).bytes
        )
    }

    /// `POST /api/v1/sandboxes/{id}/events`
    @Sendable func report(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let binding = try binding(context)
        let id = try context.parameters.identifier("id", kind: "sandbox")
        guard id == binding.sandboxID else {
            throw Fault(.forbidden, "this token belongs to sandbox \(binding.sandboxID) and may not report for \(id)")
        }
        let items = try await items(of: request)
        let latest = try await model.store.read { db in try TaskTable.attempt(of: binding.taskID, in: db) }
        guard (latest ?? 0) <= binding.attempt else {
            throw Fault(.attemptSuperseded, "attempt \(binding.attempt) is over; the task is at attempt \(latest ?? 0)")
        }
        try await reporter.publish(
            items,
            binding: binding,
            projectID: context.requireActor().projectID,
            traceparent: context.trace?.traceparent
        )
        var answer = JSONObject()
        answer.append("accepted", items.count)
        answer.append("sandbox_id", id.description)
        answer.append("status", "received")
        return .json(raw: answer.bytes)
    }

    private func binding(_ context: OmoiRequestContext) throws(Fault) -> Actor.Binding {
        guard let binding = try context.requireActor().binding else {
            throw Fault(.forbidden, "this token is not bound to a sandbox")
        }
        return binding
    }

    /// One report, or several under `events`.
    private func items(of request: Request) async throws -> [ActivityReport.Item] {
        let bytes = try await request.bodyBytes()
        let value = try RawJSON(bytes).value
        if value["events"] != nil {
            try Schemas.activityReport.validate(value)
            return try ContractCoder.decode(ActivityReport.self, from: bytes).events
        }
        try Schemas.activity.validate(value)
        let single = try ContractCoder.decode(SingleReport.self, from: bytes)
        return [
            ActivityReport.Item(
                eventType: single.eventType,
                eventData: single.eventData,
                sequence: single.sequence ?? 0,
                time: single.time,
                source: single.source
            )
        ]
    }
}

/// One report of the earlier system's shape: without a number it cannot be told from a repetition.
private struct SingleReport: Decodable {
    var eventType: ActivityType
    var eventData: JSONValue?
    var source: String?
    var sequence: Int?
    var time: Timestamp?

    enum CodingKeys: String, CodingKey {
        case source, sequence, time
        case eventType = "event_type"
        case eventData = "event_data"
    }
}
