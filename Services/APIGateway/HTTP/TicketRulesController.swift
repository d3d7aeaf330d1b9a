import Contracts
import GRDB
import Hummingbird
import Kernel
import ServiceKit

/// What people and agents do with a ticket beside moving it: change, block, send back, review, explain.
struct TicketRulesController: Sendable {
    let model: ReadModel
    let commands: CommandClient

    @Sendable func update(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await locate(context)
        let body = try await Received<TicketPatch>(request, context)
        let version = try EntityTag.demanded(by: request)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        let ticket = try await EntityTag.guarding(version) {
            try await commands.send(UpdateTicket(id: id, ifVersion: version, body: body.value), from: origin)
        }
        return .changed(ticket)
    }

    @Sendable func archive(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await locate(context)
        let version = try EntityTag.demanded(by: request)
        var body = TicketPatch()
        body.archived = true
        let origin = try CommandClient.Origin(request, context)
        let ticket = try await EntityTag.guarding(version) { [body] in
            try await commands.send(UpdateTicket(id: id, ifVersion: version, body: body), from: origin)
        }
        return .changed(ticket)
    }

    @Sendable func block(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await locate(context)
        let query = QueryParameters(request)
        guard let name = query["blocker_type"] else { throw Fault.invalid("blocker_type", "is required") }
        guard let reason = BlockerType.known[name] else {
            throw Fault.invalid("blocker_type", "must be one of \(BlockerType.names.joined(separator: ", "))")
        }
        var command = BlockTicket(id: id, reason: reason, detail: try query.text("suggested_remediation"))
        command.ifVersion = try EntityTag.demanded(by: request)
        return .changed(try await commands.send(command, from: .init(request, context)))
    }

    @Sendable func unblock(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await locate(context)
        var command = UnblockTicket(id: id)
        command.ifVersion = try EntityTag.demanded(by: request)
        return .changed(try await commands.send(command, from: .init(request, context)))
    }

    @Sendable func regress(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await locate(context)
        let query = QueryParameters(request)
        guard let target = try query.value("to_status", of: TicketStatus.self) else {
            throw Fault.invalid("to_status", "is required")
        }
        let version = try EntityTag.demanded(by: request)
        let command = RegressTicket(
            id: id,
            ifVersion: version,
            toStatus: target,
            feedback: try query.text("validation_feedback"),
            force: try query.boolean("force") ?? false
        )
        let origin = try CommandClient.Origin(request, context)
        return .changed(try await EntityTag.guarding(version) { try await commands.send(command, from: origin) })
    }

    @Sendable func progress(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await locate(context)
        let reply = try await commands.send(ProgressTicket(id: id), from: .init(request, context))
        let progress: TicketProgress = try ContractCoder.decode(from: Array(reply.bytes))
        guard progress.progressed, let ticket = reply.object?["ticket"] else {
            return try .json(NoProgression(progress))
        }
        return .changed(ticket)
    }

    @Sendable func checkCompletion(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await locate(context)
        let reply = try await commands.send(ProgressTicket(id: id), from: .init(request, context))
        return try .json(AdvanceReport(try ContractCoder.decode(from: Array(reply.bytes))))
    }

    @Sendable func detectBlocking(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let project = try context.requireActor().narrow(QueryParameters(request).identifier("project_id"))
        let reply = try await commands.send(DetectBlocking(projectID: project), from: .init(request, context))
        return .json(raw: reply.bytes)
    }

    @Sendable func approve(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<TicketApproval>(request, context)
        let id = try await locate(body.value.ticketID, context)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        _ = try await commands.send(ApproveTicket(id: id), from: origin)
        return try .json(ReviewDecision(ticketID: id, status: "approved"))
    }

    @Sendable func reject(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<TicketRejection>(request, context)
        let id = try await locate(body.value.ticketID, context)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        _ = try await commands.send(RejectTicket(id: id, reason: body.value.rejectionReason), from: origin)
        return try .json(ReviewDecision(ticketID: id, status: "rejected"))
    }

    @Sendable func pendingReviews(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let project = try context.requireActor().narrow(QueryParameters(request).identifier("project_id"))
        let count = try await model.store.read { db in try TicketTable.countInReview(projectID: project, in: db) }
        return try .json(["pending_count": count])
    }

    @Sendable func approvalStatus(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        guard let reference = QueryParameters(request)["ticket_id"] else {
            throw Fault.invalid("ticket_id", "is required")
        }
        return try .json(ApprovalReport(try await ticket(reference, context)))
    }

    @Sendable func showContext(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let ticket = try await ticket(context.parameters.get("id") ?? "", context)
        var all = PageRequest()
        all.limit = Limits.pageMax
        let (tasks, transitions) = try await model.store.read { [all] db in
            (
                try TaskTable.list(TaskFilter(ticketID: ticket.id), all, in: db),
                try TransitionTable.list(of: ticket.id, all, in: db)
            )
        }
        return try .json(
            TicketContextView(ticket, tasks: try tasks.decoded(), transitions: try transitions.decoded())
        )
    }

    @Sendable func updateContext(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await locate(context)
        guard let phase = try QueryParameters(request).value("phase_id", of: Phase.self) else {
            throw Fault.invalid("phase_id", "is required")
        }
        let body = try await Received<TicketContextUpdate>(request, context)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        _ = try await commands.send(UpdateTicketContext(id: id, phase: phase, body: body.value), from: origin)
        return try .json(["status": "updated"])
    }

    @Sendable func spawnTasks(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await locate(context)
        let phase = try QueryParameters(request).value("phase_id", of: Phase.self)
        let reply = try await commands.send(SpawnPhaseTasks(id: id, phase: phase), from: .init(request, context))
        return try .json(SpawnReport(try ContractCoder.decode(from: Array(reply.bytes))))
    }

    private func ticket(_ reference: String, _ context: OmoiRequestContext) async throws -> Ticket {
        let only = try context.requireActor().projectID
        let found = try await model.store.point { db in try TicketTable.find(reference, only: only, in: db) }
        guard let found else { throw Fault.notFound("ticket", reference) }
        return try ContractCoder.decode(from: found.body)
    }

    private func locate(_ context: OmoiRequestContext) async throws -> Identifier {
        try await locate(context.parameters.get("id") ?? "", context)
    }

    private func locate(_ reference: String, _ context: OmoiRequestContext) async throws -> Identifier {
        try await model.ticket(reference, context)
    }
}

/// Answer of `approve` and `reject`.
private struct ReviewDecision: Encodable {
    var ticketID: Identifier
    var status: String

    enum CodingKeys: String, CodingKey {
        case status
        case ticketID = "ticket_id"
    }
}

/// The reasons of a block with the words the earlier system had for them.
enum BlockerType {
    static let names = Ticket.BlockReason.allCases.map(\.rawValue) + ["waiting_on_clarification", "failing_checks"]
    static let known: [String: Ticket.BlockReason] = {
        var known = Dictionary(uniqueKeysWithValues: Ticket.BlockReason.allCases.map { ($0.rawValue, $0) })
        known["waiting_on_clarification"] = .needsInput
        known["failing_checks"] = .failingChecks
        return known
    }()
}

extension QueryParameters {
    /// A text of at most ``Limits/reasonLength`` characters.
    func text(_ name: String) throws(Fault) -> String? {
        guard let text = self[name] else { return nil }
        guard text.count <= Limits.reasonLength else {
            throw Fault.invalid(name, "has \(text.count) characters, at most \(Limits.reasonLength) fit")
        }
        return text
    }
}

extension ReadModel {
    /// The id behind an id or a key of a ticket the caller may see.
    ///
    /// - Throws: ``Fault`` `not-found`.
    func ticket(_ reference: String, _ context: OmoiRequestContext) async throws -> Identifier {
        let only = try context.requireActor().projectID
        let found = try await store.point { db in try TicketTable.locate(reference, only: only, in: db) }
        guard let found else { throw Fault.notFound("ticket", reference) }
        return found
    }
}

extension Page {
    /// The items as values.
    func decoded<Item: Decodable>() throws -> [Item] {
        try ContractCoder.decode(from: [UInt8(ascii: "[")] + items + [UInt8(ascii: "]")])
    }
}
