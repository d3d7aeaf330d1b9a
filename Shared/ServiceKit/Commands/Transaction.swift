import Contracts
import GRDB
import Kernel
import Storage

/// The caller's idempotency key, as it came with the command.
package struct Idempotency: Sendable, Equatable {
    /// Who asked for what: token subject, method and path.
    package var scope: String
    package var key: String
    /// Of the request; another one under the same key is refused.
    package var digest: String

    package init(scope: String, key: String, digest: String) {
        self.scope = scope
        self.key = key
        self.digest = digest
    }
}

/// A refusal whose changes are kept: the unit is committed with its events, and the answer is the fault all the same.
package struct KeptFault: Error, Sendable {
    package let fault: Fault

    package init(_ fault: Fault) {
        self.fault = fault
    }
}

/// One unit of work: a message being handled inside a savepoint. Lives only as long as the handler runs.
package final class Transaction {
    package let database: Database
    package let now: Timestamp
    package let actor: Actor
    /// W3C trace context of the message.
    package let traceparent: String?
    /// nil when the caller sent no key.
    package let idempotency: Idempotency?
    /// What ``emit(_:_:)`` was given, each with its encoded bytes, in order.
    package private(set) var events: [(event: Event, bytes: [UInt8])] = []
    private let source: String
    /// What ``afterCommit(_:)`` was given: for who opens a transaction of its own and runs them after the commit.
    package private(set) var actions: [@Sendable () -> Void] = []

    /// - Parameter source: CloudEvents `source` of the events, `/ticket-workflow/0`.
    package init(
        _ database: Database,
        now: Timestamp,
        actor: Actor,
        source: String,
        traceparent: String? = nil,
        idempotency: Idempotency? = nil
    ) {
        self.database = database
        self.now = now
        self.actor = actor
        self.source = source
        self.traceparent = traceparent
        self.idempotency = idempotency
    }

    /// Appends an event to the outbox; it is published after the commit and, for a command, part of the reply.
    package func emit(_ type: EventType, _ data: EventData) throws {
        let reference = data.reference
        let event = Event(
            id: .make(bucket: reference.id.bucket),
            source: source,
            type: type,
            time: now,
            traceparent: traceparent,
            data: data
        )
        let bytes = try ContractCoder.encode(event)
        var headers = [
            MessageHeader.subject: reference.id.description, MessageHeader.version: String(reference.version),
        ]
        headers[MessageHeader.project] = reference.projectID?.description
        headers[MessageHeader.traceparent] = traceparent
        try Outbox.append(
            OutboxEntry(
                id: event.id,
                exchange: Topic.events,
                routingKey: type.rawValue,
                contentType: ContentType.cloudEvent,
                headers: headers,
                body: bytes,
                type: type.rawValue,
                at: now
            ),
            to: database
        )
        events.append((event, bytes))
    }

    /// Runs `action` once the commit is durable, and not at all when the unit fails.
    package func afterCommit(_ action: @escaping @Sendable () -> Void) {
        actions.append(action)
    }

    /// Runs the actions given to ``afterCommit(_:)``: for who drives handlers without a server.
    package func committed() {
        for action in actions { action() }
    }

    /// A transaction on the same savepoint for a message of somebody else.
    func acting(as actor: Actor, traceparent: String?) -> Transaction {
        Transaction(database, now: now, actor: actor, source: source, traceparent: traceparent)
    }

    /// Takes over what `other`, of the same savepoint, emitted and left to do.
    func adopt(_ other: Transaction) {
        events += other.events
        actions += other.actions
    }
}
