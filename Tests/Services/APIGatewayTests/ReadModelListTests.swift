import Contracts
import GRDB
import Kernel
import TestSupport
import Testing

@testable import APIGateway

@Suite(.timeLimit(.minutes(2)))
struct ReadModelListTests {
    private let project = Identifier.make()

    @Test func `defect 38: pages are complete and stable while tickets are created between them`() async throws {
        try await withReadModel { model in
            let old = try await insert(25, into: model)
            var seen: [Identifier] = []
            var cursor: String?
            repeat {
                let page = try await model.tickets(TicketFilter(), PageRequest(limit: 10, cursor: cursor))
                seen += page.tickets.map(\.id)
                cursor = page.next
                _ = try await insert(3, into: model)
            } while cursor != nil
            #expect(seen == old.reversed())
        }
    }

    @Test func `a column is paged in the order of priority and age`() async throws {
        try await withReadModel { model in
            var changes: [Change] = []
            for number in 0..<9 {
                let ticket = Samples.ticket(
                    number: number,
                    project: project,
                    phase: .implementation,
                    priority: Priority.allCases[number % 3]
                )
                changes.append(try Samples.change(.ticketCreated, EventData(ticket)))
            }
            try await model.apply(changes)
            var query = BoardTable.Query(projectID: project, limit: 4)
            var keys: [String] = []
            query.column = .building
            repeat {
                let view = try await model.board(query)
                #expect(view.columns.map(\.id) == [.building])
                #expect(view.columns.first?.currentCount == 9)
                keys += view.columns.first?.tickets.map(\.key) ?? []
                query.cursor = view.columns.first?.nextCursor
            } while query.cursor != nil
            #expect(keys == [0, 3, 6, 1, 4, 7, 2, 5, 8].map { "SMP-\($0)" })
        }
    }

    @Test func `the board names limits and says which are exceeded`() async throws {
        try await withReadModel { model in
            let settings = Samples.project(id: project, limits: ["building": 1, "testing": 0])
            var waiting = Samples.ticket(number: 3, project: project, phase: .implementation)
            waiting.block = Ticket.Block(reason: .dependency, detail: "", since: Samples.start, automatic: true)
            try await model.apply([
                Samples.change(.projectCreated, EventData(settings)),
                Samples.change(
                    .ticketCreated,
                    EventData(Samples.ticket(number: 1, project: project, phase: .implementation))
                ),
                Samples.change(.ticketCreated, EventData(waiting)),
            ])
            var columns = try await model.board(BoardTable.Query(projectID: project)).columns
            #expect(columns.map(\.id) == TicketStatus.allCases)
            #expect(columns.map(\.wipLimit) == [nil, 5, 1, nil, nil, nil])
            #expect(columns.map(\.currentCount) == [0, 0, 2, 0, 0, 0])
            #expect(columns.allSatisfy { !$0.wipExceeded })
            #expect(
                columns[2].tickets == [
                    BoardView.Card(
                        Samples.ticket(
                            id: columns[2].tickets[0].id,
                            number: 1,
                            project: project,
                            phase: .implementation
                        )
                    ),
                    BoardView.Card(waiting),
                ]
            )
            try await model.apply([
                Samples.change(
                    .ticketCreated,
                    EventData(Samples.ticket(number: 2, project: project, phase: .implementation))
                )
            ])
            columns = try await model.board(BoardTable.Query(projectID: project)).columns
            #expect(columns[2].wipExceeded)
        }
    }

    @Test func `labels narrow list and board and follow every change`() async throws {
        try await withReadModel { model in
            var ticket = Samples.ticket(project: project, labels: ["a", "b", "b", "ü \"x\""])
            try await model.apply([
                Samples.change(.ticketCreated, EventData(ticket)),
                Samples.change(.ticketCreated, EventData(Samples.ticket(number: 2, project: project))),
            ])
            for label in ["a", "b", "ü \"x\""] {
                #expect(try await model.tickets(TicketFilter(label: label)).tickets == [ticket])
            }
            ticket.labels = ["c"]
            ticket.version = 2
            try await model.apply([Samples.change(.ticketUpdated, EventData(ticket))])
            #expect(try await model.tickets(TicketFilter(label: "a")).tickets.isEmpty)
            #expect(try await model.tickets(TicketFilter(label: "c")).tickets == [ticket])
            var query = BoardTable.Query(projectID: project)
            query.label = "c"
            #expect(try await model.board(query).columns.flatMap(\.tickets).map(\.id) == [ticket.id])
        }
    }

    @Test func `defect 41: every list is answered from an index`() async throws {
        try await withReadModel { model in
            _ = try await insert(50, into: model)
            let plans = try await model.store.read { db in
                var statements: [String] = []
                db.trace { event in
                    if case .statement(let statement) = event, statement.sql.hasPrefix("SELECT") {
                        statements.append(statement.expandedSQL)
                    }
                }
                try queryEverything(db, project: project)
                db.trace(options: [])
                return try statements.map { sql in
                    try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql).map { $0["detail"] as String }
                }
            }
            #expect(plans.count > 20)
            for plan in plans {
                for step in plan {
                    #expect(
                        !step.hasPrefix("SCAN") || step.contains("INDEX") || step.contains("board_count"),
                        "\(plan)"
                    )
                    #expect(!step.contains("TEMP B-TREE FOR ORDER"), "\(plan)")
                }
            }
        }
    }

    private func insert(_ count: Int, into model: ReadModel) async throws -> [Identifier] {
        let tickets = (0..<count).map { Samples.ticket(number: $0, project: project) }
        try await model.apply(tickets.map { try Samples.change(.ticketCreated, EventData($0)) })
        return tickets.map(\.id)
    }
}

/// Runs every query once.
private func queryEverything(_ db: Database, project: Identifier) throws {
    let cursor = PageCursor(list: "tickets", key: [Identifier.make().description]).text
    for filter in [
        TicketFilter(), TicketFilter(projectID: project), TicketFilter(projectID: project, status: .building),
        TicketFilter(status: .building), TicketFilter(projectID: project, phase: .design),
        TicketFilter(projectID: project, priority: .low), TicketFilter(projectID: project, label: "a"),
    ] {
        _ = try TicketTable.list(filter, PageRequest(), in: db)
        _ = try TicketTable.list(filter, PageRequest(cursor: cursor), in: db)
    }
    for filter in [
        TaskFilter(), TaskFilter(ticketID: project), TaskFilter(projectID: project, status: .running),
        TaskFilter(status: .running), TaskFilter(phase: .design), TaskFilter(ticketID: project, hasSandbox: true),
    ] {
        _ = try TaskTable.list(filter, PageRequest(), in: db)
    }
    _ = try BoardTable.view(BoardTable.Query(projectID: project), in: db)
    _ = try BoardTable.view(BoardTable.Query(), in: db)
    _ = try ProjectTable.list(status: nil, only: nil, PageRequest(), in: db)
    _ = try SandboxTable.list(state: .running, projectID: nil, taskID: nil, PageRequest(), in: db)
    _ = try SandboxTable.list(state: nil, projectID: project, taskID: nil, PageRequest(), in: db)
    _ = try TokenTable.list(only: nil, PageRequest(), in: db)
    _ = try TransitionTable.list(of: project, PageRequest(), in: db)
    _ = try AttemptTable.list(of: project, in: db)
    _ = try TaskTable.dependencies(of: project, in: db)
    _ = try TicketTable.locate("SMP-1", in: db)
    _ = try TokenTable.revoked(at: Samples.start, in: db)
}
