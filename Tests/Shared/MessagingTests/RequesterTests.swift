import Contracts
import Kernel
import Synchronization
import TestSupport
import Testing

@testable import Messaging

struct EchoCommand: Command {
    static let name = "test.echo"
    struct Reply: Codable, Sendable, Equatable {
        var text: String
    }
    var text: String
}

extension SharedBrokerTests {
    struct RequesterTests {
        private let lab: Lab
        private let queue: QueueDeclaration
        private let topology = Topology(
            exchanges: [ExchangeDeclaration(name: Topic.commands, kind: .direct)],
            queues: []
        )

        init() throws {
            lab = try Lab()
            queue = Topology.commandQueue("owner.\(lab.mark)")
        }

        private func context(_ deadline: Duration = .seconds(10)) -> RequestContext {
            RequestContext(actor: .service("test"), deadline: deadline)
        }

        private func requesting<Value: Sendable>(
            _ body: @Sendable (Requester) async throws -> Value
        ) async throws -> Value {
            let requester = Requester(try lab.configuration("request"), topology: topology)
            return try await running({ try await requester.run() }, stop: { requester.stop() }) {
                await requester.waitUntilConnected()
                return try await body(requester)
            }
        }

        /// An owner that answers each command by `answer`; nil for silence.
        private func owning<Value: Sendable>(
            _ answer: @escaping @Sendable (Delivery) throws -> (type: String, body: [UInt8])?,
            queue: QueueDeclaration? = nil,
            _ body: @Sendable () async throws -> Value
        ) async throws -> Value {
            try await lab.publishing(topology) { publisher in
                let subscription = Subscription(queue: queue ?? self.queue) { deliveries in
                    for delivery in deliveries {
                        guard let (type, body) = try answer(delivery), let replyTo = delivery.properties.replyTo
                        else { continue }
                        publisher.send(
                            OutgoingMessage(
                                exchange: "",
                                routingKey: replyTo,
                                properties: MessageProperties(
                                    type: type,
                                    correlationID: delivery.properties.correlationID
                                ),
                                body: body
                            )
                        )
                    }
                }
                return try await lab.consuming(subscription, topology: topology) { _ in try await body() }
            }
        }

        private static func echo(_ delivery: Delivery) throws -> (type: String, body: [UInt8])? {
            let command: EchoCommand = try ContractCoder.decode(from: delivery.body)
            let reply = CommandReply(reply: EchoCommand.Reply(text: command.text), changes: [])
            return (ReplyType.ok, try ContractCoder.encode(reply))
        }

        @Test func `hundreds of requests at once each get their own answer`() async throws {
            try await owning(Self.echo) {
                try await requesting { requester in
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for number in 0..<400 {
                            group.addTask {
                                let reply = try await requester.request(
                                    EchoCommand(text: "\(number)"),
                                    to: queue.name,
                                    context: context()
                                )
                                #expect(reply.reply.text == "\(number)")
                            }
                        }
                        try await group.waitForAll()
                    }
                }
            }
        }

        @Test func `the owner gets identity, deadline, trace and idempotency`() async throws {
            let seen = Basket()
            var context = context(.seconds(7))
            context.traceparent = "00-trace-01"
            context.idempotency = RequestContext.Idempotency(scope: "s", key: "k", digest: "d")
            try await owning({
                seen.add([$0])
                return try Self.echo($0)
            }) { [context] in
                _ = try await requesting { requester in
                    try await requester.request(EchoCommand(text: "x"), to: queue.name, context: context)
                }
            }
            let properties = try #require(seen.deliveries.first?.properties)
            #expect(properties.messageID == context.commandID.description)
            #expect(properties.type == "test.echo" && properties.contentType == "application/json")
            let expiration = try #require(properties.expiration)
            #expect(expiration > .seconds(5) && expiration <= .seconds(7))
            let headers = properties.headers
            #expect(headers[MessageHeader.traceparent] == "00-trace-01")
            #expect(headers[MessageHeader.idempotencyScope] == "s" && headers[MessageHeader.idempotencyKey] == "k")
            #expect(headers[MessageHeader.idempotencyDigest] == "d")
            let actor: Actor = try ContractCoder.decode(from: Array((headers[MessageHeader.actor] ?? "").utf8))
            #expect(actor == .service("test"))
            let deadline = try #require(headers[MessageHeader.deadline].flatMap { Timestamp($0) })
            #expect(deadline > .now() && deadline < .now() + .seconds(7))
        }

        @Test func `a refusal is thrown as the owner's fault`() async throws {
            let refusal = Fault(.conflict, "no", errors: [.init(field: "f", message: "m")], retryAfter: .seconds(3))
            try await owning({ _ in (ReplyType.fault, try ContractCoder.encode(FaultReply(refusal))) }) {
                let fault = try await requesting { requester in
                    await #expect(throws: Fault.self) {
                        _ = try await requester.request(EchoCommand(text: "x"), to: queue.name, context: context())
                    }
                }
                #expect(fault == refusal)
            }
        }

        @Test func `an answer that cannot be read is an internal error`() async throws {
            try await owning({ _ in (ReplyType.ok, [1, 2, 3]) }) {
                let fault = try await requesting { requester in
                    await #expect(throws: Fault.self) {
                        _ = try await requester.request(EchoCommand(text: "x"), to: queue.name, context: context())
                    }
                }
                #expect(fault?.code == .internalError)
            }
        }

        @Test func `an absent owner is unavailable after about two seconds`() async throws {
            let start = ContinuousClock.now
            let fault = try await requesting { requester in
                await #expect(throws: Fault.self) {
                    _ = try await requester.request(EchoCommand(text: "x"), to: queue.name, context: context())
                }
            }
            #expect(fault?.code == .unavailable && fault?.retryAfter != nil)
            let elapsed = start.duration(to: .now)
            #expect(elapsed > .seconds(1.5) && elapsed < .seconds(6))
        }

        @Test func `an owner that comes back in time is reached`() async throws {
            var unbound = queue
            unbound.bindings = []
            let reply = try await owning(Self.echo, queue: unbound) {
                try await requesting { requester in
                    async let reply = requester.request(
                        EchoCommand(text: "late"),
                        to: queue.name,
                        context: context()
                    )
                    // Only the binding was missing until now.
                    let connection = try AMQPConnection(lab.configuration("late"))
                    try connection.openChannel(1)
                    try connection.declare(queue, channel: 1)
                    connection.close()
                    return try await reply
                }
            }
            #expect(reply.reply.text == "late")
        }

        @Test func `silence ends at the deadline`() async throws {
            try await owning({ _ in nil }) {
                let (fault, elapsed) = try await requesting { requester in
                    let start = ContinuousClock.now
                    let fault = await #expect(throws: Fault.self) {
                        _ = try await requester.request(
                            EchoCommand(text: "x"),
                            to: queue.name,
                            context: context(.milliseconds(500))
                        )
                    }
                    return (fault, start.duration(to: .now))
                }
                #expect(fault?.code == .timeout)
                #expect(elapsed >= .milliseconds(500) && elapsed < .seconds(3))
            }
        }

        @Test func `a cancelled caller is let go at once`() async throws {
            try await owning({ _ in nil }) {
                try await requesting { requester in
                    await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask {
                            _ = try await requester.request(
                                EchoCommand(text: "x"),
                                to: queue.name,
                                context: context(.seconds(60))
                            )
                        }
                        group.cancelAll()
                        await #expect(throws: CancellationError.self) { try await group.waitForAll() }
                    }
                }
            }
        }

        @Test func `without a broker a request is unavailable`() async throws {
            var broker = try lab.configuration()
            broker.port = 1
            let requester = Requester(broker, topology: topology)
            let fault = try await running({ try await requester.run() }, stop: { requester.stop() }) {
                await #expect(throws: Fault.self) {
                    _ = try await requester.request(
                        EchoCommand(text: "x"),
                        to: queue.name,
                        context: context(.milliseconds(300))
                    )
                }
            }
            #expect(fault?.code == .unavailable)
        }
    }
}
