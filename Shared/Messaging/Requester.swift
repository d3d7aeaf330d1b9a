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

package final class Requester: Sendable {
    package init(_ broker: BrokerConfiguration, topology: Topology = .standard) {}
    package func run() async throws {}
    package func stop() {}
    package var isConnected: Bool { false }
    package func waitUntilConnected() async {}
    package func request<C: Command>(
        _ command: C,
        to queue: String,
        context: RequestContext
    ) async throws -> CommandReply<C.Reply> {
        throw Fault(.unavailable, "the message broker is away", retryAfter: .seconds(1))
    }
}
