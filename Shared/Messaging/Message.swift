import Kernel

/// The properties of a message. Header values are flat strings by contract; what a broker adds in other types is
/// carried as text when it is a number or a truth value, and dropped otherwise.
package struct MessageProperties: Sendable, Equatable {
    /// Stable over retries; at most 255 bytes.
    package var messageID: String?
    package var type: String?
    package var appID: String?
    package var contentType: String?
    package var correlationID: String?
    package var replyTo: String?
    /// Whole seconds on the wire.
    package var timestamp: Timestamp?
    /// Time the message may wait in a queue, whole milliseconds on the wire.
    package var expiration: Duration?
    package var persistent: Bool
    package var headers: [String: String]

    package init(
        messageID: String? = nil,
        type: String? = nil,
        appID: String? = nil,
        contentType: String? = nil,
        correlationID: String? = nil,
        replyTo: String? = nil,
        timestamp: Timestamp? = nil,
        expiration: Duration? = nil,
        persistent: Bool = false,
        headers: [String: String] = [:]
    ) {
        self.messageID = messageID
        self.type = type
        self.appID = appID
        self.contentType = contentType
        self.correlationID = correlationID
        self.replyTo = replyTo
        self.timestamp = timestamp
        self.expiration = expiration
        self.persistent = persistent
        self.headers = headers
    }
}

/// A message on its way to an exchange. The empty exchange routes to the queue named by the routing key.
package struct OutgoingMessage: Sendable {
    package var exchange: String
    package var routingKey: String
    package var properties: MessageProperties
    package var body: [UInt8]
    /// The broker returns the message when no queue takes it, see ``PublishOutcome/returned(code:text:)``.
    package var mandatory: Bool

    package init(
        exchange: String,
        routingKey: String,
        properties: MessageProperties,
        body: [UInt8],
        mandatory: Bool = false
    ) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.properties = properties
        self.body = body
        self.mandatory = mandatory
    }
}

/// What became of one published message.
package enum PublishOutcome: Sendable, Equatable {
    /// The broker has taken responsibility for it.
    case confirmed
    /// The broker refused it (a full queue, for example).
    case nacked
    /// No queue took it; `code` 312 is "no route".
    case returned(code: Int, text: String)
    /// The connection went away first, or the message was not sent because one before it failed. It may or may not have
    /// arrived: send it again with the same id.
    case unknown
}

/// A message from a queue or stream.
package struct Delivery: Sendable {
    package var queue: String
    package var exchange: String
    package var routingKey: String
    package var redelivered: Bool
    package var properties: MessageProperties
    package var body: [UInt8]
    /// Position in the stream; nil for messages from queues.
    package var offset: Int64?

    package init(
        queue: String,
        exchange: String,
        routingKey: String,
        redelivered: Bool,
        properties: MessageProperties,
        body: [UInt8],
        offset: Int64? = nil
    ) {
        self.queue = queue
        self.exchange = exchange
        self.routingKey = routingKey
        self.redelivered = redelivered
        self.properties = properties
        self.body = body
        self.offset = offset
    }
}

/// The answer to a request.
package struct Reply: Sendable {
    package var properties: MessageProperties
    package var body: [UInt8]

    package init(properties: MessageProperties, body: [UInt8]) {
        self.properties = properties
        self.body = body
    }
}
