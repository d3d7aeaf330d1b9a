import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// `/api/v1/tickets`
struct TicketsController: Sendable {
    let model: ReadModel
    let commands: CommandClient

    var routes: [Route] {
        [
            list("tickets", operation: "listTickets"),
            list("tickets/list", operation: "listTicketsEarlier", isDeprecated: true),
            Route(
                .get,
                "tickets/{id}",
                operation: "getTicket",
                summary: "One ticket, by id or key",
                demand: .read,
                answers: [.entity(Shapes.ticket)],
                handle: show
            ),
            Route(
                .get,
                "tickets/{id}/history",
                operation: "getTicketHistory",
                summary: "How the ticket moved, newest first",
                demand: .read,
                query: .page,
                answers: [.array(of: Shapes.transition)],
                handle: history
            ),
            Route(
                .post,
                "tickets",
                operation: "createTicket",
                summary: "Create a ticket",
                details: """
                    A ticket that resembles an open one of the project is not created: the answer is 200 with the \
                    candidates. force_create creates it nevertheless, check_duplicates=false does not look.
                    """,
                demand: .plan,
                query: [
                    QueryParameter(
                        "requested_by_agent_id",
                        .text,
                        "Ignored: the token says who asks",
                        isDeprecated: true
                    )
                ],
                body: Schemas.ticketCreate,
                answers: [
                    .created(Shapes.ticket),
                    .ok(Shapes.duplicateCheck, "A suspected duplicate: nothing was created"),
                ],
                handle: create
            ),
            Route(
                .post,
                "tickets/batch",
                operation: "createTickets",
                summary: "Create tickets with tasks and dependencies in one transaction",
                demand: .plan,
                body: Schemas.ticketBatch,
                answers: [
                    Route.Answer(
                        status: 201,
                        schema: Shapes.ticketBatch,
                        description: "All created",
                        headers: ["Location"]
                    )
                ],
                handle: createBatch
            ),
            Route(
                .post,
                "tickets/{id}/transition",
                operation: "transitionTicket",
                summary: "Move a ticket to another column",
                demand: .write,
                body: Schemas.ticketTransition,
                heedsIfMatch: true,
                answers: [.entity(Shapes.ticket)],
                handle: transition
            ),
        ]
    }

    private func list(_ path: String, operation: String, isDeprecated: Bool = false) -> Route {
        Route(
            .get,
            path,
            operation: operation,
            summary: "Tickets, newest first",
            demand: .read,
            query: [
                .project,
                QueryParameter("status", .cases(of: TicketStatus.self), "Only in this column"),
                QueryParameter("phase_id", .cases(of: Phase.self), "Only in this phase"),
                QueryParameter("priority", .cases(of: Priority.self), "Only of this priority"),
                QueryParameter("label", .text, "Only with this label"),
                .search,
            ] + .pageWithOffset,
            isDeprecated: isDeprecated,
            answers: [.page("tickets", of: Shapes.ticket)],
            handle: list
        )
    }

    @Sendable func create(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<TicketCreate>(request, context)
        guard let projectID = body.value.projectID else { throw Fault.invalid("project_id", "is required") }
        try context.requireActor().mustSee(projectID, else: .notFound("project", projectID))
        var ticket = body.value
        ticket.projectID = nil
        if let earlier = body.earlierBlockedBy { ticket.blockedBy = (ticket.blockedBy ?? []) + earlier }
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        if ticket.duplicateThreshold != nil {
            let (title, description) = (ticket.title, ticket.description)
            try await commands.prepareDuplicateCheck(title: title, description: description, from: origin)
        }
        let reply = try await commands.send(
            CreateTickets(
                body: TicketBatch(projectID: projectID, tickets: [ticket]),
                duplicateThreshold: ticket.duplicateThreshold
            ),
            from: origin
        )
        if let duplicates = reply.object?["duplicates"] { return .json(raw: duplicates.bytes) }
        guard let created = reply.object?["tickets"]?.elements?.first else {
            throw Fault(.internalError, "the workflow named no ticket")
        }
        return try .created(created, at: "/api/v1/tickets")
    }

    @Sendable func createBatch(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<TicketBatch>(request, context)
        let projectID = body.value.projectID
        try context.requireActor().mustSee(projectID, else: .notFound("project", projectID))
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        let reply = try await commands.send(CreateTickets(body: body.value), from: origin)
        return .json(
            raw: reply.bytes,
            status: .created,
            location: "/api/v1/tickets?project_id=\(projectID)"
        )
    }

    @Sendable func list(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let query = QueryParameters(request)
        var filter = TicketFilter()
        filter.projectID = try query.identifier("project_id")
        filter.status = try query.value("status", of: TicketStatus.self)
        filter.phase = try query.value("phase_id", of: Phase.self)
        filter.priority = try query.value("priority", of: Priority.self)
        filter.label = query["label"]
        filter.search = try TicketSearch(query["search"])
        let page = try query.page(acceptsOffset: true)
        filter.projectID = try context.requireActor().narrow(filter.projectID)
        return .page(
            try await model.store.read { [filter] db in try TicketTable.list(filter, page, in: db) },
            as: "tickets"
        )
    }

    @Sendable func show(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let reference = context.parameters.get("id") ?? ""
        let only = try context.requireActor().projectID
        let found = try await model.store.point { db in try TicketTable.find(reference, only: only, in: db) }
        guard let ticket = found else { throw Fault.notFound("ticket", reference) }
        return .entity(ticket, for: request)
    }

    @Sendable func transition(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await locate(context)
        let body = try await Received<TicketTransition>(request, context)
        let version = try EntityTag.demanded(by: request)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        let ticket = try await EntityTag.guarding(version) {
            try await commands.send(TransitionTicket(id: id, ifVersion: version, body: body.value), from: origin)
        }
        return .changed(ticket)
    }

    @Sendable func history(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await locate(context)
        let page = try QueryParameters(request).page()
        return .array(
            try await model.store.read { db in try TransitionTable.list(of: id, page, in: db) },
            for: request
        )
    }

    /// The id behind `{id}`, which may be a key.
    ///
    /// - Throws: ``Fault`` `not-found` when there is none or the caller may not see it.
    private func locate(_ context: OmoiRequestContext) async throws -> Identifier {
        try await model.ticket(context.parameters.get("id") ?? "", context)
    }
}

extension Actor {
    /// The project a list is narrowed to: the one asked for, and never another than the token's own.
    ///
    /// - Throws: ``Fault`` `not-found` when these differ.
    func narrow(_ asked: Identifier?) throws(Fault) -> Identifier? {
        if let asked { try mustSee(asked, else: .notFound("project", asked)) }
        return asked ?? projectID
    }
}
