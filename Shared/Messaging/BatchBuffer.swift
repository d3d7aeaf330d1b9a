import DequeModule
import Synchronization

/// Messages of one consumer between the connection's thread and the handler. Bounded by the consumer's prefetch: the
/// broker sends no more until something is acknowledged.
final class BatchBuffer: Sendable {
    /// What the handler gets at once.
    struct Batch: Sendable {
        /// Number of the connection it came over; an acknowledgement over another one would break that.
        var generation: Int
        var deliveries: [Delivery]
        var lastTag: UInt64
    }

    private struct State {
        var generation = 0
        var chunks: Deque<[Delivery]> = []
        /// The tag of the next delivery to hand out; tags of a channel count from 1.
        var nextTag: UInt64 = 1
        /// No more will come: what is here may still be taken.
        var isClosed = false
        var waiter: CheckedContinuation<Batch?, Never>?
    }

    private let maxBatch: Int
    private let state = Mutex(State())

    init(maxBatch: Int) {
        self.maxBatch = maxBatch
    }

    /// The next messages, at most `maxBatch`; waits for some. Nil when closed and empty.
    func next() async -> Batch? {
        await withCheckedContinuation { continuation in
            let ready: (Batch?)? = state.withLock { state in
                if let batch = Self.take(&state) { return .some(batch) }
                if state.isClosed { return .some(nil) }
                state.waiter = continuation
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    /// Adds what has arrived, in order; empties the argument.
    func append(_ deliveries: inout [Delivery]) {
        guard !deliveries.isEmpty else { return }
        let wake = state.withLock { state -> (CheckedContinuation<Batch?, Never>, Batch)? in
            guard !state.isClosed else { return nil }
            Self.store(&deliveries, maxBatch, &state)
            guard let waiter = state.waiter, let batch = Self.take(&state) else { return nil }
            state.waiter = nil
            return (waiter, batch)
        }
        deliveries.removeAll(keepingCapacity: true)
        if let (waiter, batch) = wake { waiter.resume(returning: batch) }
    }

    /// Forgets everything: the broker sends it again over the next connection.
    func reset(generation: Int) {
        state.withLock { state in
            state.generation = generation
            state.chunks.removeAll()
            state.nextTag = 1
        }
    }

    /// Ends ``next()``, at once or after what is here has been taken.
    func close(discarding: Bool) {
        let waiter = state.withLock { state in
            state.isClosed = true
            if discarding { state.chunks.removeAll() }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
    }

    /// Appends to the last chunk while it has room, so that a slow handler gets large batches.
    private static func store(_ deliveries: inout [Delivery], _ maxBatch: Int, _ state: inout State) {
        if state.chunks.isEmpty, deliveries.count <= maxBatch {
            state.chunks.append(deliveries)
            return
        }
        for delivery in deliveries {
            if let last = state.chunks.indices.last, state.chunks[last].count < maxBatch {
                state.chunks[last].append(delivery)
            } else {
                state.chunks.append([delivery])
            }
        }
    }

    private static func take(_ state: inout State) -> Batch? {
        guard let deliveries = state.chunks.popFirst() else { return nil }
        state.nextTag += UInt64(deliveries.count)
        return Batch(generation: state.generation, deliveries: deliveries, lastTag: state.nextTag - 1)
    }
}
