import Contracts
import Kernel
import Messaging
import Storage
import TestSupport
import Testing

@testable import ServiceKit

@Suite(.timeLimit(.minutes(1))) struct FactServerTests {
    private let time = ManualTime()
    private let committed = Collected<String>()
    /// Names of projects whose events fail.
    private let failing = Switch()

    private final class Switch: Sendable {
        private let names = Collected<String>()
        private let healed = Collected<String>()
        func fail(_ name: String) { names.append(name) }
        func heal(_ name: String) { healed.append(name) }
        func isFailing(_ name: String) -> Bool { names.all.contains(name) && !healed.all.contains(name) }
    }

    private func server(_ store: Store) -> FactServer {
        var handlers = FactHandlers()
        handlers.on(.projectCreated) { [failing, committed] event, transaction in
            let name = event.data.project?.name ?? ""
            try Notes.insert(name, in: transaction.database)
            try transaction.emit(.projectUpdated, event.data)
            transaction.afterCommit { committed.append(name) }
            if failing.isFailing(name) { throw Fault(.conflict, "not now") }
        }
        return FactServer(store: store, source: "/test/0", handlers: handlers, time: time, service: "omoi-test")
    }

    private func fact(_ name: String, type: EventType = .projectCreated) throws -> Delivery {
        let event = Event(
            id: .make(),
            source: "/elsewhere",
            type: type,
            time: time.now(),
            data: EventData(project(named: name))
        )
        return Delivery(
            queue: "test.facts",
            exchange: Topic.events,
            routingKey: type.rawValue,
            redelivered: false,
            properties: MessageProperties(messageID: event.id.description, type: type.rawValue, headers: ["h": "1"]),
            body: try ContractCoder.encode(event)
        )
    }

    private func notes(_ store: Store) async throws -> [String] { try await store.read { try Notes.all(in: $0) } }
    private func parked(_ store: Store) async throws -> Int { try await store.read { try ParkedMessage.count(in: $0) } }
    private func letters(_ store: Store) async throws -> [DeadLetter] {
        try await store.read { try DeadLetters.list(limit: 100, in: $0) }
    }

    @Test func `facts are applied and what they cause is in the outbox`() async throws {
        try await withStore { store in
            try await server(store).handle([try fact("a"), try fact("b")])
            #expect(try await notes(store) == ["a", "b"])
            #expect(committed.all == ["a", "b"])
            #expect(try await store.read { try Outbox.entries(after: 0, limit: 9, in: $0) }.count == 2)
        }
    }

    @Test func `what cannot be read or is unknown becomes a dead letter and blocks nothing`() async throws {
        try await withStore { store in
            var broken = try fact("x")
            broken.body = Array("not json".utf8)
            try await server(store).handle([broken, try fact("y", type: .tokenIssued), try fact("a")])
            #expect(try await notes(store) == ["a"])
            let letters = try await letters(store)
            #expect(letters.count == 2)
            #expect(letters.allSatisfy { $0.source == "test.facts" && $0.headers == ["h": "1"] })
        }
    }

    @Test func `a fact whose handler fails is parked without a trace and retried when its time has come`() async throws
    {
        try await withStore { store in
            let server = server(store)
            failing.fail("bad")
            try await server.handle([try fact("bad"), try fact("good")])
            #expect(try await notes(store) == ["good"])
            #expect(committed.all == ["good"])
            #expect(try await parked(store) == 1)
            #expect(try await server.retryDue() == 0)
            time.advance(by: .seconds(2))
            #expect(try await server.retryDue() == 1)
            #expect(try await notes(store) == ["good"])
            failing.heal("bad")
            time.advance(by: .seconds(5))
            #expect(try await server.retryDue() == 1)
            #expect(try await notes(store) == ["good", "bad"])
            #expect(committed.all == ["good", "bad"])
            #expect(try await parked(store) == 0)
        }
    }

    @Test func `the same fact delivered again is parked once`() async throws {
        try await withStore { store in
            let server = server(store)
            failing.fail("bad")
            let fact = try fact("bad")
            try await server.handle([fact])
            try await server.handle([fact])
            #expect(try await parked(store) == 1)
        }
    }

    @Test func `after the last try a parked fact becomes a dead letter, which can be replayed`() async throws {
        try await withStore { store in
            let server = server(store)
            failing.fail("bad")
            try await server.handle([try fact("bad")])
            for _ in 1..<FactServer.tries {
                #expect(try await parked(store) == 1)
                time.advance(by: .seconds(100))
                try await server.retryDue()
            }
            #expect(try await parked(store) == 0)
            let letter = try #require(try await letters(store).first)
            #expect(letter.reason.contains("failed \(FactServer.tries) times"))
            #expect(letter.reason.contains("not now"))

            let replies = Collected<OutgoingMessage>()
            let commands = CommandServer(
                store: store,
                source: "/test/0",
                service: "omoi-test",
                handlers: CommandHandlers(),
                settle: nil,
                time: time,
                deadLetterSources: [server],
                send: { replies.append($0) }
            )
            try await commands.handle([try delivery(ReplayDeadLetter(id: letter.id))])
            #expect(replies.all.last?.properties.type == ReplyType.fault)
            #expect(committed.all.isEmpty)
            #expect(try await letters(store).first?.replays == 1)
            failing.heal("bad")
            try await commands.handle([try delivery(ReplayDeadLetter(id: letter.id))])
            #expect(replies.all.last?.properties.type == ReplyType.ok)
            #expect(try await notes(store) == ["bad"])
            #expect(committed.all == ["bad"])
            #expect(try await letters(store).isEmpty)
        }
    }
}
