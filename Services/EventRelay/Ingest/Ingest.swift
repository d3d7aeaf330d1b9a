import Contracts
import GRDB
import Kernel
import Messaging
import ServiceKit
import Storage

/// Takes messages of the log into the history, in the follower's transaction.
package struct Ingest: Sendable {
    private let revoked: RevokedTokens
    private let time: any TimeSource

    /// - Parameter revoked: learns of revoked tokens as they come along.
    package init(revoked: RevokedTokens, time: any TimeSource = SystemTime()) {
        self.revoked = revoked
        self.time = time
    }

    /// Appends a batch.
    ///
    /// - Throws: ``Fault`` `malformed-request` for a message that is no CloudEvent; the follower then takes the batch
    ///   one by one and sets that message aside as a dead letter.
    package func apply(_ deliveries: [Delivery], to database: Database) throws {
        let now = time.now()
        for delivery in deliveries {
            let envelope = try EventEnvelope.decode(delivery.body)
            try EventHistory.append(envelope, body: delivery.body, receivedAt: now, to: database)
            guard envelope.type == EventType.tokenRevoked.rawValue else { continue }
            if let id = try Revocations.apply(delivery.body, to: database) { revoked.insert(id) }
        }
    }
}
