import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// The earlier system's routes for documents about a task or a ticket. They carry content, never a path on the server's
/// disk.
struct ReportsController: Sendable {
    let model: ReadModel
    let commands: CommandClient

    var routes: [Route] {
        [
            Route(
                .post,
                "report_results",
                operation: "reportResults",
                summary: "Hand in a document about a task",
                details:
                    "Also with the token of the task's sandbox. The earlier system opened `markdown_file_path` on the "
                    + "server; now the document travels in `content`. `X-Agent-ID` is ignored: the token says who "
                    + "reports.",
                demand: .participate,
                body: Schemas.taskReport,
                answers: [.created(Shapes.report)],
                handle: report
            ),
            Route(
                .post,
                "submit_result",
                operation: "submitSolution",
                summary: "Claim that a ticket is solved, with the reasons",
                details: "`workflow_id` is the ticket's id. Nothing is triggered: the ticket moves by its tasks.",
                demand: .participate,
                body: Schemas.solution,
                answers: [
                    Route.Answer(
                        status: 201,
                        schema: Shapes.submittedSolution,
                        description: "Created",
                        headers: ["Location"]
                    )
                ],
                handle: submit
            ),
            Route(
                .post,
                "submit_result_validation",
                operation: "validateSolution",
                summary: "Say whether a result or a document holds",
                demand: .write,
                body: Schemas.validation,
                answers: [.ok(Shapes.validation)],
                handle: validate
            ),
            Route(
                .get,
                "workflows/{id}/results",
                operation: "listSolutions",
                summary: "What was submitted about a ticket, oldest first",
                demand: .read,
                answers: [.ok(.list(of: Shapes.solution))],
                handle: solutions
            ),
        ]
    }

    @Sendable func report(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<TaskReportBody>(request, context)
        try await mustSee(task: body.value.taskID, context)
        let report = try await send(SubmitReport(body.value), body.bytes, request, context)
        return .json(
            raw: try ContractCoder.encode(ReportView(report)),
            status: .created,
            version: report.version,
            location: "/api/v1/results/\(report.id)"
        )
    }

    @Sendable func submit(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<SolutionBody>(request, context)
        try await mustSee(ticket: body.value.workflowID.description, context)
        let report = try await send(SubmitReport(body.value), body.bytes, request, context)
        let answer: [String: JSONValue] = [
            "status": .string("submitted"),
            "result_id": .string(report.id.description),
            "workflow_id": .string(report.ticketID.description),
            "agent_id": .string(report.reportedBy),
            "validation_triggered": .bool(false),
            "message": .string("kept; POST /api/v1/submit_result_validation judges it"),
            "created_at": .string(report.createdAt.description),
        ]
        return .json(
            raw: try ContractCoder.encode(JSONValue.object(answer)),
            status: .created,
            location: "/api/v1/results/\(report.id)"
        )
    }

    @Sendable func validate(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<ValidationBody>(request, context)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        return .json(raw: try await commands.send(JudgeResult(body: body.value), from: origin).bytes)
    }

    @Sendable func solutions(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let ticket = try await mustSee(ticket: context.parameters.get("id") ?? "", context)
        let reports = try await list(ListReports(ticketID: ticket, solutionsOnly: true), request, context)
        return .json(raw: try ContractCoder.encode(reports.map { SolutionView($0) }))
    }

    private func send(
        _ command: SubmitReport,
        _ body: [UInt8],
        _ request: Request,
        _ context: OmoiRequestContext
    ) async throws -> Report {
        let reply = try await commands.send(command, from: .init(request, context, body: body))
        return try ContractCoder.decode(from: Array(reply.bytes))
    }

    private func list(
        _ query: ListReports,
        _ request: Request,
        _ context: OmoiRequestContext
    ) async throws -> [Report] {
        var origin = try CommandClient.Origin(request, context)
        origin.idempotency = nil
        let reply = try await commands.send(query, from: origin)
        return try ContractCoder.decode(ReportList.self, from: Array(reply.bytes)).reports
    }

    private func mustSee(task id: Identifier, _ context: OmoiRequestContext) async throws {
        let only = try context.requireActor().projectID
        guard try await model.store.read({ db in try TaskTable.find(id, only: only, in: db) }) != nil else {
            throw Fault.notFound("task", id)
        }
    }

    @discardableResult
    private func mustSee(ticket name: String, _ context: OmoiRequestContext) async throws -> Identifier {
        let only = try context.requireActor().projectID
        let id = try await model.store.read { db in try TicketTable.locate(name, only: only, in: db) }
        guard let id else { throw Fault.notFound("ticket", name) }
        return id
    }
}
