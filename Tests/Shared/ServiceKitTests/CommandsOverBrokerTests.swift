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
                let outcomes = try await withServices(services) {
                    await consumer.waitUntilConsuming()
                    await requester.waitUntilConnected()
                    return try await withThrowingTaskGroup(of: String?.self) { group in
                        for number in 0..<200 {
                            group.addTask { try await Self.note(number, requester, name) }
                        }
                        try await eventually("some are done", every: .milliseconds(1)) {
                            try await store.read { try Notes.all(in: $0) }.count > 10
                        }
                        await lab.broker.kill()
                        try await lab.broker.restart()
                        var outcomes: [String] = []
                        for try await outcome in group { outcome.map { outcomes.append($0) } }
                        return outcomes
                    }
                }
                let notes = try await store.read { try Notes.all(in: $0) }
                #expect(Set(notes).count == notes.count, "a command took effect twice")
                #expect(Set(outcomes).isSubset(of: Set(notes)), "an answered command is missing")
                #expect(outcomes.count > 10)
            }
        }

        /// nil when the caller learned that the owner is away, which is an honest answer while the broker is down.
        private static func note(_ number: Int, _ requester: Requester, _ queue: String) async throws -> String? {
            let context = Messaging.RequestContext(actor: .service("test"), deadline: .seconds(60))
            do {
                return try await requester.request(Note(text: "\(number)"), to: queue, context: context).reply.text
            } catch let fault as Fault where fault.code == .unavailable || fault.code == .timeout {
                return nil
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
