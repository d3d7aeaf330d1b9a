import Kernel

/// One queue to consume and what to do with its messages.
package struct Subscription: Sendable {
    /// Declared, with its bindings, before consuming.
    package var queue: QueueDeclaration
    /// Messages the broker may have outstanding here, 1 or more; also the bound of the buffer.
    package var prefetch: UInt16
    /// Most messages one call of ``handle`` gets.
    package var maxBatch: Int
    /// Handles a batch in queue order; calls never overlap. Returning acknowledges all of it. Throwing means the
    /// infrastructure failed: the connection is rebuilt after a back-off and everything unacknowledged comes again.
    package var handle: @Sendable ([Delivery]) async throws -> Void

    package init(
        queue: QueueDeclaration,
        prefetch: UInt16 = Limits.prefetch,
        maxBatch: Int = Limits.batch,
        handle: @escaping @Sendable ([Delivery]) async throws -> Void
    ) {
        self.queue = queue
        self.prefetch = max(1, prefetch)
        self.maxBatch = max(1, maxBatch)
        self.handle = handle
    }
}
