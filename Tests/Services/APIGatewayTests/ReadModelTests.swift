import Contracts
import GRDB
import Kernel
import Storage
import TestSupport
import Testing

@testable import APIGateway

@Suite(.timeLimit(.minutes(2)))
struct ReadModelTests {
    private let project = Identifier.make()

    @Test func `an event applied twice changes nothing the second time`() async throws {
        try await withReadModel { model in
            let ticket = Samples.ticket(project: project)
            let transition = Transition(
                id: .make(),
                ticketID: ticket.id,
                from: .backlog,
                to: .backlog,
                cause: .created,
                actor: "a",
                at: Samples.start
            )
            let event = Samples.event(.ticketCreated, EventData(ticket, transition: transition))
            try await model.feed([Samples.delivery(event)])
            try await model.feed([Samples.delivery(event), Samples.delivery(event)])
            #expect(try await model.ticket(ticket.id) == ticket)
            #expect(try await model.tickets().total == 1)
            let history = try await model.store.read { db in
                try TransitionTable.list(of: ticket.id, PageRequest(), in: db)
            }
            #expect(history.count == 1)
        }
    }

    @Test func `an older version that comes late is not applied, but its transition is kept`() async throws {
        try await withReadModel { model in
            let id = Identifier.make()
            func version(_ version: Int, _ phase: Phase) throws -> Change {
                let transition = Transition(
                    id: .make(),
                    ticketID: id,
                    from: .backlog,
                    to: phase,
                    cause: .advanced,
                    actor: "settle",
                    at: Samples.start
                )
                return try Samples.change(
                    .ticketTransitioned,
                    EventData(
                        Samples.ticket(id: id, project: project, phase: phase, version: version),
                        transition: transition
                    )
                )
            }
            try await model.apply([version(3, .testing)])
            try await model.apply([version(1, .backlog), version(2, .implementation)])
            #expect(try await model.ticket(id)?.version == 3)
            #expect(try await model.ticket(id)?.status == .testing)
            let history = try await model.store.read { db in
                try TransitionTable.list(of: id, PageRequest(), in: db)
            }
            #expect(history.count == 3)
        }
    }

    @Test(arguments: [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]])
    func `an attempt ends as its newest event says, in whatever order the events come`(order: [Int]) async throws {
        try await withReadModel { model in
            let ticket = Identifier.make()
            let task = Identifier.make()
            let states: [Attempt.Status] = [.open, .lost, .completed]
            let attempt = Identifier.make()
            for index in order {
                var row = Attempt(
                    id: attempt,
                    taskID: task,
                    number: 1,
                    fence: 1,
                    sandboxID: .make(),
                    orchestrator: "local",
                    startedAt: Samples.start
                )
                row.status = states[index]
                let entity = Samples.task(id: task, ticket: ticket, project: project, version: index + 1)
                try await model.apply([Samples.change(.taskUpdated, EventData(entity, attempt: row))])
            }
            let page = try await model.store.read { db in try AttemptTable.list(of: task, in: db) }
            let attempts: [Attempt] = try ContractCoder.decode(from: Array("[".utf8) + page.items + Array("]".utf8))
            #expect(attempts.map(\.status) == [.completed])
        }
    }

    @Test func `what a command's answer brought is skipped when the stream brings it again`() async throws {
        try await withReadModel { model in
            let ticket = Samples.ticket(project: project)
            let event = Samples.event(.ticketCreated, EventData(ticket))
            try await model.apply([Change(event: RawJSON(ContractCoder.encode(event)))])
            var unreadable = try Samples.delivery(event)
            unreadable.body = Array("not read at all".utf8)
            try await model.feed([unreadable])
            await #expect(throws: Fault.self) { try await model.feed([unreadable]) }
        }
    }

    @Test(arguments: [
        "", "{", "[]", "null", #"{"id":"1"}"#, #"{"id":"0199aaaa-0000-7000-8000-000000000000","data":{}}"#,
        #"{"id":"0199aaaa-0000-7000-8000-000000000000","data":{"ticket":{"id":"x"}}}"#,
    ])
    func `a message that cannot be read is refused and changes nothing`(body: String) async throws {
        try await withReadModel { model in
            let ticket = Samples.ticket(project: project)
            let good = try Samples.delivery(Samples.event(.ticketCreated, EventData(ticket)))
            var bad = good
            bad.properties.messageID = nil
            bad.body = Array(body.utf8)
            await #expect(throws: Fault.self) { try await model.feed([good, bad]) }
            #expect(try await model.ticket(ticket.id) == nil)
            try await model.feed([good])
            #expect(try await model.ticket(ticket.id) == ticket)
        }
    }

    @Test func `an archived ticket leaves list and board but is found by id`() async throws {
        try await withReadModel { model in
            var ticket = Samples.ticket(project: project)
            try await model.apply([Samples.change(.ticketCreated, EventData(ticket))])
            #expect(try await model.tickets().tickets == [ticket])
            ticket.archived = true
            ticket.version = 2
            try await model.apply([Samples.change(.ticketArchived, EventData(ticket))])
            #expect(try await model.tickets().tickets.isEmpty)
            #expect(try await model.tickets().total == 0)
            #expect(try await model.board().columns.allSatisfy { $0.tickets.isEmpty && $0.currentCount == 0 })
            #expect(try await model.ticket(ticket.id) == ticket)
        }
    }

    @Test func `column counts agree with the tickets after any number of moves`() async throws {
        try await withReadModel { model in
            var generator = SystemRandomNumberGenerator()
            let projects = [Identifier.make(), Identifier.make()]
            let ids = (0..<20).map { _ in Identifier.make() }
            var changes: [Change] = []
            for step in 1...300 {
                let number = Int.random(in: 0..<ids.count, using: &generator)
                var ticket = Samples.ticket(
                    id: ids[number],
                    number: number,
                    project: projects[number % 2],
                    phase: Phase.allCases.randomElement() ?? .backlog,
                    version: step
                )
                ticket.archived = Int.random(in: 0..<10) == 0
                if Bool.random() {
                    ticket.block = Ticket.Block(
                        reason: .dependency,
                        detail: "waits",
                        since: Samples.start,
                        automatic: true
                    )
                }
                changes.append(try Samples.change(.ticketUpdated, EventData(ticket)))
            }
            for change in changes.shuffled() { try await model.apply([change]) }
            let differences = try await model.store.read { db in
                try Int.fetchOne(
                    db,
                    sql: """
                        SELECT count(*) FROM (
                            SELECT project_id, status, count(*) AS total, sum(1 - waiting) AS counted FROM ticket
                            WHERE archived = 0 GROUP BY 1, 2
                            EXCEPT SELECT project_id, status, total, counted FROM board_count
                        )
                        """
                )
            }
            #expect(differences == 0)
            let stale = try await model.store.read { db in
                try Int.fetchOne(db, sql: "SELECT sum(total) FROM board_count")
            }
            let real = try await model.store.read { db in
                try Int.fetchOne(db, sql: "SELECT count(*) FROM ticket WHERE archived = 0")
            }
            #expect(stale == real)
        }
    }

    @Test func `dependencies say what is open and what waits`() async throws {
        try await withReadModel { model in
            let ticket = Identifier.make()
            let first = Samples.task(ticket: ticket, project: project)
            let second = Samples.task(ticket: ticket, project: project, dependsOn: [first.id])
            func answer(_ id: Identifier) async throws -> RawJSON.RawObject? {
                try await model.store.read { db in try TaskTable.dependencies(of: id, in: db) }
                    .flatMap { try RawJSON($0).object }
            }
            try await model.apply([
                Samples.change(.taskCreated, EventData(first)), Samples.change(.taskCreated, EventData(second)),
            ])
            #expect(try await answer(second.id)?["dependencies_complete"]?.boolean == false)
            #expect(try await answer(first.id)?["dependencies_complete"]?.boolean == true)
            #expect(
                try await answer(first.id)?["blocked_tasks"]?.elements?.map { $0.object?["id"]?.string }
                    == [second.id.description]
            )
            var done = first
            done.status = .completed
            done.version = 2
            try await model.apply([Samples.change(.taskCompleted, EventData(done))])
            #expect(try await answer(second.id)?["dependencies_complete"]?.boolean == true)
            #expect(try await answer(.make()) == nil)
        }
    }

    @Test func `a snapshot fills an emptied read model and newer events win over it`() async throws {
        try await withReadModel { model in
            let ticket = Samples.ticket(project: project, version: 4)
            try await model.apply([Samples.change(.ticketCreated, EventData(Samples.ticket(project: project)))])
            try await model.store.write { db in try model.clear(db) }
            #expect(try await model.board().columns.allSatisfy { $0.currentCount == 0 })
            let page = SnapshotPage(
                entities: [EventData(ticket), EventData(Samples.project(id: project))],
                transitions: [],
                attempts: [],
                nextCursor: "more"
            )
            #expect(try await model.apply(snapshot: RawJSON(ContractCoder.encode(page))) == "more")
            var newer = ticket
            newer.version = 5
            newer.title = "newer"
            try await model.feed([
                Samples.delivery(Samples.event(.ticketUpdated, EventData(newer))),
                Samples.delivery(
                    Samples.event(.ticketUpdated, EventData(Samples.ticket(id: ticket.id, project: project)))
                ),
            ])
            #expect(try await model.tickets().tickets == [newer])
        }
    }

    @Test func `revoked tokens are known at once and after a restart`() async throws {
        try await withTemporaryDirectory { directory in
            var token = AccessToken(
                id: .make(),
                subject: "ci",
                scope: .member,
                issuedAt: Samples.start,
                expiresAt: Samples.start + .seconds(60)
            )
            token.revoked = true
            token.version = 2
            let model = try ReadModel(path: "\(directory)/a.sqlite")
            try await model.apply([Samples.change(.tokenRevoked, EventData(token))])
            #expect(model.revoked.contains(token.id))
            await model.close()
            let again = try ReadModel(path: "\(directory)/a.sqlite")
            try await again.load(now: Samples.start)
            #expect(again.revoked.contains(token.id))
            #expect(!again.revoked.contains(.make()))
            await again.close()
        }
    }
}
