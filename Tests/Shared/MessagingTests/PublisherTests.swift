import Kernel
import TestSupport
import Testing

@testable import Messaging

extension SharedBrokerTests {
    struct PublisherTests {
        private let lab: Lab

        init() throws {
            lab = try Lab()
        }

        @Test(arguments: [QueueDeclaration.Kind.quorum, .classic])
        func `1000 messages are confirmed through the window and arrive in order`(
            _ kind: QueueDeclaration.Kind
        ) async throws {
            let queue = lab.queue("order", kind: kind)
            let topology = lab.topology(queue)
            let basket = Basket()
            let outcomes = try await lab.publishing(topology) { publisher in
                await publisher.publish((0..<1000).map { lab.message($0, to: queue, bytes: 600) })
            }
            #expect(outcomes.count == 1000 && outcomes.allSatisfy { $0 == .confirmed })
            try await lab.consuming(Subscription(queue: queue) { basket.add($0) }, topology: topology) { _ in
                try await basket.waitFor(1000)
            }
            #expect(basket.numbers == Array(0..<1000))
            #expect(basket.deliveries.allSatisfy { $0.body.count == 600 && !$0.redelivered && $0.offset == nil })
        }

        @Test func `many tasks publishing at once all get their own outcome`() async throws {
            let queue = lab.queue("many")
            let outcomes = try await lab.publishing(lab.topology(queue)) { publisher in
                await withTaskGroup(of: PublishOutcome.self) { group in
                    for number in 0..<300 {
                        var message = lab.message(number, to: queue)
                        if number % 3 == 0 { message.routingKey = "nowhere" }
                        group.addTask { [message] in await publisher.publish(message) }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
            }
            #expect(outcomes.count { $0 == .confirmed } == 200)
            #expect(outcomes.count { $0 == .returned(code: 312, text: "NO_ROUTE") } == 100)
        }

        @Test func `nothing is sent behind a returned message of the same batch once it is known`() async throws {
            let queue = lab.queue("behind")
            let count = Limits.confirmWindow * 3
            let outcomes = try await lab.publishing(lab.topology(queue)) { publisher in
                var batch = (0..<count).map { lab.message($0, to: queue) }
                batch[1].routingKey = "nowhere"
                return await publisher.publish(batch)
            }
            #expect(outcomes[0] == .confirmed)
            #expect(outcomes[1] == .returned(code: 312, text: "NO_ROUTE"))
            #expect(outcomes.last == .unknown)
        }

        @Test func `without mandatory an unroutable message counts as confirmed`() async throws {
            let queue = lab.queue("optional")
            let outcome = try await lab.publishing(lab.topology(queue)) { publisher in
                var message = lab.message(0, to: queue, mandatory: false)
                message.routingKey = "nowhere"
                return await publisher.publish(message)
            }
            #expect(outcome == .confirmed)
        }

        @Test func `a full queue nacks`() async throws {
            let queue = lab.queue(
                "full",
                kind: .classic,
                arguments: ["x-max-length": .integer(1), "x-overflow": .string("reject-publish")]
            )
            try await lab.publishing(lab.topology(queue)) { publisher in
                let first = await publisher.publish(lab.message(0, to: queue))
                #expect(first == .confirmed)
                try await eventually("a nack") { await publisher.publish(lab.message(1, to: queue)) == .nacked }
            }
        }

        @Test func `a message that cannot be encoded is refused and harms no other`() async throws {
            let queue = lab.queue("encode")
            try await lab.publishing(lab.topology(queue)) { publisher in
                var long = lab.message(0, to: queue)
                long.properties.messageID = String(repeating: "x", count: 256)
                var fat = lab.message(0, to: queue)
                fat.properties.headers["fat"] = String(repeating: "x", count: 100_000)
                #expect(await publisher.publish(long) == .nacked)
                #expect(await publisher.publish(fat) == .nacked)
                #expect(await publisher.publish(lab.message(1, to: queue)) == .confirmed)
            }
        }

        @Test func `a message larger than the window's bytes goes through`() async throws {
            let queue = lab.queue("large")
            let topology = lab.topology(queue)
            let basket = Basket()
            try await lab.publishing(topology) { publisher in
                let batch = (0..<3).map { lab.message($0, to: queue, bytes: Limits.messageBytes) }
                #expect(await publisher.publish(batch) == [.confirmed, .confirmed, .confirmed])
            }
            try await lab.consuming(Subscription(queue: queue) { basket.add($0) }, topology: topology) { _ in
                try await basket.waitFor(3)
            }
            #expect(basket.deliveries.map(\.body.count) == Array(repeating: Limits.messageBytes, count: 3))
            #expect(basket.deliveries.map { $0.body.last } == [0, 1, 2])
        }

        @Test func `properties and headers survive the way there and back`() async throws {
            let queue = lab.queue("properties")
            let topology = lab.topology(queue)
            let basket = Basket()
            let sent = MessageProperties(
                messageID: "id-ü",
                type: "ticket.transitioned",
                appID: "ticket-workflow",
                contentType: "application/cloudevents+json",
                correlationID: "42",
                replyTo: "somewhere",
                timestamp: Timestamp(milliseconds: 1_700_000_000_000),
                expiration: .milliseconds(60_001),
                persistent: true,
                headers: ["traceparent": "00-ab", "empty": "", "ümlaut": "日本"]
            )
            let outgoing = [sent, MessageProperties()].map {
                OutgoingMessage(exchange: lab.exchange, routingKey: queue.name, properties: $0, body: [0, 255])
            }
            try await lab.publishing(topology) { publisher in
                #expect(await publisher.publish(outgoing) == [.confirmed, .confirmed])
            }
            try await lab.consuming(Subscription(queue: queue) { basket.add($0) }, topology: topology) { _ in
                try await basket.waitFor(2)
            }
            var first = try #require(basket.deliveries.first)
            // A quorum queue counts deliveries in a header of its own.
            first.properties.headers["x-delivery-count"] = nil
            #expect(first.properties == sent)
            #expect(first.exchange == lab.exchange && first.routingKey == queue.name && first.queue == queue.name)
            #expect(first.body == [0, 255])
            #expect(basket.deliveries.last?.properties.messageID == nil)
        }

        @Test func `publishing waits for a connection, and ends as unknown after a stop`() async throws {
            let queue = lab.queue("early")
            let publisher = Publisher(try lab.configuration(), topology: lab.topology(queue))
            async let early = publisher.publish(lab.message(0, to: queue))
            try await running({ try await publisher.run() }, stop: { publisher.stop() }) {
                await publisher.waitUntilConnected()
            }
            #expect(await early != .nacked)
            #expect(await publisher.publish(lab.message(1, to: queue)) == .unknown)
            #expect(!publisher.isConnected)
            await publisher.waitUntilConnected()
        }

        @Test func `a stop waits for what is in flight`() async throws {
            let queue = lab.queue("flight")
            let topology = lab.topology(queue)
            let basket = Basket()
            let publisher = Publisher(try lab.configuration(), topology: topology)
            let outcomes = try await lab.consuming(
                Subscription(queue: queue) { basket.add($0) },
                topology: topology
            ) { _ in
                try await running({ try await publisher.run() }, stop: {}) {
                    async let outcomes = publisher.publish((0..<3000).map { lab.message($0, to: queue, bytes: 100) })
                    // Some have arrived, so the batch is on its way when the stop comes.
                    try await basket.waitFor(1)
                    publisher.stop()
                    return await outcomes
                }
            }
            #expect(outcomes.count == 3000 && outcomes.allSatisfy { $0 == .confirmed })
        }

        @Test func `what is sent without a connection goes out with the next one`() async throws {
            let queue = lab.queue("sent")
            let topology = lab.topology(queue)
            let basket = Basket()
            let publisher = Publisher(try lab.configuration(), topology: topology)
            for number in 0..<10 { publisher.send(lab.message(number, to: queue, mandatory: false)) }
            try await lab.consuming(Subscription(queue: queue) { basket.add($0) }, topology: topology) { _ in
                try await running({ try await publisher.run() }, stop: { publisher.stop() }) {
                    try await basket.waitFor(10)
                }
            }
            #expect(basket.numbers == Array(0..<10))
        }

        @Test func `a wrong password is no reason to give up or to crash`() async throws {
            var broker = try lab.configuration()
            broker.password = "wrong"
            let publisher = Publisher(broker, topology: lab.none)
            try await running({ try await publisher.run() }, stop: { publisher.stop() }) {
                #expect(!publisher.isConnected)
            }
        }
    }
}
