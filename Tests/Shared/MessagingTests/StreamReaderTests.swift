import Kernel
import Synchronization
import TestSupport
import Testing

@testable import Messaging

extension SharedBrokerTests {
    struct StreamReaderTests {
        private let lab: Lab
        private let stream: QueueDeclaration
        private let topology: Topology

        init() throws {
            lab = try Lab()
            stream = lab.queue("stream", kind: .stream)
            topology = lab.topology(stream)
        }

        private func publish(_ range: Range<Int>) async throws {
            let outcomes = try await lab.publishing(topology) { publisher in
                await publisher.publish(range.map { lab.message($0, to: stream, bytes: 20) })
            }
            #expect(outcomes.allSatisfy { $0 == .confirmed })
        }

        /// Reads from `start` until `count` messages have come.
        private func read(_ count: Int, from start: StreamStart) async throws -> [Delivery] {
            let reader = try makeReader()
            let basket = Basket()
            try await running({ try await reader.run(from: start) { basket.add($0) } }, stop: { reader.stop() }) {
                try await basket.waitFor(count)
            }
            return basket.deliveries
        }

        private func makeReader() throws -> StreamReader {
            StreamReader(try lab.configuration("stream"), stream: stream.name, topology: topology, prefetch: 100)
        }

        private func position(_ delivery: Delivery, id: Identifier? = nil) throws -> StreamStart {
            let own = try #require(delivery.properties.messageID.flatMap { Identifier($0) })
            return .at(offset: try #require(delivery.offset), id: id ?? own)
        }

        @Test func `reads everything in order with offsets, and goes on after any message`() async throws {
            try await publish(0..<500)
            let all = try await read(500, from: .first)
            #expect(all.compactMap { $0.properties.type.flatMap { Int($0) } } == Array(0..<500))
            #expect(all.compactMap(\.offset) == Array(0..<500))
            for index in [0, 1, 250, 498] {
                let rest = try await read(499 - index, from: position(all[index]))
                #expect(rest.map(\.offset) == all[(index + 1)...].map(\.offset))
            }
        }

        @Test func `begins with what is published next`() async throws {
            try await publish(0..<10)
            let reader = try makeReader()
            let basket = Basket()
            try await running({ try await reader.run(from: .next) { basket.add($0) } }, stop: { reader.stop() }) {
                await reader.waitUntilConsuming()
                #expect(reader.isConsuming)
                try await publish(10..<12)
                try await basket.waitFor(2)
            }
            #expect(basket.numbers == [10, 11])
            #expect(!reader.isConsuming)
        }

        @Test func `another message at the position means the stream was replaced`() async throws {
            try await publish(0..<20)
            let all = try await read(20, from: .first)
            let reader = try makeReader()
            let start = try position(all[7], id: .make())
            await #expect(throws: StreamReplaced.self) {
                try await reader.run(from: start) { _ in Issue.record("nothing may be handled") }
            }
            // The same reader may begin anew.
            let basket = Basket()
            try await running({ try await reader.run(from: .first) { basket.add($0) } }, stop: { reader.stop() }) {
                try await basket.waitFor(20)
            }
        }

        @Test func `silence where a message must be means the stream was replaced`() async throws {
            try await publish(0..<5)
            let reader = try makeReader()
            let start = ContinuousClock.now
            await #expect(throws: StreamReplaced.self) {
                try await reader.run(from: .at(offset: 1000, id: .make())) { _ in }
            }
            #expect(start.duration(to: .now) < .seconds(20))
        }

        @Test func `a pruned stream is noticed`() async throws {
            var small = stream
            small.arguments = [
                "x-max-length-bytes": .integer(40_000), "x-stream-max-segment-size-bytes": .integer(10_000),
            ]
            let pruned = lab.topology(small)
            try await lab.publishing(pruned) { [small] publisher in
                for round in 0..<60 {
                    let outcomes = await publisher.publish(
                        (0..<20).map { lab.message(round * 20 + $0, to: small, bytes: 200) }
                    )
                    #expect(outcomes.allSatisfy { $0 == .confirmed })
                }
            }
            let reader = StreamReader(try lab.configuration(), stream: small.name, topology: pruned)
            await #expect(throws: StreamReplaced.self) {
                try await reader.run(from: .at(offset: 0, id: nil)) { _ in Issue.record("nothing may be handled") }
            }
        }

        @Test func `a deleted and recreated stream is noticed while reading`() async throws {
            try await publish(0..<5)
            let reader = try makeReader()
            let basket = Basket()
            await #expect(throws: StreamReplaced.self) {
                try await running({ try await reader.run(from: .first) { basket.add($0) } }, stop: {}) {
                    try await basket.waitFor(5)
                    _ = try await lab.broker.control(["delete_queue", stream.name])
                }
            }
            #expect(basket.numbers == Array(0..<5))
        }

        @Test func `what a failed handler did not finish comes again, once`() async throws {
            struct Broken: Error {}
            try await publish(0..<50)
            let failures = Atomic(1)
            let basket = Basket()
            let reader = StreamReader(
                try lab.configuration(),
                stream: stream.name,
                topology: topology,
                prefetch: 20,
                maxBatch: 10
            )
            try await running(
                {
                    try await reader.run(from: .first) { deliveries in
                        if deliveries.contains(where: { $0.offset == 25 }),
                            failures.exchange(0, ordering: .relaxed) == 1
                        {
                            throw Broken()
                        }
                        basket.add(deliveries)
                    }
                },
                stop: { reader.stop() }
            ) {
                try await basket.waitFor(50)
            }
            #expect(basket.numbers == Array(0..<50))
        }
    }
}
