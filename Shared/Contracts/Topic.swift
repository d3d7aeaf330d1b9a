/// Names on the wire, written here once: exchanges, queues, streams, routing keys and headers.
package enum Topic {
    /// Topic exchange of all domain events; the public contract. Routing key = event type.
    package static let events = "omoi.events"
    /// Topic exchange of activity (never changes an entity). Routing key = activity type.
    package static let activityExchange = "omoi.activity"
    /// Direct exchange of commands.
    package static let commands = "omoi.commands"

    /// Stream of all domain events.
    package static let log = "omoi.log"
    /// Stream of all activity.
    package static let activity = "omoi.activity"

    /// Quorum queue of the sandbox facts the workflow acts on.
    package static let workflowFacts = "ticket-workflow.facts"
    /// Shared, losable queue of `task.pending`.
    package static let wakeUp = "orchestrator.wake-up"

    /// Command queue and routing key of the workflow partition that owns an id. One partition for now.
    package static func workflow(partition: Int = 0) -> String { "ticket-workflow.\(partition)" }
    /// Command queue and routing key of the relay.
    package static let relay = "event-relay"
    /// Command queue and routing key of any orchestrator.
    package static let orchestrator = "orchestrator"
    /// Command queue and routing key of one orchestrator.
    package static func orchestrator(instance: String) -> String { "orchestrator.\(instance)" }

    /// RabbitMQ's pseudo queue for replies (direct reply-to).
    package static let replyTo = "amq.rabbitmq.reply-to"
}

/// Names of AMQP message headers. Values are always flat strings.
package enum MessageHeader {
    package static let traceparent = "traceparent"
    /// Who asks: the token's subject, scope and project as JSON, see ``Actor``.
    package static let actor = "omoi-actor"
    /// Idempotency: scope (subject, method, path), the caller's key, and a digest of the request.
    package static let idempotencyScope = "omoi-idempotency-scope"
    package static let idempotencyKey = "omoi-idempotency-key"
    package static let idempotencyDigest = "omoi-idempotency-digest"
    /// RFC 3339 time after which the owner drops the command unread.
    package static let deadline = "omoi-deadline"
    /// Aggregate id and version of an event, so that a consumer may skip what it already has without decoding.
    package static let subject = "omoi-subject"
    package static let version = "omoi-version"
    package static let project = "omoi-project"
}

/// Content types of message bodies.
package enum ContentType {
    package static let cloudEvent = "application/cloudevents+json"
    package static let json = "application/json"
    package static let problem = "application/problem+json"
}
