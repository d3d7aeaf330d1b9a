import Kernel
import Synchronization

/// One request on its way: written by the loop's thread, read by whoever asked.
final class Transfer: Sendable {
    /// What a reader of a stream gets: nil at the end. `unpause`: the loop has to be told that there is room again.
    struct Taken: Sendable {
        var part: HTTPStreamPart?
        var unpause: Bool
    }

    /// What the loop has to do after it handed over bytes.
    enum Acceptance {
        case accepted
        /// No room: the same bytes are handed over again after the reader made some.
        case pause
        case refused
    }

    private struct State {
        var head: (status: Int, headers: [(String, String)])?
        var isHeadTaken = false
        var body: [UInt8] = []
        var outcome: Result<Void, any Error>?
        var response: CheckedContinuation<HTTPResponse, any Error>?
        var reader: CheckedContinuation<Taken, any Error>?
        var isPaused = false
        var isCancelled = false
    }

    let request: HTTPRequest
    let isStream: Bool
    private let state = Mutex(State())

    init(_ request: HTTPRequest, isStream: Bool) {
        self.request = request
        self.isStream = isStream
    }

    // MARK: The asking side

    /// Registers who gets the whole answer. Before the transfer starts.
    func await(response continuation: CheckedContinuation<HTTPResponse, any Error>) {
        state.withLock { $0.response = continuation }
    }

    /// The next part of a stream.
    func nextPart() async throws -> Taken {
        try await withCheckedThrowingContinuation { continuation in
            let result: Result<Taken, any Error>? = state.withLock { state in
                let result = Self.take(&state)
                if result == nil { state.reader = continuation }
                return result
            }
            if let result { continuation.resume(with: result) }
        }
    }

    func markCancelled() {
        state.withLock { $0.isCancelled = true }
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    // MARK: The loop's side

    func receive(status: Int, headers: [(String, String)]) {
        update { $0.head = (status, headers) }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Acceptance {
        var acceptance = Acceptance.accepted
        update { state in
            if isStream {
                guard state.body.count < Limits.streamBufferBytes else {
                    state.isPaused = true
                    acceptance = .pause
                    return
                }
            } else if state.body.count + bytes.count > request.maxResponseBytes {
                acceptance = .refused
                return
            }
            state.body.append(contentsOf: bytes)
        }
        return acceptance
    }

    /// Ends the transfer; the first ending counts.
    func finish(_ outcome: Result<Void, any Error>) {
        let waiting: (CheckedContinuation<HTTPResponse, any Error>, Result<HTTPResponse, any Error>)? =
            state.withLock { state in
                if state.outcome == nil { state.outcome = outcome }
                guard let response = state.response, let outcome = state.outcome else { return nil }
                state.response = nil
                return (response, Self.response(&state, outcome))
            }
        if let waiting { waiting.0.resume(with: waiting.1) }
        update { _ in }
    }

    // MARK: State

    /// Changes the state and serves a waiting reader.
    private func update(_ change: (inout State) -> Void) {
        let served: (CheckedContinuation<Taken, any Error>, Result<Taken, any Error>)? = state.withLock { state in
            change(&state)
            guard let reader = state.reader, let result = Self.take(&state) else { return nil }
            state.reader = nil
            return (reader, result)
        }
        if let served { served.0.resume(with: served.1) }
    }

    private static func take(_ state: inout State) -> Result<Taken, any Error>? {
        if let head = state.head, !state.isHeadTaken {
            state.isHeadTaken = true
            return .success(Taken(part: .head(status: head.status, headers: head.headers), unpause: false))
        }
        if !state.body.isEmpty {
            let part = HTTPStreamPart.bytes(state.body)
            let unpause = state.isPaused
            state.body = []
            state.isPaused = false
            return .success(Taken(part: part, unpause: unpause))
        }
        return state.outcome?.map { Taken(part: nil, unpause: false) }
    }

    private static func response(
        _ state: inout State,
        _ outcome: Result<Void, any Error>
    ) -> Result<HTTPResponse, any Error> {
        outcome.flatMap {
            guard let head = state.head else {
                return .failure(HTTPClientError(.protocolViolation, "the answer has no head"))
            }
            let body = state.body
            state.body = []
            return .success(HTTPResponse(status: head.status, headers: head.headers, body: body))
        }
    }
}
