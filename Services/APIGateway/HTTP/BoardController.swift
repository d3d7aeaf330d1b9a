import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// `/api/v1/board`
struct BoardController: Sendable {
    let model: ReadModel
    let commands: CommandClient

    var routes: [Route] { queries + moves }

    private var queries: [Route] {
        [
            Route(
                .get,
                "board/view",
                operation: "viewBoard",
                summary: "The board: columns of slim cards in the order of work",
                details: "Limits and names of columns are the project's; a board over all projects has no limits.",
                demand: .read,
                query: [
                    .project,
                    QueryParameter("priority", .cases(of: Priority.self), "Only cards of this priority"),
                    QueryParameter("label", .text, "Only cards with this label"),
                    .search,
                    QueryParameter("column", .cases(of: TicketStatus.self), "Only this column"),
                ] + .page,
                answers: [.ok(Shapes.board)],
                handle: view
            ),
            Route(
                .get,
                "board/column/{phase_id}",
                operation: "getBoardColumn",
                summary: "The column tickets of a phase are in",
                demand: .read,
                query: [.project],
                answers: [.ok(Shapes.boardColumn)],
                handle: column
            ),
            Route(
                .get,
                "board/stats",
                operation: "getBoardStats",
                summary: "How full every column is",
                details: "Tickets that only wait for other tickets count, but not against the limit.",
                demand: .read,
                query: [.project],
                answers: [.ok(Shapes.boardStats)],
                handle: stats
            ),
            Route(
                .get,
                "board/wip-violations",
                operation: "listWIPViolations",
                summary: "Columns that hold more than they may",
                details: "Without project_id those of every project the token may see.",
                demand: .read,
                query: [.project],
                answers: [.ok(Shapes.wipViolations)],
                handle: violations
            ),
        ]
    }

    private var moves: [Route] {
        [
            Route(
                .post,
                "board/move",
                operation: "moveOnBoard",
                summary: "Move a ticket to another column",
                details: """
                    The same rules as every other move: a full column, an unmet gate or running tasks are answered \
                    409; force overrides and is recorded.
                    """,
                demand: .write,
                body: Schemas.boardMove,
                heedsIfMatch: true,
                answers: [.ok(Shapes.boardMoved)],
                handle: move
            ),
            Route(
                .post,
                "board/auto-transition/{ticket_id}",
                operation: "autoTransitionTicket",
                summary: "Let a ticket go on if it may",
                details: "Tickets go on by themselves; this says why one does not. An unknown ticket is answered 404.",
                demand: .write,
                answers: [.ok(Shapes.autoTransition)],
                handle: autoTransition
            ),
        ]
    }

    @Sendable func view(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let parameters = QueryParameters(request)
        var query = BoardTable.Query()
        query.projectID = try context.requireActor().narrow(parameters.identifier("project_id"))
        query.priority = try parameters.value("priority", of: Priority.self)
        query.label = parameters["label"]
        query.search = try TicketSearch(parameters["search"])
        query.column = try parameters.value("column", of: TicketStatus.self)
        query.limit = try parameters.limit()
        query.cursor = parameters["cursor"]
        guard query.cursor == nil || query.column != nil else {
            throw Fault.invalid("cursor", "goes with the column it came from: column=<id>&cursor=<next_cursor>")
        }
        return try await model.store.read { [query] db in
            _ = try ProjectTable.existing(query.projectID, in: db)
            return .json(raw: try BoardTable.view(query, in: db))
        }
    }

    @Sendable func column(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let name = context.parameters.get("phase_id") ?? ""
        guard let phase = Phase(rawValue: name) else { throw Fault.notFound("phase", name) }
        let projectID = try project(request, context)
        let settings = try await model.store.read { db in try ProjectTable.existing(projectID, in: db) }
        return try .json(BoardColumn(phase.status, settings))
    }

    @Sendable func stats(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let projectID = try project(request, context)
        let (settings, counts) = try await model.store.read { db in
            (try ProjectTable.existing(projectID, in: db), try BoardTable.counts(projectID: projectID, in: db))
        }
        return try .json(
            TicketStatus.allCases.map { status in
                let count = counts[status] ?? BoardTable.Count()
                return BoardColumnStats(BoardColumn(status, settings), total: count.total, counted: count.counted)
            }
        )
    }

    @Sendable func violations(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let projectID = try project(request, context)
        return try .json(
            try await model.store.read { db in
                _ = try ProjectTable.existing(projectID, in: db)
                return try BoardTable.violations(projectID: projectID, in: db)
            }
        )
    }

    @Sendable func move(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<BoardMove>(request, context)
        let id = try await model.ticket(body.value.ticketID, context)
        let version = try EntityTag.demanded(by: request)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        let transition = TicketTransition(
            toStatus: body.value.targetColumnID,
            reason: body.value.reason,
            force: body.value.force
        )
        let reply = try await EntityTag.guarding(version) {
            try await commands.send(TransitionTicket(id: id, ifVersion: version, body: transition), from: origin)
        }
        let ticket = try Members(reply, "reply")
        return try .json(BoardMoved(ticketID: id, phase: ticket.value("phase_id", of: Phase.self)))
    }

    @Sendable func autoTransition(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await model.ticket(context.parameters.get("ticket_id") ?? "", context)
        let reply = try await commands.send(ProgressTicket(id: id), from: .init(request, context))
        let progress: TicketProgress = try ContractCoder.decode(from: Array(reply.bytes))
        return try .json(AutoTransition(progress))
    }

    private func project(_ request: Request, _ context: OmoiRequestContext) throws -> Identifier? {
        try context.requireActor().narrow(QueryParameters(request).identifier("project_id"))
    }
}
