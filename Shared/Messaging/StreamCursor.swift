import Kernel
import Synchronization

/// How far a stream was read, and the check that it is still the same stream after attaching anew.
final class StreamCursor: Sendable {
    /// What to do with a batch.
    enum Admission: Sendable {
        case deliveries([Delivery])
        /// It does not begin where it must.
        case replaced
    }

    private struct Position: Equatable {
        var offset: Int64
        /// Nil: unknown, not checked.
        var id: Identifier?
    }

    private struct State {
        var start: StreamStart
        /// The last message handled.
        var position: Position?
        /// The message the first delivery of a connection must be.
        var expected: (generation: Int, position: Position)?
        var isReplaced = false
    }

    private let state: Mutex<State>

    init(start: StreamStart) {
        var position: Position?
        if case .at(let offset, let id) = start { position = Position(offset: offset, id: id) }
        state = Mutex(State(start: start, position: position))
    }

    var isReplaced: Bool { state.withLock { $0.isReplaced } }

    func markReplaced() {
        state.withLock { $0.isReplaced = true }
    }

    /// Where to attach, and whether the first delivery is checked.
    func attach(generation: Int) -> (argument: QueueArgument, isChecked: Bool) {
        state.withLock { state in
            guard let position = state.position else {
                state.expected = nil
                return (.string(state.start == .next ? "next" : "first"), false)
            }
            state.expected = (generation, position)
            return (.integer(position.offset), true)
        }
    }

    /// Checks the first batch of a connection and drops what was handled before.
    func admit(_ batch: BatchBuffer.Batch) -> Admission {
        state.withLock { state in
            if state.isReplaced { return .deliveries([]) }
            var deliveries = batch.deliveries[...]
            if let (generation, expected) = state.expected, generation == batch.generation {
                // The broker starts at the chunk that holds the offset.
                deliveries = deliveries.drop { ($0.offset ?? 0) < expected.offset }
                guard let first = deliveries.first else { return .deliveries([]) }
                guard first.offset == expected.offset, expected.id == nil || first.identifier == expected.id else {
                    return .replaced
                }
                state.expected = nil
            }
            if let position = state.position { deliveries = deliveries.drop { ($0.offset ?? 0) <= position.offset } }
            return .deliveries(Array(deliveries))
        }
    }

    /// Notes that everything up to this message was handled.
    func advance(past delivery: Delivery) {
        guard let offset = delivery.offset else { return }
        state.withLock { $0.position = Position(offset: offset, id: delivery.identifier) }
    }
}

extension Delivery {
    /// The message id, when it is one of ours.
    fileprivate var identifier: Identifier? { properties.messageID.flatMap { Identifier($0) } }
}
