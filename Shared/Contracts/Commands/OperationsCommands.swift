import Kernel

// Commands every service with a command queue answers.

package struct ListDeadLetters: Command {
    package static let name = "dead-letters.list"
    package typealias Reply = DeadLetterPage
    package var limit: Int
    package init(limit: Int) { self.limit = limit }
}

package struct ReplayDeadLetter: Command {
    package static let name = "dead-letters.replay"
    package typealias Reply = Empty
    package var id: Int64
    package init(id: Int64) { self.id = id }
}

package struct DiscardDeadLetter: Command {
    package static let name = "dead-letters.discard"
    package typealias Reply = Empty
    package var id: Int64
    package init(id: Int64) { self.id = id }
}

package struct DeadLetterPage: Codable, Sendable, Equatable {
    package var items: [DeadLetterItem]
    package var total: Int
    package init(items: [DeadLetterItem], total: Int) {
        self.items = items
        self.total = total
    }
}

package struct DeadLetterItem: Codable, Sendable, Equatable {
    package var id: Int64
    /// The service whose table holds it.
    package var service: String
    /// Queue or stream it came from.
    package var source: String
    package var type: String
    package var reason: String
    package var messageID: String?
    package var receivedAt: Timestamp
    package var replays: Int

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id, service, source, type, reason, replays
        case messageID = "message_id"
        case receivedAt = "received_at"
    }

    package init(
        id: Int64,
        service: String,
        source: String,
        type: String,
        reason: String,
        messageID: String?,
        receivedAt: Timestamp,
        replays: Int
    ) {
        self.id = id
        self.service = service
        self.source = source
        self.type = type
        self.reason = reason
        self.messageID = messageID
        self.receivedAt = receivedAt
        self.replays = replays
    }
}

/// Pushed to `orchestrator.<instance>`: stop this sandbox now. The heartbeat's answer is the safety net.
package struct StopSandbox: Command {
    package static let name = "sandbox.stop"
    package typealias Reply = Empty
    package var sandboxID: Identifier
    package var reason: String

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case reason
        case sandboxID = "sandbox_id"
    }

    package init(sandboxID: Identifier, reason: String) {
        self.sandboxID = sandboxID
        self.reason = reason
    }
}
