import Contracts
import GRDB
import Hummingbird
import Kernel
import Messaging
import ServiceKit
import Storage

/// `/api/v1/dead-letters`, for administrators: messages a service could not handle.
struct DeadLettersController: Sendable {
    /// How long one service may take when all are asked.
    static let patience: Duration = .seconds(3)

    let model: ReadModel
    let commands: CommandClient

    var routes: [Route] {
        [
            Route(
                .get,
                "dead-letters",
                operation: "listDeadLetters",
                summary: "Messages a service could not handle, newest first",
                demand: .admin,
                query: [QueryParameter("service", .text, "Only of this service"), .limit],
                answers: [.ok(Shapes.deadLetters)],
                handle: list
            ),
            Route(
                .post,
                "dead-letters/{service}/{id}/replay",
                operation: "replayDeadLetter",
                summary: "Have the message handled once more",
                demand: .admin,
                answers: [.ok(.object([]))],
                handle: replay
            ),
            Route(
                .delete,
                "dead-letters/{service}/{id}",
                operation: "discardDeadLetter",
                summary: "Drop the message for good",
                demand: .admin,
                answers: [.ok(.object([]))],
                handle: discard
            ),
        ]
    }

    private static let isOfAll = Fault(.forbidden, "dead letters need an admin's token that is bound to no project")

    /// Of one service, or of all that answer.
    @Sendable func list(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        try context.requireActor().mustSee(nil, else: Self.isOfAll)
        let query = QueryParameters(request)
        let limit = try query.limit()
        let origin = try CommandClient.Origin(request, context)
        if let service = query["service"] {
            return try .json(await letters(of: service, limit, origin, deadline: Limits.commandDeadline))
        }
        var pages = [try await letters(of: Gateway.name, limit, origin, deadline: Self.patience)]
        var missing: [String] = []
        let services = ["ticket-workflow", Topic.orchestrator, Topic.relay]
        try await withThrowingTaskGroup(of: (String, DeadLetterPage?).self) { group in
            for service in services {
                group.addTask {
                    do {
                        return (service, try await letters(of: service, limit, origin, deadline: Self.patience))
                    } catch let fault as Fault where fault.code == .unavailable || fault.code == .timeout {
                        return (service, nil)
                    }
                }
            }
            for try await (service, page) in group {
                if let page { pages.append(page) } else { missing.append(service) }
            }
        }
        let items = pages.flatMap(\.items).sorted { ($0.receivedAt, $0.id) > ($1.receivedAt, $1.id) }
        let total = pages.reduce(0) { $0 + $1.total }
        return try .json(
            AllDeadLetters(items: Array(items.prefix(limit)), total: total, unreachable: missing.sorted())
        )
    }

    @Sendable func replay(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        try context.requireActor().mustSee(nil, else: Self.isOfAll)
        let (service, id) = try address(context)
        guard service == Gateway.name else {
            let reply = try await commands.send(
                ReplayDeadLetter(id: id),
                to: queue(of: service),
                from: .init(request, context)
            )
            return .json(raw: reply.bytes)
        }
        try await model.store.write { [model] db in
            guard let letter = try DeadLetters.find(id: id, in: db) else { throw Fault.notFound("dead letter", id) }
            do {
                try model.apply(letter.body, to: db)
            } catch let fault as Fault {
                throw Fault(.conflict, "the message still cannot be handled: \(fault.message)")
            }
            try DeadLetters.delete(id: id, in: db)
        }
        return try .json(Empty())
    }

    @Sendable func discard(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        try context.requireActor().mustSee(nil, else: Self.isOfAll)
        let (service, id) = try address(context)
        guard service == Gateway.name else {
            let reply = try await commands.send(
                DiscardDeadLetter(id: id),
                to: queue(of: service),
                from: .init(request, context)
            )
            return .json(raw: reply.bytes)
        }
        try await model.store.write { db in
            guard try DeadLetters.delete(id: id, in: db) else { throw Fault.notFound("dead letter", id) }
        }
        return try .json(Empty())
    }

    private func letters(
        of service: String,
        _ limit: Int,
        _ origin: CommandClient.Origin,
        deadline: Duration
    ) async throws -> DeadLetterPage {
        guard service == Gateway.name else {
            let reply = try await commands.send(
                ListDeadLetters(limit: limit),
                to: queue(of: service),
                from: origin,
                deadline: deadline
            )
            return try ContractCoder.decode(from: Array(reply.bytes))
        }
        return try await model.store.read { db in
            let items = try DeadLetters.list(limit: limit, in: db).map { letter in
                DeadLetterItem(
                    id: letter.id,
                    service: service,
                    source: letter.source,
                    type: letter.type,
                    reason: letter.reason,
                    messageID: letter.messageID,
                    receivedAt: letter.at,
                    replays: letter.replays
                )
            }
            return DeadLetterPage(items: items, total: try DeadLetters.count(in: db))
        }
    }

    private func address(_ context: OmoiRequestContext) throws(Fault) -> (service: String, id: Int64) {
        let service = context.parameters.get("service") ?? ""
        let text = context.parameters.get("id") ?? ""
        guard let id = Int64(text) else { throw Fault.notFound("dead letter", text) }
        return (service, id)
    }

    /// The command queue of a service.
    private func queue(of service: String) throws(Fault) -> String {
        if service == "ticket-workflow" { return Topic.workflow() }
        if service == Topic.relay || service == Topic.orchestrator { return service }
        if service.hasPrefix(Topic.orchestrator + "."), service.utf8.count <= Limits.nameLength { return service }
        throw Fault.invalid(
            "service",
            "must be ticket-workflow, orchestrator, orchestrator.<instance>, event-relay or \(Gateway.name)"
        )
    }
}

/// ``DeadLetterPage`` of every service, with those that did not answer.
private struct AllDeadLetters: Encodable {
    var items: [DeadLetterItem]
    var total: Int
    var unreachable: [String]
}
