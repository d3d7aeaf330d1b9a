import Contracts
import Kernel

/// Who asks, and until when.
package struct RequestContext: Sendable {
    /// The caller's idempotency key.
    package struct Idempotency: Sendable, Equatable {
        /// Token subject, method and path.
        package var scope: String
        package var key: String
        /// Of the request, so that a reused key with another request is noticed.
        package var digest: String

        package init(scope: String, key: String, digest: String) {
            self.scope = scope
            self.key = key
            self.digest = digest
        }
    }

    package var actor: Actor
    package var deadline: Duration
    package var traceparent: String?
    package var idempotency: Idempotency?
    /// The same over all retries.
    package var commandID: Identifier

    package init(
        actor: Actor,
        deadline: Duration = Limits.commandDeadline,
        traceparent: String? = nil,
        idempotency: Idempotency? = nil,
        commandID: Identifier = .make()
    ) {
        self.actor = actor
        self.deadline = deadline
        self.traceparent = traceparent
        self.idempotency = idempotency
        self.commandID = commandID
    }
}

/// Sends commands to their owners and waits for the answers, by direct reply-to on a connection of its own.
package final class Requester: Sendable {
    /// How long an absent owner is waited for before the caller hears about it.
    private static let absenceLimit: Duration = .seconds(2)
    /// Between two tries to reach an absent owner.
    private static let absencePause: Duration = .milliseconds(150)
    /// What a caller is told to wait before it tries again.
    private static let retryAfter: Duration = .seconds(2)

    private let broker: BrokerConfiguration
    private let topology: Topology
    private let mailbox = RequestMailbox()

    /// - Parameter topology: declared before the first request of every connection.
    package init(_ broker: BrokerConfiguration, topology: Topology = .standard) {
        self.broker = broker
        self.topology = topology
    }

    /// Connects and reconnects until ``stop()`` is called or the task is cancelled. Call it once.
    package func run() async throws {
        let (broker, topology, mailbox) = (broker, topology, mailbox)
        await withConnectionThread(named: "amqp-request", stop: { mailbox.stop() }) {
            let metrics = MessagingMetrics(connection: broker.connectionName)
            let reconnector = Reconnector(
                broker: broker,
                wakeUp: mailbox.wakeUp,
                metrics: metrics,
                isStopping: { mailbox.isStopping }
            )
            reconnector.run { connection in
                let loop = RequestLoop(connection: connection, mailbox: mailbox, broker: broker, metrics: metrics)
                defer { loop.abandon() }
                try loop.serve(topology)
            }
            mailbox.finish()
        }
    }

    /// Waits for the answers still open, for a moment, then closes the connection and ends ``run()``.
    package func stop() {
        mailbox.stop()
    }

    /// Whether a connection is up and replies are consumed.
    package var isConnected: Bool { mailbox.gate.isOpen }

    /// Returns when connected, stopped, or when the task is cancelled.
    package func waitUntilConnected() async {
        await mailbox.gate.wait()
    }

    /// Sends a command and decodes the owner's answer.
    ///
    /// - Parameter queue: the owner's command queue, such as `Topic.workflow()`.
    /// - Throws: the owner's ``Fault``; `unavailable` when the broker or the owner is away; `deadline-exceeded` when no
    ///   answer came in time (the command may have been carried out: ask again with the same idempotency key);
    ///   `CancellationError`.
    package func request<C: Command>(
        _ command: C,
        to queue: String,
        context: RequestContext
    ) async throws -> CommandReply<C.Reply> {
        let reply = try await exchange(command, to: queue, context: context)
        do {
            return try ContractCoder.decode(CommandReply<C.Reply>.self, from: reply.body)
        } catch {
            throw Fault(.internalError, "the answer to \(C.name) could not be read", cause: error)
        }
    }

    /// Like ``request(_:to:context:)`` without decoding the answer.
    package func exchange<C: Command>(
        _ command: C,
        to queue: String,
        context: RequestContext
    ) async throws -> Reply {
        let message = try Self.message(for: command, to: queue, context: context)
        let reply = try await exchange(message, deadline: context.deadline)
        guard reply.properties.type == ReplyType.fault else { return reply }
        let refusal: FaultReply
        do {
            refusal = try ContractCoder.decode(from: reply.body)
        } catch {
            throw Fault(.internalError, "the refusal of \(C.name) could not be read", cause: error)
        }
        throw refusal.fault
    }

    /// Retries with the same message id while the connection breaks or the owner is away.
    private func exchange(_ message: OutgoingMessage, deadline limit: Duration) async throws -> Reply {
        let start = ContinuousClock.now
        let deadline = start.advanced(by: limit)
        let absenceDeadline = min(deadline, start.advanced(by: Self.absenceLimit))
        var mayHaveArrived = false
        while true {
            try Task.checkCancellation()
            if !isConnected {
                let patience = mayHaveArrived ? deadline : absenceDeadline
                await mailbox.gate.wait(atMost: max(.zero, ContinuousClock.now.duration(to: patience)))
            }
            if !isConnected {
                try Task.checkCancellation()
                throw mayHaveArrived
                    ? Self.late(message)
                    : Fault(.unavailable, "the message broker is away", retryAfter: Self.retryAfter)
            }
            switch await mailbox.exchange(message, deadline: deadline) {
            case .reply(let reply): return reply
            case .disconnected(let wasSent): mayHaveArrived = mayHaveArrived || wasSent
            case .cancelled: throw CancellationError()
            case .late(wasSent: true): throw Self.late(message)
            case .late(wasSent: false):
                throw Fault(.unavailable, "the message broker accepts no messages now", retryAfter: Self.retryAfter)
            case .unroutable:
                guard ContinuousClock.now.advanced(by: Self.absencePause) < absenceDeadline else {
                    throw Fault(.unavailable, "\(message.routingKey) is away", retryAfter: Self.retryAfter)
                }
                try await Task.sleep(for: Self.absencePause)
            }
        }
    }

    private static func late(_ message: OutgoingMessage) -> Fault {
        Fault(.timeout, "\(message.routingKey) did not answer in time")
    }

    private static func message<C: Command>(
        for command: C,
        to queue: String,
        context: RequestContext
    ) throws -> OutgoingMessage {
        let now = Timestamp.now()
        var headers = [
            MessageHeader.actor: String(decoding: try ContractCoder.encode(context.actor), as: UTF8.self),
            MessageHeader.deadline: (now + context.deadline).description,
        ]
        headers[MessageHeader.traceparent] = context.traceparent
        if let idempotency = context.idempotency {
            headers[MessageHeader.idempotencyScope] = idempotency.scope
            headers[MessageHeader.idempotencyKey] = idempotency.key
            headers[MessageHeader.idempotencyDigest] = idempotency.digest
        }
        let properties = MessageProperties(
            messageID: context.commandID.description,
            type: C.name,
            contentType: ContentType.json,
            replyTo: Topic.replyTo,
            timestamp: now,
            headers: headers
        )
        let message = OutgoingMessage(
            exchange: Topic.commands,
            routingKey: queue,
            properties: properties,
            body: try ContractCoder.encode(command),
            mandatory: true
        )
        guard PropertyCoding.isEncodable(message) else {
            throw Fault(.tooLarge, "the headers of \(C.name) are too large")
        }
        return message
    }
}
