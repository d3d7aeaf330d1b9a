import Kernel

/// One thing a consuming connection reads, on a channel of its own.
struct ConsumerSource: Sendable {
    /// What to read from.
    var queue: String
    /// Declared before consuming; nil when the topology has it.
    var declaration: QueueDeclaration?
    var prefetch: UInt16
    var maxBatch: Int
    /// Whether messages already received are handled after a stop. Otherwise they stay with the broker.
    var drainsOnStop: Bool
    /// Called on the connection's thread before each attach, with the connection's number.
    var attach: @Sendable (_ generation: Int) -> Attachment
    /// Calls never overlap.
    var handle: @Sendable (BatchBuffer.Batch) async throws -> Void

    /// How to attach this time.
    struct Attachment: Sendable {
        var arguments: [String: QueueArgument] = [:]
        /// When nothing arrives for this long after attaching, `silence` is called.
        var silenceLimit: Duration?
        var silence: @Sendable () -> Void = {}
    }
}

extension ConsumerSource {
    init(_ subscription: Subscription) {
        queue = subscription.queue.name
        declaration = subscription.queue
        prefetch = subscription.prefetch
        maxBatch = subscription.maxBatch
        drainsOnStop = subscription.queue.autoDelete
        attach = { _ in Attachment() }
        let handle = subscription.handle
        self.handle = { try await handle($0.deliveries) }
    }
}
