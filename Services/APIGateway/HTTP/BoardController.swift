import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// `/api/v1/board`
struct BoardController: Sendable {
    let model: ReadModel

    var routes: [Route] {
        [
            Route(
                .get,
                "board/view",
                operation: "viewBoard",
                summary: "The board: columns of slim cards in the order of work",
                demand: .read,
                query: [
                    .project,
                    QueryParameter("priority", .cases(of: Priority.self), "Only cards of this priority"),
                    QueryParameter("label", .text, "Only cards with this label"),
                    QueryParameter("column", .cases(of: TicketStatus.self), "Only this column"),
                ] + .page,
                answers: [.ok(Shapes.board)],
                handle: view
            )
        ]
    }

    @Sendable func view(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let parameters = QueryParameters(request)
        var query = BoardTable.Query()
        query.projectID = try context.requireActor().narrow(parameters.identifier("project_id"))
        query.priority = try parameters.value("priority", of: Priority.self)
        query.label = parameters["label"]
        query.column = try parameters.value("column", of: TicketStatus.self)
        query.limit = try parameters.limit()
        query.cursor = parameters["cursor"]
        guard query.cursor == nil || query.column != nil else {
            throw Fault.invalid("cursor", "goes with the column it came from: column=<id>&cursor=<next_cursor>")
        }
        return try await model.store.read { [query] db in
            if let id = query.projectID, try ProjectTable.find(id, in: db) == nil {
                throw Fault.notFound("project", id)
            }
            return .json(raw: try BoardTable.view(query, in: db))
        }
    }
}
