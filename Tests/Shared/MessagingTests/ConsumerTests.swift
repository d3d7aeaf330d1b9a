import Kernel
import Synchronization
import TestSupport
import Testing

@testable import Messaging

extension SharedBrokerTests {
    struct ConsumerTests {
        private let lab: Lab

        init() throws {
            lab = try Lab()
        }

        private func publish(_ range: Range<Int>, to queue: QueueDeclaration, _ topology: Topology) async throws {
            let outcomes = try await lab.publishing(topology) { publisher in
                await publisher.publish(range.map { lab.message($0, to: queue, bytes: 50) })
            }
            #expect(outcomes.allSatisfy { $0 == .confirmed })
        }

        @Test func `a batch whose handler failed comes again, marked, and nothing behind it is lost`() async throws {
            struct Broken: Error {}
            let queue = lab.queue("again")
            let topology = lab.topology(queue)
            try await publish(0..<20, to: queue, topology)
            let failures = Atomic(2)
            let basket = Basket()
            let subscription = Subscription(queue: queue, maxBatch: 5) { deliveries in
                if failures.load(ordering: .relaxed) > 0 {
                    failures.subtract(1, ordering: .relaxed)
                    throw Broken()
                }
                basket.add(deliveries)
            }
            try await lab.consuming(subscription, topology: topology) { _ in
                try await basket.waitFor(20)
            }
            #expect(basket.numbers.sorted() == Array(0..<20))
            #expect(basket.deliveries.contains { $0.redelivered })
        }

        @Test func `two queues on one connection never steal each other's frames`() async throws {
            let first = lab.queue("first")
            let second = lab.queue("second", kind: .classic)
            let topology = lab.topology(first, second)
            let (left, right) = (Basket(), Basket())
            try await lab.publishing(topology) { publisher in
                for round in 0..<10 {
                    let batch = (0..<200).flatMap { index in
                        let number = round * 200 + index
                        return [
                            lab.message(number, to: first, bytes: number % 977 * 10),
                            lab.message(number, to: second, bytes: number % 13),
                        ]
                    }
                    let outcomes = await publisher.publish(batch)
                    #expect(outcomes.allSatisfy { $0 == .confirmed })
                }
            }
            try await lab.consuming(
                Subscription(queue: first, prefetch: 50, maxBatch: 20) { left.add($0) },
                Subscription(queue: second) { right.add($0) },
                topology: topology
            ) { _ in
                try await left.waitFor(2000)
                try await right.waitFor(2000)
            }
            #expect(left.numbers == Array(0..<2000) && right.numbers == Array(0..<2000))
            #expect(left.deliveries.allSatisfy { $0.queue == first.name && $0.routingKey == first.name })
            #expect(left.deliveries.enumerated().allSatisfy { $1.body.count == $0 % 977 * 10 })
            #expect(right.deliveries.allSatisfy { $0.queue == second.name && $0.body.count < 13 })
        }

        @Test func `no more than the prefetch is taken while the handler is busy, then it gets full batches`()
            async throws
        {
            let queue = lab.queue("busy")
            let topology = lab.topology(queue)
            try await publish(0..<100, to: queue, topology)
            let gate = Gate()
            let sizes = Mutex<[Int]>([])
            let basket = Basket()
            let subscription = Subscription(queue: queue, prefetch: 30, maxBatch: 10) { deliveries in
                await gate.wait()
                sizes.withLock { $0.append(deliveries.count) }
                basket.add(deliveries)
            }
            try await lab.consuming(subscription, topology: topology) { _ in
                try await eventually("30 unacknowledged") {
                    let list = try await lab.broker.control(["list_queues", "name", "messages_unacknowledged"])
                    return list.split(separator: "\n").contains("\(queue.name)\t30")
                }
                gate.open()
                try await basket.waitFor(100)
            }
            #expect(basket.numbers == Array(0..<100))
            #expect(sizes.withLock { $0.max() } == 10)
        }

        @Test func `a deleted queue is noticed, declared again and consumed`() async throws {
            let queue = lab.queue("deleted", kind: .classic)
            let topology = lab.topology(queue)
            let basket = Basket()
            let changes = Mutex<[Bool]>([])
            let consumer = Consumer(
                try lab.configuration(),
                topology: topology,
                subscriptions: [Subscription(queue: queue) { basket.add($0) }],
                connectionChanged: { up in changes.withLock { $0.append(up) } }
            )
            try await running({ try await consumer.run() }, stop: { consumer.stop() }) {
                await consumer.waitUntilConsuming()
                _ = try await lab.broker.control(["delete_queue", queue.name])
                try await eventually("the loss and the return") { changes.withLock { $0 == [true, false, true] } }
                try await publish(0..<3, to: queue, topology)
                try await basket.waitFor(3)
            }
            #expect(basket.numbers == [0, 1, 2])
            #expect(changes.withLock { $0 } == [true, false, true, false])
        }

        @Test func `a graceful stop finishes the batch at hand and leaves the rest in order`() async throws {
            let queue = lab.queue("stop")
            let topology = lab.topology(queue)
            try await publish(0..<500, to: queue, topology)
            let (first, second) = (Basket(), Basket())
            let started = Gate()
            let consumer = Consumer(
                try lab.configuration(),
                topology: topology,
                subscriptions: [
                    Subscription(queue: queue, prefetch: 40, maxBatch: 10) { deliveries in
                        started.open()
                        first.add(deliveries)
                    }
                ]
            )
            try await running({ try await consumer.run() }, stop: {}) {
                await started.wait()
                consumer.stop()
            }
            #expect(!consumer.isConsuming)
            let rest = 500 - first.count
            try await lab.consuming(Subscription(queue: queue) { second.add($0) }, topology: topology) { _ in
                try await second.waitFor(rest)
            }
            #expect(first.count > 0)
            #expect(first.numbers + second.numbers == Array(0..<500))
        }

        @Test func `a command queue is drained before it goes away with its consumer`() async throws {
            var queue = lab.queue("drain", kind: .classic)
            queue.autoDelete = true
            let topology = lab.topology()
            let (started, release) = (Gate(), Gate())
            let basket = Basket()
            let consumer = Consumer(
                try lab.configuration(),
                topology: topology,
                subscriptions: [
                    Subscription(queue: queue, maxBatch: 4) { deliveries in
                        started.open()
                        await release.wait()
                        basket.add(deliveries)
                    }
                ]
            )
            try await running({ try await consumer.run() }, stop: {}) { [queue] in
                await consumer.waitUntilConsuming()
                try await publish(0..<50, to: queue, topology)
                await started.wait()
                consumer.stop()
                release.open()
            }
            #expect(basket.numbers == Array(0..<50))
            let outcome = try await lab.publishing(topology) { [queue] in await $0.publish(lab.message(0, to: queue)) }
            #expect(outcome == .returned(code: 312, text: "NO_ROUTE"))
        }

        @Test func `a stop during a slow handler waits for it and its acknowledgement`() async throws {
            let queue = lab.queue("slow")
            let topology = lab.topology(queue)
            try await publish(0..<10, to: queue, topology)
            let (started, release) = (Gate(), Gate())
            let basket = Basket()
            let consumer = Consumer(
                try lab.configuration(),
                topology: topology,
                subscriptions: [
                    Subscription(queue: queue) { deliveries in
                        started.open()
                        await release.wait()
                        basket.add(deliveries)
                    }
                ]
            )
            try await running({ try await consumer.run() }, stop: {}) {
                await started.wait()
                consumer.stop()
                release.open()
            }
            #expect(basket.count > 0 && basket.numbers == Array(0..<basket.count))
            // The broker counts the messages of a quorum queue every few seconds.
            try await eventually("what was not handled is in the queue") {
                let list = try await lab.broker.control(["list_queues", "name", "messages"])
                return list.split(separator: "\n").contains("\(queue.name)\t\(10 - basket.count)")
            }
        }

        @Test func `a consumer that never connected stops at once`() async throws {
            var broker = try lab.configuration()
            broker.port = 1
            let consumer = Consumer(broker, topology: lab.none, subscriptions: [])
            try await running({ try await consumer.run() }, stop: { consumer.stop() }) {}
            await consumer.waitUntilConsuming()
        }
    }
}
