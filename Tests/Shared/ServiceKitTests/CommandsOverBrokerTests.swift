import Contracts
import Kernel
import Messaging
import ServiceLifecycle
import Storage
import TestSupport
import Testing

@testable import ServiceKit

extension OwnBrokerTests {
    @Suite struct CommandsOverBrokerTests {
        @Test func `commands have one effect each although the broker is killed in between`() async throws {
            let lab = try Lab()
            let name = "commands.\(lab.mark)"
            try await withStore { store in
                let publisher = Publisher(try lab.configuration("publish"))
                let server = CommandServer(
                    store: store,
                    publisher: publisher,
                    source: "/test/0",
                    service: "omoi-test",
                    handlers: Notes.handlers()
                )
                let subscription = server.subscription(queue: Topology.commandQueue(name))
                let consumer = Consumer(try lab.configuration("consume"), subscriptions: [subscription])
                let requester = Requester(try lab.configuration("request"))
                let services: [any Service] = [
                    PublisherService(publisher), ConsumerService(consumer), RequesterService(requester),
                ]
                try await withServices(services) {
                    await consumer.waitUntilConsuming()
                    await requester.waitUntilConnected()
                    try await lab.broker.saveRegistry()
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for number in 0..<200 {
                            group.addTask { try await Self.note("\(number)", requester, name) }
                        }
                        try await eventually("some are done", every: .milliseconds(1)) {
                            try await store.read { try Notes.all(in: $0) }.count > 10
                        }
                        await lab.broker.kill()
                        try await lab.broker.restart()
                        try await group.waitForAll()
                    }
                }
                let notes = try await store.read { try Notes.all(in: $0) }
                #expect(notes.count == 200, "a command took effect twice")
                #expect(Set(notes) == Set((0..<200).map { "\($0)" }), "an answered command is missing")
            }
        }

        /// Asks until there is an answer, as a careful caller does: with the same idempotency key.
        private static func note(_ text: String, _ requester: Requester, _ queue: String) async throws {
            let key = Messaging.RequestContext.Idempotency(scope: "test", key: text, digest: text)
            while true {
                let context = Messaging.RequestContext(actor: .service("test"), idempotency: key)
                do {
                    let reply = try await requester.request(Note(text: text), to: queue, context: context).reply
                    #expect(reply.text == text)
                    return
                } catch let fault as Fault where fault.code == .unavailable || fault.code == .timeout {
                    try await Task.sleep(for: .milliseconds(100))  // poll interval
                }
            }
        }
    }
}

extension SharedBrokerTests {
    @Suite struct FactsOverBrokerTests {
        @Test func `poison in a queue ends as a dead letter and what follows is handled`() async throws {
            let lab = try Lab()
            let queue = lab.queue()
            try await withStore { store in
                var handlers = FactHandlers()
                handlers.on(.projectCreated) { event, transaction in
                    try Notes.insert(event.data.project?.name ?? "", in: transaction.database)
                }
                let server = FactServer(store: store, source: "/test/0", handlers: handlers, service: "omoi-test")
                let publisher = Publisher(try lab.configuration("publish"), topology: lab.topology(queue))
                let consumer = Consumer(
                    try lab.configuration("consume"),
                    topology: lab.topology(queue),
                    subscriptions: [server.subscription(queue: queue)]
                )
                try await withServices([PublisherService(publisher), server, ConsumerService(consumer)]) {
                    let event = Event(
                        id: .make(),
                        source: "/elsewhere",
                        type: .projectCreated,
                        time: .now(),
                        data: EventData(project(named: "good"))
                    )
                    var good = lab.message("")
                    good.body = try ContractCoder.encode(event)
                    let outcomes = await publisher.publish([lab.message("poison"), lab.message("{}"), good])
                    #expect(outcomes == [.confirmed, .confirmed, .confirmed])
                    try await eventually("the good one is handled") {
                        try await store.read { try Notes.all(in: $0) } == ["good"]
                    }
                }
                #expect(try await store.read { try DeadLetters.count(in: $0) } == 2)
            }
        }
    }
}
