import Contracts
import GRDB
import Kernel
import Logging
import Messaging
import Metrics
import Storage
import Synchronization

/// Answers commands: a batch of deliveries is one group commit with a savepoint for each command; the replies leave
/// after the commit, the acknowledgement after the replies.
///
/// A command with an idempotency key stores its reply in the inbox when it succeeds; a refusal changes nothing and is
/// decided anew. Commands without a key leave nothing behind: they are protected against repetition by their handlers'
/// own keys (a claim's sandbox id, a result's task and attempt) and, for as long as a caller waits, by their id.
package final class CommandServer: Sendable {
    private let store: Store
    private let send: @Sendable (OutgoingMessage) -> Void
    private let source: String
    private let service: String
    private let handlers: [String: CommandHandlers.Prepare]
    private let settle: (@Sendable (Transaction) throws -> Void)?
    private let time: any TimeSource
    private let recent = RecentReplies()
    private let metrics = CommandMetrics()
    private let logger: Logger
    private let lastPrune = Mutex<Duration>(.zero)

    /// - Parameters:
    ///   - source: CloudEvents `source` of what handlers emit, `/ticket-workflow/0`.
    ///   - service: the service's name, also `app_id` of replies.
    ///   - settle: run at the end of each successful unit, in its savepoint.
    ///   - deadLetterSources: who can run a dead letter that is not a command again.
    package convenience init(
        store: Store,
        publisher: Publisher,
        source: String,
        service: String,
        handlers: CommandHandlers,
        settle: (@Sendable (Transaction) throws -> Void)? = nil,
        time: any TimeSource = SystemTime(),
        deadLetterSources: [any DeadLetterSource] = []
    ) {
        self.init(
            store: store,
            source: source,
            service: service,
            handlers: handlers,
            settle: settle,
            time: time,
            deadLetterSources: deadLetterSources,
            send: { publisher.send($0) }
        )
    }

    /// - Parameter send: takes the replies.
    init(
        store: Store,
        source: String,
        service: String,
        handlers: CommandHandlers,
        settle: (@Sendable (Transaction) throws -> Void)?,
        time: any TimeSource,
        deadLetterSources: [any DeadLetterSource],
        send: @escaping @Sendable (OutgoingMessage) -> Void
    ) {
        self.store = store
        self.send = send
        self.source = source
        self.service = service
        self.settle = settle
        self.time = time
        logger = Logger(label: "commands")
        var all = handlers
        let office = DeadLetterOffice(
            service: service,
            commands: handlers,
            settle: settle,
            sources: deadLetterSources
        )
        office.addHandlers(to: &all)
        self.handlers = all.all
    }

    /// A subscription that answers everything on `queue`.
    package func subscription(queue: QueueDeclaration) -> Subscription {
        Subscription(queue: queue, prefetch: Limits.prefetch, maxBatch: Limits.batch) { [self] batch in
            try await handle(batch)
        }
    }

    /// Handles one batch.
    ///
    /// - Throws: when the commit failed; nothing was answered then.
    func handle(_ batch: [Delivery]) async throws {
        let now = time.now()
        var units: [@Sendable (Database) throws -> CommandOutcome] = []
        var pending: [(command: IncomingCommand, unit: Int)] = []
        var queries: [(command: IncomingCommand, run: @Sendable (Database) throws -> [UInt8])] = []
        var unitByID: [String: Int] = [:]
        for delivery in batch {
            let id = delivery.properties.messageID
            if let outcome = recent.find(id) {
                reply(outcome, to: delivery)
                continue
            }
            let command = IncomingCommand(delivery, handlers: handlers, now: now)
            switch command.plan {
            case .drop: metrics.count(command.name, "expired")
            case .run(.query(let run)): queries.append((command, run))
            case .run(.change(let run)):
                if let id, let unit = unitByID[id] {
                    pending.append((command, unit))
                } else {
                    id.map { unitByID[$0] = units.count }
                    pending.append((command, units.count))
                    units.append(unit(for: command, now: now, run))
                }
            case .bury(let fault):
                pending.append((command, units.count))
                units.append(burial(of: command, now: now, fault))
            }
        }
        let results = try await store.write(batch: units)
        FaultPoint.reach("after-commit-before-reply")
        finish(pending, results)
        for (command, run) in queries { await answer(command, run) }
        try await prune()
        FaultPoint.reach("after-commit-before-ack")
    }

    /// Forgets old idempotency keys, at most once a minute.
    private func prune() async throws {
        let uptime = time.uptime()
        let isDue = lastPrune.withLock { last in
            guard uptime - last >= .seconds(60) else { return false }
            last = uptime
            return true
        }
        guard isDue else { return }
        let oldest = time.now() - Limits.inboxRetention
        _ = try await store.write { try Inbox.prune(olderThan: oldest, in: $0) }
    }

    private func unit(
        for command: IncomingCommand,
        now: Timestamp,
        _ run: @escaping @Sendable (Transaction) throws -> [UInt8]
    ) -> @Sendable (Database) throws -> CommandOutcome {
        { [source, settle] database in
            if let key = command.idempotency, let earlier = try Inbox.find(scope: key.scope, key: key.key, in: database)
            {
                guard earlier.digest == key.digest else {
                    throw Fault(.idempotencyMismatch, "the idempotency key '\(key.key)' was used for another request")
                }
                return CommandOutcome(type: earlier.replyType, body: earlier.reply, label: "repeated")
            }
            let transaction = Transaction(
                database,
                now: now,
                actor: command.actor,
                source: source,
                traceparent: command.traceparent,
                idempotency: command.idempotency
            )
            var outcome: CommandOutcome
            do {
                let reply = try run(transaction)
                try settle?(transaction)
                outcome = .ok(reply: reply, events: transaction.events.map(\.bytes))
                if let key = command.idempotency {
                    try Inbox.insert(
                        InboxEntry(
                            scope: key.scope,
                            key: key.key,
                            digest: key.digest,
                            reply: outcome.body,
                            replyType: outcome.type,
                            at: now
                        ),
                        in: database
                    )
                }
            } catch let kept as KeptFault {
                try settle?(transaction)
                outcome = .fault(kept.fault)
            }
            outcome.actions = transaction.actions
            FaultPoint.reach("before-commit")
            return outcome
        }
    }

    private func burial(
        of command: IncomingCommand,
        now: Timestamp,
        _ fault: Fault
    ) -> @Sendable (Database) throws -> CommandOutcome {
        { database in
            let delivery = command.delivery
            try DeadLetters.insert(
                source: delivery.queue,
                type: command.name,
                reason: fault.message,
                messageID: delivery.properties.messageID,
                headers: delivery.properties.headers,
                body: delivery.body,
                at: now,
                in: database
            )
            return .fault(fault)
        }
    }

    private func finish(
        _ pending: [(command: IncomingCommand, unit: Int)],
        _ results: [Result<CommandOutcome, any Error>]
    ) {
        let uptime = time.uptime()
        for result in results {
            if case .success(let outcome) = result { for action in outcome.actions { action() } }
        }
        for (command, unit) in pending {
            let outcome = outcome(of: results[unit], command)
            metrics.count(command.name, outcome.label)
            if case .success = results[unit] {
                recent.insert(outcome, for: command.delivery.properties.messageID, uptime: uptime)
            }
            reply(outcome, to: command.delivery)
        }
    }

    private func answer(_ command: IncomingCommand, _ run: @escaping @Sendable (Database) throws -> [UInt8]) async {
        let outcome: CommandOutcome
        do {
            outcome = .ok(reply: try await store.read(run), events: [])
        } catch {
            outcome = self.outcome(of: .failure(error), command)
        }
        metrics.count(command.name, outcome.label)
        reply(outcome, to: command.delivery)
    }

    private func outcome(of result: Result<CommandOutcome, any Error>, _ command: IncomingCommand) -> CommandOutcome {
        switch result {
        case .success(let outcome): return outcome
        case .failure(let fault as Fault): return .fault(fault)
        case .failure(let error):
            logger.error(
                "command failed",
                metadata: [
                    "command": "\(command.name)", "id": "\(command.delivery.properties.messageID ?? "none")",
                    "reason": "\(error)",
                ]
            )
            return .fault(Fault(.internalError, "the command failed; the log of \(service) says why"))
        }
    }

    private func reply(_ outcome: CommandOutcome, to delivery: Delivery) {
        guard let replyTo = delivery.properties.replyTo else { return }
        let properties = MessageProperties(
            messageID: Identifier.make().description,
            type: outcome.type,
            appID: service,
            contentType: ContentType.json,
            correlationID: delivery.properties.correlationID ?? delivery.properties.messageID,
            timestamp: time.now()
        )
        send(
            OutgoingMessage(exchange: "", routingKey: replyTo, properties: properties, body: outcome.body)
        )
    }
}
