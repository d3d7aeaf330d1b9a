import Contracts
import Kernel
import LocalBroker
import Logging
import Messaging
import ServiceLifecycle
import TestSupport
import Testing

@testable import ServiceKit

/// One broker for all suites nested below, because starting one takes seconds.
@Suite(.broker, .timeLimit(.minutes(4)))
struct SharedBrokerTests {}

/// A broker of their own for tests that kill it; one after the other.
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
    let mark = String(UInt32.random(in: .min ... .max), radix: 16)
    let exchange: String

    init() throws {
        broker = try #require(BrokerTrait.current)
        exchange = "test.\(mark)"
    }

    func configuration(_ name: String) throws -> BrokerConfiguration {
        try BrokerConfiguration(url: broker.url, connectionName: "\(name).\(mark)")
    }

    /// A queue that gets everything published to the lab's exchange.
    func queue(_ kind: QueueDeclaration.Kind = .quorum) -> QueueDeclaration {
        QueueDeclaration(
            name: "\(kind.rawValue).\(mark)",
            kind: kind,
            bindings: [Binding(exchange: exchange, routingKey: "#")]
        )
    }

    func topology(_ queues: QueueDeclaration...) -> Topology {
        Topology(exchanges: [ExchangeDeclaration(name: exchange, kind: .topic)], queues: queues)
    }

    func message(_ text: String, id: Identifier = .make()) -> OutgoingMessage {
        OutgoingMessage(
            exchange: exchange,
            routingKey: "note",
            properties: MessageProperties(messageID: id.description, type: "note", persistent: true),
            body: Array(text.utf8),
            mandatory: true
        )
    }

    /// Reads what is in a queue until `isComplete`.
    func drain(
        _ queue: QueueDeclaration,
        until isComplete: @escaping @Sendable ([Delivery]) -> Bool
    ) async throws -> [Delivery] {
        let collected = Collected<Delivery>()
        let consumer = Consumer(
            try configuration("drain"),
            topology: topology(queue),
            subscriptions: [Subscription(queue: queue) { collected.append(contentsOf: $0) }]
        )
        try await withServices([ConsumerService(consumer)]) {
            try await eventually("the queue is drained, \(collected.count) so far") { isComplete(collected.all) }
        }
        return collected.all
    }
}

/// Runs services in order while `body` runs, then stops them gracefully in reverse and waits for their end.
func withServices<Value: Sendable>(
    _ services: [any Service],
    _ body: () async throws -> Value
) async throws -> Value {
    var logger = Logger(label: "test services")
    logger.logLevel = .critical
    let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: services, logger: logger))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        let result: Result<Value, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        return try result.get()
    }
}
