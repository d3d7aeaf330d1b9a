import Kernel

/// A request to the owner of a fact. Sent with direct reply-to; the AMQP `type` is ``name``, the body its JSON.
package protocol Command: Codable, Sendable {
    associatedtype Reply: Codable & Sendable
    /// Stable name on the wire, `<owner-noun>.<verb>`.
    static var name: String { get }
}

/// The owner's answer. The AMQP `type` of the reply is `ok` or `fault`.
package struct CommandReply<Reply: Codable & Sendable>: Codable, Sendable {
    package var reply: Reply
    /// The events this command caused, so that the gateway's read model shows the change before it answers.
    package var changes: [Event]

    package init(reply: Reply, changes: [Event]) {
        self.reply = reply
        self.changes = changes
    }
}

/// A refusal on the wire; see ``Fault``.
package struct FaultReply: Codable, Sendable, Equatable {
    package var code: Fault.Code
    package var message: String
    package var errors: [Fault.FieldError]
    package var retryAfterMilliseconds: Int64?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case code, message, errors
        case retryAfterMilliseconds = "retry_after_ms"
    }

    package init(_ fault: Fault) {
        code = fault.code
        message = fault.message
        errors = fault.errors
        retryAfterMilliseconds = fault.retryAfter?.milliseconds
    }

    package var fault: Fault {
        Fault(code, message, errors: errors, retryAfter: retryAfterMilliseconds.map { .milliseconds($0) })
    }
}

/// Values of the AMQP `type` property of replies.
package enum ReplyType {
    package static let ok = "ok"
    package static let fault = "fault"
}

/// A reply without content.
package struct Empty: Codable, Sendable, Equatable {
    package init() {}
}
