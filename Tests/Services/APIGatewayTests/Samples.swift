import Contracts
import Kernel
import Messaging
import TestSupport

@testable import APIGateway

/// Entities and events for tests, with times and ids that sort as they are made.
enum Samples {
    static let start = Timestamp(milliseconds: 1_800_000_000_000)

    static func project(id: Identifier = .make(), version: Int = 1, limits: [String: Int] = [:]) -> Project {
        var settings = ProjectSettings()
        settings.wipLimits = limits
        return Project(
            id: id,
            name: "Sample",
            key: "SMP",
            settings: settings,
            version: version,
            createdAt: start,
            updatedAt: start
        )
    }

    static func ticket(
        id: Identifier = .make(),
        number: Int = 1,
        project: Identifier,
        phase: Phase = .backlog,
        priority: Priority = .medium,
        labels: [String] = [],
        version: Int = 1,
        title: String = "A ticket"
    ) -> Ticket {
        Ticket(
            id: id,
            key: "SMP-\(number)",
            projectID: project,
            title: title,
            phase: phase,
            priority: priority,
            labels: labels,
            version: version,
            createdAt: start + .seconds(number),
            updatedAt: start + .seconds(version),
            enteredPhaseAt: start + .seconds(version)
        )
    }

    static func task(
        id: Identifier = .make(),
        ticket: Identifier,
        project: Identifier,
        status: WorkTask.Status = .pending,
        dependsOn: [Identifier] = [],
        version: Int = 1
    ) -> WorkTask {
        WorkTask(
            id: id,
            ticketID: ticket,
            projectID: project,
            phase: .implementation,
            title: "A task",
            description: "What to do",
            status: status,
            dependsOn: dependsOn,
            version: version,
            createdAt: start
        )
    }

    static func event(_ type: EventType, _ data: EventData) -> Event {
        Event(id: .make(), source: "/ticket-workflow/0", type: type, time: start, data: data)
    }

    static func change(_ type: EventType, _ data: EventData) throws -> Change {
        try Change(event: RawJSON(ContractCoder.encode(event(type, data))))
    }

    static func delivery(_ event: Event, offset: Int64 = 0) throws -> Delivery {
        Delivery(
            queue: Topic.log,
            exchange: Topic.events,
            routingKey: event.type.rawValue,
            redelivered: false,
            properties: MessageProperties(messageID: event.id.description, type: event.type.rawValue),
            body: try ContractCoder.encode(event),
            offset: offset
        )
    }
}

extension ReadModel {
    /// Applies deliveries as the follower does.
    func feed(_ deliveries: [Delivery]) async throws {
        try await store.write { [self] db in try apply(deliveries, to: db) }
    }

    func ticket(_ id: Identifier) async throws -> Ticket? {
        try await store.read { db in try TicketTable.find(id.description, in: db) }
            .map { try ContractCoder.decode(from: $0.body) }
    }

    func board(_ query: BoardTable.Query = BoardTable.Query()) async throws -> BoardView {
        try ContractCoder.decode(from: await store.read { db in try BoardTable.view(query, in: db) })
    }

    func tickets(_ filter: TicketFilter = TicketFilter(), _ request: PageRequest = PageRequest()) async throws -> (
        tickets: [Ticket], next: String?, total: Int?
    ) {
        let page = try await store.read { db in try TicketTable.list(filter, request, in: db) }
        let array = [UInt8(ascii: "[")] + page.items + [UInt8(ascii: "]")]
        return (try ContractCoder.decode(from: array), page.nextCursor, page.total)
    }
}

/// Runs `body` with an empty read model in a directory of its own.
func withReadModel<Value>(_ body: (ReadModel) async throws -> Value) async throws -> Value {
    try await withTemporaryDirectory { directory in
        let model = try ReadModel(path: "\(directory)/api-gateway.sqlite")
        let outcome: Result<Value, any Error>
        do { outcome = .success(try await body(model)) } catch { outcome = .failure(error) }
        await model.close()
        return try outcome.get()
    }
}
