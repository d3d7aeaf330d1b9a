import Contracts
import FoundationEssentials
import Testing

@testable import Messaging

struct TopologyTests {
    @Test func `holds what the architecture names`() {
        let topology = Topology.standard
        #expect(topology.exchanges.map(\.name) == ["omoi.events", "omoi.activity", "omoi.commands"])
        #expect(topology.exchanges.map(\.kind) == [.topic, .topic, .direct])
        #expect(
            topology.queues.map(\.name)
                == ["omoi.log", "omoi.activity", "ticket-workflow.facts", "orchestrator.wake-up"]
        )
        #expect(topology.queues.map(\.kind) == [.stream, .stream, .quorum, .classic])
        #expect(topology.queues.allSatisfy { $0.durable && !$0.autoDelete && !$0.exclusive })
        #expect(Topology.workflowFacts.declaredArguments["x-delivery-limit"] == .integer(100_000))
        #expect(Topology.workflowFacts.bindings.count == 5)
        #expect(!topology.queues.contains { $0.name.hasPrefix(Topic.workflow()) })
    }

    @Test func `a command queue exists only while it is consumed`() {
        let queue = Topology.commandQueue("event-relay")
        #expect(queue.durable && queue.autoDelete && queue.kind == .classic)
        #expect(queue.bindings == [Binding(exchange: Topic.commands, routingKey: "event-relay")])
    }

    @Test func `definitions for containers say the same`() throws {
        struct Definitions: Decodable {
            struct Item: Decodable {
                var name: String?
                var type: String?
                var durable: Bool?
                var source: String?
                var destination: String?
                var user: String?
                var write: String?
            }
            var exchanges: [Item]
            var queues: [Item]
            var bindings: [Item]
            var users: [Item]
            var permissions: [Item]
        }
        let user = Topology.User(
            name: "gateway",
            passwordHash: "hash",
            configure: "^$",
            write: "^omoi[.]",
            read: "^omoi[.]log$"
        )
        let text = Topology.standard.definitionsJSON(users: [user])
        let definitions = try JSONDecoder().decode(Definitions.self, from: Array(text.utf8).data)
        #expect(definitions.exchanges.map(\.name) == Topology.standard.exchanges.map(\.name))
        #expect(definitions.queues.map(\.name) == Topology.standard.queues.map(\.name))
        #expect(definitions.bindings.count == Topology.standard.bindings.count)
        #expect(definitions.bindings.allSatisfy { $0.source != nil && $0.destination != nil })
        #expect(definitions.users.map(\.name) == ["gateway"])
        #expect(definitions.permissions.map(\.write) == ["^omoi[.]"])
        #expect(text.contains(#""x-max-age" : "7D""#) && text.contains(#""x-max-length-bytes" : 4294967296"#))
        #expect(text == Topology.standard.definitionsJSON(users: [user]))
    }
}

extension [UInt8] {
    fileprivate var data: Data { Data(self) }
}
