import Contracts
import GRDB
import Kernel
import Storage
import TestSupport
import Testing

@testable import APIGateway

@Suite(.timeLimit(.minutes(1)))
struct SearchTests {
    private let project = Identifier.make()

    private func ticket(_ number: Int, _ title: String, _ description: String? = nil) -> Ticket {
        var ticket = Samples.ticket(number: number, project: project, title: title)
        ticket.description = description
        return ticket
    }

    @Test(arguments: [
        ("login", [1]), ("LOGIN", [1]), ("ogi", [1]), ("broken on monday", [1]), ("Zürich", [2]), ("ZÜR", [2]),
        ("100 %", [3]), ("%", [3]), ("a_b", [3]), ("_", [3]), ("\"quoted\"", [2]), ("lo", [1]), ("OR", [2, 4]),
        ("alpha OR", [4]), ("nothing", []), ("NEAR(", []), ("lögin", []), ("  login  ", [1]), ("\\", [4]),
    ])
    func `any part of title or description is found, in any case`(text: String, found: [Int]) async throws {
        try await withReadModel { model in
            let tickets = [
                ticket(1, "Login fails", "It is broken on Monday mornings"),
                ticket(2, "Fly to Zürich or \"quoted\""),
                ticket(3, "Show 100 % of a_b"),
                ticket(4, "alpha OR beta \\ gamma"),
            ]
            try await model.apply(tickets.map { try Samples.change(.ticketCreated, EventData($0)) })
            let search = try TicketSearch(text)
            let keys = try await model.tickets(TicketFilter(projectID: project, search: search)).tickets.map(\.key)
            #expect(keys.sorted() == found.map { "SMP-\($0)" })
            var query = BoardTable.Query(projectID: project)
            query.search = search
            let column = try await model.board(query).columns.first
            #expect(column?.matchingCount == found.count)
            #expect(column?.currentCount == 4)
            #expect(column?.tickets.count == found.count)
        }
    }

    @Test func `a changed text is found by its new words only`() async throws {
        try await withReadModel { model in
            var ticket = ticket(1, "Before", "old words")
            try await model.apply([Samples.change(.ticketCreated, EventData(ticket))])
            for (version, title, description) in [(2, "Before", "new words"), (3, "After", nil), (4, "After", "again")]
            {
                ticket.version = version
                ticket.title = title
                ticket.description = description
                try await model.apply([Samples.change(.ticketUpdated, EventData(ticket))])
            }
            let found = try await ["Before", "old", "new", "After", "again"].asyncMap { text in
                try await model.tickets(TicketFilter(search: TicketSearch(text))).tickets.count
            }
            #expect(found == [0, 0, 0, 1, 1])
        }
    }

    @Test(arguments: [nil, "", "   "]) func `no text does not narrow`(text: String?) throws {
        #expect(try TicketSearch(text) == nil)
    }

    @Test func `a text that is too long is refused`() {
        #expect(throws: Fault.self) { try TicketSearch(String(repeating: "x", count: Limits.searchLength + 1)) }
    }

    @Test func `rows of another schema are thrown away and fetched anew`() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/api-gateway.sqlite"
            let ticket = ticket(1, "Remembered")
            for (schema, remains) in [(nil, true), ("of long ago", false), (nil, false)] as [(String?, Bool)] {
                let model = try ReadModel(path: path)
                try await model.load(now: Samples.start)
                if schema != nil || remains {
                    try await model.apply([Samples.change(.ticketCreated, EventData(ticket))])
                }
                _ = try await model.store.write { db in
                    try FollowerPosition(offset: 7, eventID: nil).set(stream: Topic.log, in: db)
                    guard let schema else { return }
                    try db.execute(sql: "UPDATE origin SET schema = ?", arguments: [schema])
                }
                await model.close()
                let again = try ReadModel(path: path)
                try await again.load(now: Samples.start)
                let found = try await again.ticket(ticket.id)
                let position = try await again.store.read { db in
                    try FollowerPosition.get(stream: Topic.log, in: db)
                }
                let isEmptied = again.isEmptied
                await again.close()
                #expect((found != nil) == remains)
                #expect((position != nil) == (schema == nil))
                #expect(isEmptied == (schema != nil))
            }
        }
    }
}

extension Sequence {
    fileprivate func asyncMap<T>(_ transform: (Element) async throws -> T) async rethrows -> [T] {
        var results: [T] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
