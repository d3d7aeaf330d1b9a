import Kernel
import Synchronization

/// What became of one try of a request.
enum RequestOutcome: Sendable {
    case reply(Reply)
    /// No queue took it.
    case unroutable
    /// The connection went away.
    case disconnected(wasSent: Bool)
    /// The deadline passed.
    case late(wasSent: Bool)
    case cancelled
}

/// One try of a request on its way to the connection's thread.
struct RequestTry: Sendable {
    /// Its correlation id: unique per try, so that an answer to an earlier one is told apart.
    var number: UInt64
    var message: OutgoingMessage
    var deadline: ContinuousClock.Instant
}

/// Between the callers and the connection's thread. A try is answered exactly once, by whoever removes its continuation
/// first.
final class RequestMailbox: Sendable {
    private struct State {
        var isOpen = false
        var isStopping = false
        var nextNumber: UInt64 = 1
        var tries: [RequestTry] = []
        var waiting: [UInt64: CheckedContinuation<RequestOutcome, Never>] = [:]
    }

    let wakeUp = WakeUp()
    /// Open while connected.
    let gate = Gate()
    private let state = Mutex(State())

    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Hands a request to the connection's thread and waits for its outcome.
    func exchange(_ message: OutgoingMessage, deadline: ContinuousClock.Instant) async -> RequestOutcome {
        let number = state.withLock { state in
            defer { state.nextNumber += 1 }
            return state.nextNumber
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let refusal: RequestOutcome? = state.withLock { state in
                    guard state.isOpen, !state.isStopping else { return .disconnected(wasSent: false) }
                    if Task.isCancelled { return .cancelled }
                    state.waiting[number] = continuation
                    state.tries.append(RequestTry(number: number, message: message, deadline: deadline))
                    return nil
                }
                if let refusal {
                    continuation.resume(returning: refusal)
                } else {
                    wakeUp.signal()
                }
            }
        } onCancel: {
            settle(number, .cancelled)
        }
    }

    /// Answers a try. Does nothing when it was answered before.
    func settle(_ number: UInt64, _ outcome: RequestOutcome) {
        state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: outcome)
    }

    func open() {
        state.withLock { $0.isOpen = true }
        gate.open()
    }

    /// Takes the tries that arrived since the last call; returns whether to stop.
    func take(_ tries: inout [RequestTry]) -> Bool {
        state.withLock { state in
            swap(&state.tries, &tries)
            return state.isStopping
        }
    }

    /// Closes the gate; tries not taken yet were never sent.
    func close() {
        gate.close()
        let tries = state.withLock { state in
            state.isOpen = false
            defer { state.tries.removeAll() }
            return state.tries
        }
        for item in tries { settle(item.number, .disconnected(wasSent: false)) }
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        wakeUp.signal()
    }

    func finish() {
        stop()
        close()
        gate.finish()
    }
}
