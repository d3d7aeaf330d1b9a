import Contracts
import Kernel
import Messaging
import Storage
import TestSupport
import Testing

@testable import ServiceKit

/// A server whose replies are caught instead of sent.
private struct Office {
    let store: Store
    let replies = Collected<OutgoingMessage>()
    let ran = Collected<String>()
    let committed = Collected<String>()
    let settled = Collected<Int>()
    let time = ManualTime()
    let server: CommandServer

    init(_ store: Store, settle: (@Sendable (Transaction) throws -> Void)? = nil) {
        self.store = store
        server = CommandServer(
            store: store,
            source: "/test/0",
            service: "omoi-test",
            handlers: Notes.handlers(ran: ran, committed: committed),
            settle: settle,
            time: time,
            deadLetterSources: [],
            send: { [replies] in replies.append($0) }
        )
    }

    func notes() async throws -> [String] { try await store.read { try Notes.all(in: $0) } }

    func reply<C: Command>(_ type: C.Type, at index: Int = 0) throws -> CommandReply<C.Reply> {
        let message = replies.all[index]
        try #require(message.properties.type == ReplyType.ok)
        return try ContractCoder.decode(from: message.body)
    }

    func fault(at index: Int = 0) throws -> Fault {
        let message = replies.all[index]
        try #require(message.properties.type == ReplyType.fault)
        return try ContractCoder.decode(FaultReply.self, from: message.body).fault
    }
}

private let key = [
    MessageHeader.idempotencyScope: "ann POST /notes", MessageHeader.idempotencyKey: "k1",
    MessageHeader.idempotencyDigest: "d1",
]

@Suite(.timeLimit(.minutes(1))) struct CommandServerTests {
    @Test func `a command is run, committed and answered to where it came from`() async throws {
        try await withStore { store in
            let office = Office(store)
            try await office.server.handle([try delivery(Note(text: "a"), id: "1")])
            #expect(try await office.notes() == ["a"])
            #expect(try office.reply(Note.self).reply == Note.Reply(text: "a", count: 1))
            let message = office.replies.all[0]
            #expect(message.exchange.isEmpty)
            #expect(message.routingKey == "reply.queue")
            #expect(message.properties.correlationID == "c-1")
            #expect(office.committed.all == ["a"])
        }
    }

    @Test func `a batch runs in order in one commit and a failing command undoes only itself`() async throws {
        try await withStore { store in
            let office = Office(store)
            try await office.server.handle([
                try delivery(Note(text: "a")), try delivery(Note(text: "b", mode: .fault)),
                try delivery(Note(text: "c", mode: .crash)), try delivery(Note(text: "d")),
            ])
            #expect(try await office.notes() == ["a", "d"])
            #expect(try office.reply(Note.self, at: 0).reply.count == 1)
            #expect(try office.fault(at: 1).code == .conflict)
            #expect(try office.fault(at: 2).code == .internalError)
            #expect(try office.reply(Note.self, at: 3).reply.count == 2)
            #expect(office.committed.all == ["a", "d"])
        }
    }

    @Test func `what a command emits is in the reply and in the outbox with the same bytes`() async throws {
        try await withStore { store in
            let office = Office(store)
            let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
            let headers = [MessageHeader.traceparent: traceparent]
            try await office.server.handle([try delivery(Note(text: "p", mode: .emit), headers: headers)])
            let change = try #require(try office.reply(Note.self).changes.first)
            #expect(change.type == .projectCreated)
            #expect(change.data.project?.name == "p")
            #expect(change.source == "/test/0")
            #expect(change.traceparent == traceparent)
            let entry = try #require(try await store.read { try Outbox.entries(after: 0, limit: 10, in: $0) }.first)
            #expect(entry.exchange == Topic.events)
            #expect(entry.routingKey == "project.created")
            #expect(entry.id == change.id)
            #expect(try ContractCoder.decode(Event.self, from: entry.body) == change)
            #expect(entry.headers[MessageHeader.subject] == change.subject.description)
            #expect(entry.headers[MessageHeader.version] == "1")
            let body = String(decoding: office.replies.all[0].body, as: UTF8.self)
            #expect(body.contains(String(decoding: entry.body, as: UTF8.self)))
        }
    }

    @Test func `settle runs in the savepoint of each successful command and can undo it`() async throws {
        try await withStore { store in
            let office = Office(store) { transaction in
                if try Notes.all(in: transaction.database).last == "bad" { throw Fault(.tasksOpen, "not settled") }
                try Notes.insert("settled", in: transaction.database)
            }
            try await office.server.handle([
                try delivery(Note(text: "a")), try delivery(Note(text: "bad")),
                try delivery(Note(text: "c", mode: .fault)),
            ])
            #expect(try await office.notes() == ["a", "settled"])
            #expect(try office.fault(at: 1).code == .tasksOpen)
            #expect(office.committed.all == ["a"])
        }
    }

    @Test func `a kept fault is answered and its changes stay`() async throws {
        try await withStore { store in
            let office = Office(store)
            try await office.server.handle([try delivery(Note(text: "evidence", mode: .keptFault))])
            #expect(try office.fault().code == .attemptSuperseded)
            #expect(try await office.notes() == ["evidence"])
            #expect(office.committed.all == ["evidence"])
        }
    }

    @Test func `the same idempotency key gets the first reply again, byte for byte`() async throws {
        try await withStore { store in
            let office = Office(store)
            try await office.server.handle([try delivery(Note(text: "a", mode: .emit), headers: key)])
            try await office.server.handle([
                try delivery(Note(text: "a", mode: .emit), headers: key),
                try delivery(Note(text: "a", mode: .emit), headers: key),
            ])
            #expect(office.ran.all == ["a"])
            #expect(Set(office.replies.all.map(\.body)).count == 1)
            #expect(office.replies.all.allSatisfy { $0.properties.type == ReplyType.ok })
            #expect(try await store.read { try Outbox.entries(after: 0, limit: 10, in: $0) }.count == 1)
        }
    }

    @Test func `a used idempotency key with another request is refused with 422`() async throws {
        try await withStore { store in
            let office = Office(store)
            try await office.server.handle([try delivery(Note(text: "a"), headers: key)])
            let other = key.merging([MessageHeader.idempotencyDigest: "d2"]) { $1 }
            try await office.server.handle([try delivery(Note(text: "b"), headers: other)])
            #expect(try office.fault(at: 1).code == .idempotencyMismatch)
            #expect(try office.fault(at: 1).code.status == 422)
            #expect(try await office.notes() == ["a"])
        }
    }

    @Test func `a refusal is not stored under its key, so the next try is decided anew`() async throws {
        try await withStore { store in
            let office = Office(store)
            try await office.server.handle([try delivery(Note(text: "a", mode: .fault), headers: key)])
            try await office.server.handle([try delivery(Note(text: "a"), headers: key)])
            #expect(try office.fault(at: 0).code == .conflict)
            #expect(try office.reply(Note.self, at: 1).reply.count == 1)
        }
    }

    @Test func `a command sent again with the same id has one effect and the same answer`() async throws {
        try await withStore { store in
            let office = Office(store)
            let again = try delivery(Note(text: "a"), id: "same")
            try await office.server.handle([again, again])
            try await office.server.handle([again])
            #expect(try await office.notes() == ["a"])
            #expect(office.replies.count == 3)
            #expect(Set(office.replies.all.map(\.body)).count == 1)
        }
    }

    @Test func `a command past its deadline is dropped unread`() async throws {
        try await withStore { store in
            let office = Office(store)
            func note(_ text: String, deadline: Duration) throws -> Delivery {
                let deadline = (office.time.now() + deadline).description
                return try delivery(Note(text: text), headers: [MessageHeader.deadline: deadline])
            }
            try await office.server.handle([
                try note("late", deadline: .zero), try note("in time", deadline: .seconds(1)),
            ])
            #expect(try await office.notes() == ["in time"])
            #expect(office.replies.count == 1)
        }
    }

    @Test func `queries see the changes of their batch`() async throws {
        try await withStore { store in
            let office = Office(store)
            try await office.server.handle([try delivery(CountNotes()), try delivery(Note(text: "a"))])
            #expect(try office.reply(CountNotes.self, at: 1).reply == 1)
        }
    }

    @Test func `what cannot be read or has no handler is answered and kept`() async throws {
        try await withStore { store in
            let office = Office(store)
            var broken = try delivery(Note(text: "a"))
            broken.body = Array("{".utf8)
            var unknown = try delivery(Note(text: "b"))
            unknown.properties.type = "note.unheard-of"
            var anonymous = try delivery(Note(text: "c"))
            anonymous.properties.headers = [:]
            try await office.server.handle([broken, unknown, anonymous, try delivery(Note(text: "d"))])
            #expect(try office.fault(at: 0).code == .malformed)
            #expect(try office.fault(at: 1).code == .notFound)
            #expect(try office.fault(at: 2).code == .malformed)
            #expect(try office.reply(Note.self, at: 3).reply.count == 1)
            let letters = try await store.read { try DeadLetters.list(limit: 10, in: $0) }
            #expect(letters.map(\.type) == ["note.write", "note.unheard-of", "note.write"])
            #expect(letters.last?.body == broken.body)
            #expect(letters.allSatisfy { $0.source == "test.commands" })
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct DeadLetterCommandTests {
    private func bury(_ note: Note, in store: Store) async throws -> Int64 {
        let message = try delivery(note)
        return try await store.write {
            try DeadLetters.insert(
                source: message.queue,
                type: Note.name,
                reason: "test",
                messageID: message.properties.messageID,
                headers: message.properties.headers,
                body: message.body,
                at: Timestamp(milliseconds: 1),
                in: $0
            )
        }
    }

    @Test func `a replay runs the handler and removes the letter in one transaction`() async throws {
        try await withStore { store in
            let office = Office(store)
            let id = try await bury(Note(text: "a", mode: .emit), in: store)
            try await office.server.handle([try delivery(ReplayDeadLetter(id: id))])
            #expect(try office.reply(ReplayDeadLetter.self).changes.count == 1)
            #expect(try await office.notes() == ["a"])
            #expect(office.committed.all == ["a"])
            #expect(try await store.read { try DeadLetters.count(in: $0) } == 0)
        }
    }

    @Test(arguments: [Note.Mode.fault, .crash, .keptFault])
    func `a replay that fails says why, changes nothing and is counted`(mode: Note.Mode) async throws {
        try await withStore { store in
            let office = Office(store)
            let id = try await bury(Note(text: "a", mode: mode), in: store)
            try await office.server.handle([try delivery(ReplayDeadLetter(id: id))])
            #expect(try office.fault().message.hasPrefix("the message still cannot be handled: "))
            #expect(try await office.notes().isEmpty)
            #expect(office.committed.all.isEmpty)
            #expect(try await store.read { try DeadLetters.find(id: id, in: $0) }?.replays == 1)
        }
    }

    @Test func `letters are listed and discarded, by an admin only`() async throws {
        try await withStore { store in
            let office = Office(store)
            let id = try await bury(Note(text: "a"), in: store)
            let ann = Actor(subject: "ann", scope: .member)
            try await office.server.handle([
                try delivery(DiscardDeadLetter(id: id), actor: ann), try delivery(ListDeadLetters(limit: 5)),
            ])
            #expect(try office.fault(at: 0).code == .forbidden)
            let page = try office.reply(ListDeadLetters.self, at: 1).reply
            #expect(page.total == 1)
            #expect(page.items.first?.service == "omoi-test")
            try await office.server.handle([
                try delivery(DiscardDeadLetter(id: id)), try delivery(DiscardDeadLetter(id: id)),
                try delivery(ReplayDeadLetter(id: 99)),
            ])
            #expect(try office.reply(DiscardDeadLetter.self, at: 2).reply == Empty())
            #expect(try office.fault(at: 3).code == .notFound)
            #expect(try office.fault(at: 4).code == .notFound)
        }
    }
}
