import Kernel
import LocalBroker
import Synchronization
import TestSupport
import Testing

@testable import Messaging

/// One broker for all suites nested below, because starting one takes seconds.
@Suite(.broker, .timeLimit(.minutes(4)))
struct SharedBrokerTests {}

/// A broker of their own for tests that kill or block it; one after the other.
@Suite(.broker, .serialized, .timeLimit(.minutes(5)))
struct OwnBrokerTests {}

/// Starts a broker before a suite and stops it afterwards.
struct BrokerTrait: SuiteTrait, TestScoping {
    @TaskLocal static var current: LocalBroker?

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let broker = try await LocalBroker.start(directory: directory)
            do {
                try await Self.$current.withValue(broker) { try await function() }
            } catch {
                await broker.stop()
                throw error
            }
            await broker.stop()
        }
    }
}

extension Trait where Self == BrokerTrait {
    static var broker: BrokerTrait { BrokerTrait() }
}

/// The suite's broker with names nobody else uses.
struct Lab: Sendable {
    let broker: LocalBroker
    /// Part of every name.
    let mark = String(UInt32.random(in: .min ... .max), radix: 16)
    let exchange: String
    let none = Topology(exchanges: [], queues: [])

    init() throws {
        broker = try #require(BrokerTrait.current)
        exchange = "test.\(mark)"
    }

    func configuration(_ name: String = "test") throws -> BrokerConfiguration {
        try BrokerConfiguration(url: broker.url, connectionName: "\(name).\(mark)")
    }

    /// A queue bound to the exchange with its own name as key.
    func queue(
        _ name: String,
        kind: QueueDeclaration.Kind = .quorum,
        arguments: [String: QueueArgument] = [:]
    ) -> QueueDeclaration {
        let name = "\(name).\(mark)"
        var arguments = arguments
        if kind == .quorum { arguments["x-delivery-limit"] = .integer(100_000) }
        return QueueDeclaration(
            name: name,
            kind: kind,
            arguments: arguments,
            bindings: [Binding(exchange: exchange, routingKey: name)]
        )
    }

    func topology(_ queues: QueueDeclaration...) -> Topology {
        Topology(exchanges: [ExchangeDeclaration(name: exchange, kind: .topic)], queues: queues)
    }

    func message(
        _ number: Int,
        to queue: QueueDeclaration,
        bytes: Int = 0,
        mandatory: Bool = true
    ) -> OutgoingMessage {
        OutgoingMessage(
            exchange: exchange,
            routingKey: queue.name,
            properties: MessageProperties(
                messageID: Identifier.make().description,
                type: "\(number)",
                persistent: true
            ),
            body: Array(repeating: UInt8(truncatingIfNeeded: number), count: bytes),
            mandatory: mandatory
        )
    }

    /// Runs a publisher during `body`.
    func publishing<Value: Sendable>(
        _ topology: Topology,
        _ body: @Sendable (Publisher) async throws -> Value
    ) async throws -> Value {
        let publisher = Publisher(try configuration("publish"), topology: topology)
        return try await running({ try await publisher.run() }, stop: { publisher.stop() }) {
            await publisher.waitUntilConnected()
            return try await body(publisher)
        }
    }

    /// Runs a consumer during `body`.
    func consuming<Value: Sendable>(
        _ subscriptions: Subscription...,
        topology: Topology,
        _ body: @Sendable (Consumer) async throws -> Value
    ) async throws -> Value {
        let consumer = Consumer(try configuration("consume"), topology: topology, subscriptions: subscriptions)
        return try await running({ try await consumer.run() }, stop: { consumer.stop() }) {
            await consumer.waitUntilConsuming()
            return try await body(consumer)
        }
    }
}

/// Runs `service` while `body` runs, then stops it and waits for its end.
func running<Value: Sendable>(
    _ service: @escaping @Sendable () async throws -> Void,
    stop: @Sendable () -> Void,
    _ body: @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await service() }
        let result: Value
        do {
            result = try await body()
        } catch {
            stop()
            throw error
        }
        stop()
        try await group.waitForAll()
        return result
    }
}

/// Collects what handlers got.
final class Basket: Sendable {
    private let content = Mutex<[Delivery]>([])

    func add(_ deliveries: [Delivery]) {
        content.withLock { $0 += deliveries }
    }

    var deliveries: [Delivery] { content.withLock { $0 } }
    var count: Int { content.withLock { $0.count } }
    /// The numbers given by `Lab.message`.
    var numbers: [Int] { deliveries.compactMap { $0.properties.type.flatMap { Int($0) } } }

    func waitFor(_ count: Int) async throws {
        try await eventually("\(count) messages, have \(self.count)") { self.count >= count }
    }
}

/// A number shared by tasks.
final class Count: Sendable {
    private let number = Atomic(0)

    var value: Int { number.load(ordering: .relaxed) }

    func set(_ value: Int) {
        number.store(value, ordering: .relaxed)
    }

    func increment() {
        number.add(1, ordering: .relaxed)
    }
}
