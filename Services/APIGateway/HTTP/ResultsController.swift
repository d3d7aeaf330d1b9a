import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// `/api/v1/results`: what sandboxes reported. The owner keeps the content, so it answers.
struct ResultsController: Sendable {
    let model: ReadModel
    let commands: CommandClient

    private static let status = QueryParameter("status", .cases(of: TaskResult.Status.self), "Only with this status")

    var routes: [Route] {
        [
            Route(
                .get,
                "results",
                operation: "listResults",
                summary: "Results with their content, newest first",
                details: "Results of attempts that had no say any more are listed too, with `applied: false`.",
                demand: .read,
                query: [
                    .project,
                    QueryParameter("task_id", .identifier, "Only of this task"),
                    QueryParameter("ticket_id", .identifier, "Only of this ticket"),
                    Self.status,
                ] + .page,
                answers: [.page("results", of: Shapes.result)],
                handle: list
            ),
            Route(
                .get,
                "results/{id}",
                operation: "getResult",
                summary: "One result, or one document handed in, with its content",
                demand: .read,
                answers: [.entity(.anyOf([Shapes.result, Shapes.report]))],
                handle: show
            ),
            Route(
                .get,
                "results/task/{id}",
                operation: "listTaskResults",
                summary: "Results of a task, newest first",
                demand: .read,
                query: .page,
                answers: [.array(of: Shapes.result)],
                handle: ofTask
            ),
            Route(
                .get,
                "tasks/{id}/results",
                operation: "getTaskResults",
                summary: "Documents handed in about a task, then its results, newest first",
                details: "The documents are on the first page, beside its results.",
                demand: .read,
                query: .page,
                answers: [.array(of: .anyOf([Shapes.report, Shapes.result]))],
                handle: withReports
            ),
            Route(
                .get,
                "results/ticket/{id}",
                operation: "listTicketResults",
                summary: "Results of all tasks of a ticket, newest first",
                demand: .read,
                query: .page,
                answers: [.array(of: Shapes.result)],
                handle: ofTicket
            ),
            Route(
                .post,
                "results/{id}/verify",
                operation: "verifyResult",
                summary: "Say whether a result holds",
                details: "Noted with the result; it moves no ticket. To send work back, regress the ticket.",
                demand: .write,
                body: Schemas.verification,
                answers: [.entity(Shapes.result)],
                handle: verify
            ),
        ]
    }

    @Sendable func list(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let query = QueryParameters(request)
        var command = ListResults(limit: try query.limit())
        command.projectID = try context.requireActor().narrow(query.identifier("project_id"))
        command.taskID = try query.identifier("task_id")
        command.ticketID = try query.identifier("ticket_id")
        command.status = try query.value("status", of: TaskResult.Status.self)
        return .page(try await page(command, query, request, context), as: "results")
    }

    @Sendable func show(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try context.parameters.identifier("id", kind: "result")
        let origin = try query(request, context)
        do {
            return try Self.entity(try await commands.send(DescribeResult(id: id), from: origin))
        } catch let fault as Fault where fault.code == .notFound {
            let reply = try await commands.send(DescribeReport(id: id), from: origin)
            let report: Report = try ContractCoder.decode(from: Array(reply.bytes))
            return .json(raw: try ContractCoder.encode(ReportView(report)), version: report.version)
        }
    }

    @Sendable func ofTask(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await task(context)
        let query = QueryParameters(request)
        let command = ListResults(taskID: id, limit: try query.limit())
        return .array(try await page(command, query, request, context), for: request)
    }

    @Sendable func withReports(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await task(context)
        let query = QueryParameters(request)
        var all = Page()
        if query["cursor"] == nil {
            let reply = try await commands.send(ListReports(taskID: id), from: self.query(request, context))
            let found: ReportList = try ContractCoder.decode(from: Array(reply.bytes))
            for report in found.reports { all.append(try ContractCoder.encode(ReportView(report))) }
        }
        let command = ListResults(taskID: id, limit: try query.limit())
        let results = try await found(command, query, request, context)
        for result in results.results { all.append(try ContractCoder.encode(ResultView(result))) }
        all.nextCursor = Self.cursor(after: results)
        return .array(all, for: request)
    }

    private func task(_ context: OmoiRequestContext) async throws -> Identifier {
        let id = try context.parameters.identifier("id", kind: "task")
        let only = try context.requireActor().projectID
        guard try await model.store.read({ db in try TaskTable.find(id, only: only, in: db) }) != nil else {
            throw Fault.notFound("task", id)
        }
        return id
    }

    /// The ticket by id or key.
    @Sendable func ofTicket(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let name = context.parameters.get("id") ?? ""
        let only = try context.requireActor().projectID
        let id = try await model.store.read { db in try TicketTable.locate(name, only: only, in: db) }
        guard let id else { throw Fault.notFound("ticket", name) }
        let query = QueryParameters(request)
        let command = ListResults(ticketID: id, limit: try query.limit())
        return .array(try await page(command, query, request, context), for: request)
    }

    @Sendable func verify(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try context.parameters.identifier("id", kind: "result")
        let body = try await Received<VerificationBody>(request, context)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        return try Self.entity(try await commands.send(VerifyResult(id: id, body: body.value), from: origin))
    }

    private func page(
        _ command: ListResults,
        _ query: QueryParameters,
        _ request: Request,
        _ context: OmoiRequestContext
    ) async throws -> Page {
        let found = try await found(command, query, request, context)
        var page = Page()
        for result in found.results { page.append(try ContractCoder.encode(ResultView(result))) }
        page.nextCursor = Self.cursor(after: found)
        return page
    }

    private func found(
        _ command: ListResults,
        _ query: QueryParameters,
        _ request: Request,
        _ context: OmoiRequestContext
    ) async throws -> ResultPage {
        var command = command
        if let cursor = query["cursor"] {
            command.before = try PageCursor(parsing: cursor, list: "results").key.first.flatMap { Identifier($0) }
        }
        let reply = try await commands.send(command, from: self.query(request, context))
        return try ContractCoder.decode(from: Array(reply.bytes))
    }

    private static func cursor(after page: ResultPage) -> String? {
        guard page.hasMore, let last = page.results.last else { return nil }
        return PageCursor(list: "results", key: [last.id.description]).text
    }

    /// A query changes nothing and leaves no key behind.
    private func query(_ request: Request, _ context: OmoiRequestContext) throws -> CommandClient.Origin {
        var origin = try CommandClient.Origin(request, context)
        origin.idempotency = nil
        return origin
    }

    private static func entity(_ reply: RawJSON) throws -> Response {
        let result: TaskResult = try ContractCoder.decode(from: Array(reply.bytes))
        return .json(raw: try ContractCoder.encode(ResultView(result)), version: result.version)
    }
}
