import BenchmarkBaselines
import Kernel
import LocalBroker
import Messaging
import Synchronization
import TestSupport

/// The messaging layer against a bare C loop on the same quorum queue with the same window.
enum MessagingRows {
    private static let messages = 20_000
    private static let bodyBytes = 600

    static func measure(runs: Int) async throws -> [Row] {
        try await withTemporaryDirectory { directory in
            let broker = try await LocalBroker.start(directory: "\(directory)/broker")
            let result: Result<[Row], any Error>
            do {
                result = .success(try await measure(broker, runs: runs))
            } catch {
                result = .failure(error)
            }
            await broker.stop()
            return try result.get()
        }
    }

    private static func measure(_ broker: LocalBroker, runs: Int) async throws -> [Row] {
        let queue = QueueDeclaration(
            name: "bench",
            kind: .quorum,
            durable: true,
            autoDelete: false,
            exclusive: false,
            bindings: []
        )
        // Declares the queue.
        _ = try await consume(broker, queue, count: 0)
        var samples: [String: [Double]] = [:]
        for _ in 0..<runs {
            let count = Double(messages)
            samples["publish", default: []].append(count / (try await publish(broker, queue)))
            samples["consume", default: []].append(count / (try await consume(broker, queue, count: messages)))
            let address = try Address(url: broker.url)
            try address.withC { c in
                let published = omoi_baseline_publish(
                    c,
                    queue.name,
                    Int32(messages),
                    Int32(bodyBytes),
                    Int32(Limits.confirmWindow)
                )
                let consumed = omoi_baseline_consume(
                    c,
                    queue.name,
                    Int32(messages),
                    Int32(Limits.prefetch),
                    Int32(Limits.batch)
                )
                guard published > 0, consumed > 0 else { throw Fault(.internalError, "the bare C loop failed") }
                samples["bare publish", default: []].append(count / published)
                samples["bare consume", default: []].append(count / consumed)
            }
        }
        return [
            Row(
                name: "confirmed publishes, quorum queue",
                value: Statistics.median(samples["publish"] ?? []),
                unit: "messages/s",
                baseline: "plain C loop",
                baselineValue: Statistics.median(samples["bare publish"] ?? []),
                goal: "ratio >= 0.65"
            ),
            Row(
                name: "consumed and acknowledged, quorum queue",
                value: Statistics.median(samples["consume"] ?? []),
                unit: "messages/s",
                baseline: "plain C loop",
                baselineValue: Statistics.median(samples["bare consume"] ?? []),
                goal: "ratio >= 0.80"
            ),
        ]
    }

    private static func publish(_ broker: LocalBroker, _ queue: QueueDeclaration) async throws -> Double {
        let publisher = Publisher(try BrokerConfiguration(url: broker.url, connectionName: "bench publish"))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await publisher.run() }
            await publisher.waitUntilConnected()
            let body = [UInt8](repeating: UInt8(ascii: "x"), count: bodyBytes)
            var properties = MessageProperties()
            properties.persistent = true
            properties.contentType = "application/json"
            let message = OutgoingMessage(
                exchange: "",
                routingKey: queue.name,
                properties: properties,
                body: body,
                mandatory: false
            )
            let elapsed = try await Statistics.seconds {
                let outcomes = await publisher.publish([OutgoingMessage](repeating: message, count: messages))
                guard outcomes.allSatisfy({ $0 == .confirmed }) else {
                    throw Fault(.internalError, "a publish was not confirmed")
                }
            }
            publisher.stop()
            try await group.waitForAll()
            return elapsed
        }
    }

    private static func consume(
        _ broker: LocalBroker,
        _ queue: QueueDeclaration,
        count: Int
    ) async throws -> Double {
        let (finished, done) = AsyncStream.makeStream(of: Void.self)
        let received = Mutex(0)
        let subscription = Subscription(queue: queue, prefetch: Limits.prefetch, maxBatch: Limits.batch) { deliveries in
            let total = received.withLock { received in
                received += deliveries.count
                return received
            }
            if total >= count { done.finish() }
        }
        let consumer = Consumer(
            try BrokerConfiguration(url: broker.url, connectionName: "bench consume"),
            subscriptions: [subscription]
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let start = ContinuousClock.now
            group.addTask { try await consumer.run() }
            await consumer.waitUntilConsuming()
            if count > 0 { for await _ in finished {} }
            let elapsed = start.duration(to: .now).seconds
            consumer.stop()
            try await group.waitForAll()
            return elapsed
        }
    }

    /// The parts of an `amqp://user:password@host:port/` address for the C loop.
    private struct Address {
        var host: String
        var port: Int32
        var user: String
        var password: String

        init(url: String) throws {
            let parts = url.split(whereSeparator: { ":@/".contains($0) }).map(String.init)
            guard parts.count >= 5, let port = Int32(parts[4]) else { throw Fault.invalid("url", url) }
            user = parts[1]
            password = parts[2]
            host = parts[3]
            self.port = port
        }

        func withC(_ body: (omoi_broker) throws -> Void) rethrows {
            try host.withCString { host in
                try user.withCString { user in
                    try password.withCString { password in
                        try body(omoi_broker(host: host, port: port, user: user, password: password))
                    }
                }
            }
        }
    }
}
