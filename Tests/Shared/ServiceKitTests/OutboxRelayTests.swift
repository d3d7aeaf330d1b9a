import Kernel
import Messaging
import Storage
import TestSupport
import Testing

@testable import ServiceKit

extension OutboxEntry {
    fileprivate init(to exchange: String, number: Int) {
        self.init(
            id: .make(),
            exchange: exchange,
            routingKey: "note",
            contentType: "text/plain",
            headers: ["number": String(number)],
            body: Array("body \(number)".utf8),
            type: "note",
            at: .now()
        )
    }
}

/// Appends `count` entries in commits of 25 and returns their ids in commit order.
@discardableResult
private func append(_ count: Int, to exchange: String, in store: Store) async throws -> [String] {
    var ids: [String] = []
    for start in stride(from: 0, to: count, by: 25) {
        let entries = (start..<min(start + 25, count)).map { OutboxEntry(to: exchange, number: $0) }
        try await store.write { database in
            for entry in entries { try Outbox.append(entry, to: database) }
        }
        ids += entries.map(\.id.description)
    }
    return ids
}

private func position(_ store: Store) async throws -> Int64 {
    try await store.read { try Outbox.position(in: $0) }
}

private func withoutRepetitions(_ deliveries: [Delivery]) -> [String] {
    var seen: Set<String> = []
    return deliveries.compactMap(\.properties.messageID).filter { seen.insert($0).inserted }
}

extension SharedBrokerTests {
    @Suite struct OutboxRelayTests {
        @Test func `everything arrives once, in commit order, with its properties`() async throws {
            let lab = try Lab()
            let queue = lab.queue()
            try await withStore { store in
                let publisher = Publisher(try lab.configuration("publish"), topology: lab.topology(queue))
                let relay = OutboxRelay(store: store, publisher: publisher, appID: "omoi-test")
                let ids = try await withServices([PublisherService(publisher), relay]) {
                    let ids = try await append(3000, to: lab.exchange, in: store)
                    try await eventually("all is relayed") { try await position(store) == 3000 }
                    return ids
                }
                let deliveries = try await lab.drain(queue) { $0.count >= 3000 }
                #expect(deliveries.map(\.properties.messageID) == ids)
                let first = deliveries[0]
                #expect(first.properties.appID == "omoi-test")
                #expect(first.properties.type == "note")
                #expect(first.properties.contentType == "text/plain")
                #expect(first.properties.persistent)
                #expect(first.properties.headers == ["number": "0"])
                #expect(first.body == Array("body 0".utf8))
            }
        }

        @Test func `a graceful stop publishes what is left`() async throws {
            let lab = try Lab()
            let queue = lab.queue()
            try await withStore { store in
                let publisher = Publisher(try lab.configuration("publish"), topology: lab.topology(queue))
                let relay = OutboxRelay(store: store, publisher: publisher, appID: "omoi-test", batch: 100)
                try await withServices([PublisherService(publisher), relay]) {
                    await publisher.waitUntilConnected()
                    try await append(2000, to: lab.exchange, in: store)
                }
                #expect(try await position(store) == 2000)
            }
        }

        @Test func `the relay goes on where the last one stopped`() async throws {
            let lab = try Lab()
            let queue = lab.queue()
            try await withStore { store in
                for round in 1...2 {
                    let publisher = Publisher(try lab.configuration("publish"), topology: lab.topology(queue))
                    let relay = OutboxRelay(store: store, publisher: publisher, appID: "omoi-test")
                    try await append(50, to: lab.exchange, in: store)
                    try await withServices([PublisherService(publisher), relay]) {
                        try await eventually("round \(round)") { try await position(store) == Int64(round * 50) }
                    }
                }
                let deliveries = try await lab.drain(queue) { $0.count >= 100 }
                #expect(deliveries.count == 100)
            }
        }

        @Test func `an event nobody takes holds the outbox back until somebody does`() async throws {
            let lab = try Lab()
            let queue = lab.queue()
            try await withStore { store in
                let publisher = Publisher(try lab.configuration("publish"), topology: lab.topology())
                let relay = OutboxRelay(store: store, publisher: publisher, appID: "omoi-test")
                try await withServices([PublisherService(publisher), relay]) {
                    await publisher.waitUntilConnected()
                    let ids = try await append(10, to: lab.exchange, in: store)
                    let probe = await publisher.publish(lab.message("probe"))
                    #expect(probe == .returned(code: 312, text: "NO_ROUTE"))
                    #expect(try await position(store) == 0)
                    let deliveries = try await lab.drain(queue) { withoutRepetitions($0).count >= 10 }
                    #expect(withoutRepetitions(deliveries) == ids)
                    try await eventually("the position follows") { try await position(store) == 10 }
                }
            }
        }
    }
}

extension OwnBrokerTests {
    @Suite struct OutboxRelayTests {
        @Test func `nothing is lost and order is kept when the broker is killed and comes back`() async throws {
            let lab = try Lab()
            let queue = lab.queue()
            try await withStore { store in
                let publisher = Publisher(try lab.configuration("publish"), topology: lab.topology(queue))
                let relay = OutboxRelay(store: store, publisher: publisher, appID: "omoi-test", batch: 200)
                let ids = try await withServices([PublisherService(publisher), relay]) {
                    await publisher.waitUntilConnected()
                    try await lab.broker.saveRegistry()
                    async let appended = append(6000, to: lab.exchange, in: store)
                    try await eventually("some are relayed", every: .milliseconds(1)) {
                        try await position(store) > 300
                    }
                    await lab.broker.kill()
                    try await lab.broker.restart()
                    let ids = try await appended
                    try await eventually("all is relayed", within: .seconds(90)) {
                        try await position(store) == 6000
                    }
                    return ids
                }
                let deliveries = try await lab.drain(queue) { withoutRepetitions($0).count >= 6000 }
                #expect(withoutRepetitions(deliveries) == ids)
            }
        }

        @Test func `a stop while the broker is away does not hang`() async throws {
            let lab = try Lab()
            try await withStore { store in
                let queue = lab.queue()
                let publisher = Publisher(try lab.configuration("publish"), topology: lab.topology(queue))
                let relay = OutboxRelay(store: store, publisher: publisher, appID: "omoi-test")
                let start = ContinuousClock.now
                try await withServices([PublisherService(publisher), relay]) {
                    await publisher.waitUntilConnected()
                    await lab.broker.kill()
                    try await append(10, to: lab.exchange, in: store)
                }
                #expect(ContinuousClock.now - start < .seconds(30))
                #expect(try await position(store) == 0)
                try await lab.broker.restart()
            }
        }
    }
}
