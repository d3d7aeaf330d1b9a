import Contracts
import Kernel
import TestSupport
import Testing

@testable import Messaging

extension OwnBrokerTests {
    struct OutageTests {
        private let lab: Lab

        init() throws {
            lab = try Lab()
        }

        /// A caller as it should be: sends in order, and goes back to the first message that was not confirmed.
        private func publishAll(
            _ messages: [OutgoingMessage],
            with publisher: Publisher,
            confirmed: @Sendable (Int) -> Void
        ) async {
            var next = 0
            while next < messages.count, !Task.isCancelled {
                let batch = Array(messages[next..<min(next + 700, messages.count)])
                let outcomes = await publisher.publish(batch)
                let prefix = outcomes.prefix { $0 == .confirmed }.count
                next += prefix
                confirmed(next)
            }
        }

        @Test(arguments: [QueueDeclaration.Kind.quorum, .classic])
        func `defect 1: nothing confirmed is lost when the broker is killed and comes back`(
            _ kind: QueueDeclaration.Kind
        ) async throws {
            let queue = lab.queue("kill", kind: kind)
            let topology = lab.topology(queue)
            let total = 60_000
            let confirmed = Count()
            let basket = Basket()
            let messages = (0..<total).map { lab.message($0, to: queue, bytes: 300) }
            try await lab.consuming(Subscription(queue: queue) { basket.add($0) }, topology: topology) { consumer in
                try await lab.publishing(topology) { publisher in
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask {
                            try await lab.broker.saveRegistry()
                            try await eventually("some confirmed") { confirmed.value > 2000 }
                            await lab.broker.kill()
                            try await eventually("the loss noticed") {
                                !publisher.isConnected && !consumer.isConsuming
                            }
                            try await lab.broker.restart()
                        }
                        group.addTask { await publishAll(messages, with: publisher) { confirmed.set($0) } }
                        try await group.waitForAll()
                    }
                }
                try await eventually("all messages") { Set(basket.numbers).count == total }
            }
            // Duplicates are allowed, holes are not; and the first of each kind arrive in order.
            var seen: Set<Int> = []
            let firsts = basket.numbers.filter { seen.insert($0).inserted }
            #expect(firsts == Array(0..<total))
        }

        @Test func `publishing stops during a memory alarm and goes on after it`() async throws {
            let queue = lab.queue("alarm")
            let topology = lab.topology(queue)
            let done = Count()
            try await lab.publishing(topology) { publisher in
                #expect(await publisher.publish(lab.message(0, to: queue)) == .confirmed)
                _ = try await lab.broker.control(["set_vm_memory_high_watermark", "absolute", "10MB"])
                try await eventually("the alarm") {
                    try await lab.broker.control(["list_connections", "state"]).contains("block")
                }
                let outcomes = try await withThrowingTaskGroup(of: [PublishOutcome].self) { group in
                    for number in 1...20 {
                        group.addTask {
                            // More bytes than any socket buffer takes.
                            let batch = (0..<40).map { _ in lab.message(number, to: queue, bytes: 64 * 1024) }
                            let outcomes = await publisher.publish(batch)
                            done.increment()
                            return outcomes
                        }
                    }
                    // Replies are held back as well, without blocking anybody.
                    publisher.send(lab.message(0, to: queue, mandatory: false))
                    _ = try await lab.broker.control(["list_connections", "name", "state"])
                    #expect(done.value == 0)
                    #expect(publisher.isConnected)
                    _ = try await lab.broker.control(["set_vm_memory_high_watermark", "0.4"])
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                #expect(outcomes.count == 800 && outcomes.allSatisfy { $0 == .confirmed })
            }
        }

        @Test func `a request during an alarm is refused as unavailable or late, not stuck`() async throws {
            let requester = Requester(
                try lab.configuration("request"),
                topology: Topology(
                    exchanges: [ExchangeDeclaration(name: Topic.commands, kind: .direct)],
                    queues: []
                )
            )
            _ = try await lab.broker.control(["set_vm_memory_high_watermark", "absolute", "10MB"])
            try await running({ try await requester.run() }, stop: { requester.stop() }) {
                await requester.waitUntilConnected()
                for _ in 0..<3 {
                    let fault = await #expect(throws: Fault.self) {
                        _ = try await requester.request(
                            EchoCommand(text: "x"),
                            to: "nobody",
                            context: RequestContext(actor: .service("test"), deadline: .milliseconds(800))
                        )
                    }
                    #expect(fault?.code == .unavailable || fault?.code == .timeout)
                }
            }
            _ = try await lab.broker.control(["set_vm_memory_high_watermark", "0.4"])
        }

        @Test func `a frozen broker is noticed by its silence and nobody waits for ever`() async throws {
            let queue = lab.queue("frozen")
            var configuration = try lab.configuration()
            configuration.heartbeat = .seconds(1)
            let publisher = Publisher(configuration, topology: lab.topology(queue))
            try await running({ try await publisher.run() }, stop: { publisher.stop() }) {
                #expect(await publisher.publish(lab.message(0, to: queue)) == .confirmed)
                lab.broker.pause()
                let start = ContinuousClock.now
                let outcomes = await publisher.publish((1...2000).map { lab.message($0, to: queue, bytes: 5000) })
                lab.broker.resume()
                #expect(outcomes.allSatisfy { $0 == .unknown })
                #expect(start.duration(to: .now) < .seconds(20))
                #expect(await publisher.publish(lab.message(0, to: queue)) == .confirmed)
            }
        }

        @Test func `a stream reader goes on by itself after the broker was killed`() async throws {
            let stream = lab.queue("stream", kind: .stream)
            let topology = lab.topology(stream)
            let reader = StreamReader(try lab.configuration("stream"), stream: stream.name, topology: topology)
            let basket = Basket()
            try await running({ try await reader.run(from: .first) { basket.add($0) } }, stop: { reader.stop() }) {
                try await lab.publishing(topology) { publisher in
                    let first = await publisher.publish((0..<300).map { lab.message($0, to: stream, bytes: 100) })
                    #expect(first.allSatisfy { $0 == .confirmed })
                    try await basket.waitFor(300)
                    try await lab.broker.saveRegistry()
                    await lab.broker.kill()
                    try await lab.broker.restart()
                    let second = await publisher.publish((300..<600).map { lab.message($0, to: stream, bytes: 100) })
                    #expect(second.allSatisfy { $0 == .confirmed })
                }
                try await basket.waitFor(600)
            }
            #expect(basket.numbers == Array(0..<600))
        }

        @Test func `an open request is asked again after the broker came back`() async throws {
            let topology = Topology(
                exchanges: [ExchangeDeclaration(name: Topic.commands, kind: .direct)],
                queues: []
            )
            let queue = Topology.commandQueue("owner.\(lab.mark)")
            let requester = Requester(try lab.configuration("request"), topology: topology)
            let asked = Basket()
            let reply = try ContractCoder.encode(CommandReply(reply: EchoCommand.Reply(text: "done"), changes: []))
            try await lab.publishing(topology) { publisher in
                let subscription = Subscription(queue: queue) { deliveries in
                    asked.add(deliveries)
                    // Silent at first: the connection breaks before the answer.
                    guard asked.count > 1 else { return }
                    for delivery in deliveries {
                        publisher.send(
                            OutgoingMessage(
                                exchange: "",
                                routingKey: delivery.properties.replyTo ?? "",
                                properties: MessageProperties(
                                    type: ReplyType.ok,
                                    correlationID: delivery.properties.correlationID
                                ),
                                body: reply
                            )
                        )
                    }
                }
                try await lab.consuming(subscription, topology: topology) { consumer in
                    try await running({ try await requester.run() }, stop: { requester.stop() }) {
                        await requester.waitUntilConnected()
                        async let answer = requester.request(
                            EchoCommand(text: "x"),
                            to: queue.name,
                            context: RequestContext(actor: .service("test"), deadline: .seconds(100))
                        )
                        try await asked.waitFor(1)
                        await lab.broker.kill()
                        try await lab.broker.restart()
                        let text = try await answer.reply.text
                        #expect(text == "done")
                    }
                }
            }
            let ids = Set(asked.deliveries.map(\.properties.messageID))
            #expect(asked.count >= 2 && ids.count == 1)
        }

        @Test func `the standard topology can be declared, and again after a restart`() async throws {
            for round in 0..<2 {
                let outcome = try await lab.publishing(.standard) { publisher in
                    await publisher.publish(
                        OutgoingMessage(
                            exchange: Topic.events,
                            routingKey: "task.pending",
                            properties: MessageProperties(messageID: "m\(round)", persistent: true),
                            body: [1],
                            mandatory: true
                        )
                    )
                }
                #expect(outcome == .confirmed)
                if round == 0 { try await lab.broker.restart() }
            }
            let list = try await lab.broker.control(["list_queues", "name", "messages", "type"])
            let lines = list.split(separator: "\n").map { String($0) }
            #expect(lines.contains("orchestrator.wake-up\t2\tclassic"))
            // The count of a stream lags behind, so it is read instead.
            #expect(lines.contains { $0.hasPrefix("omoi.activity\t") && $0.hasSuffix("\tstream") })
            let reader = StreamReader(try lab.configuration("stream"), stream: Topic.log)
            let basket = Basket()
            try await running({ try await reader.run(from: .first) { basket.add($0) } }, stop: { reader.stop() }) {
                try await basket.waitFor(2)
            }
            #expect(basket.deliveries.map(\.properties.messageID) == ["m0", "m1"])
            #expect(lines.contains("ticket-workflow.facts\t0\tquorum"))
        }
    }
}
