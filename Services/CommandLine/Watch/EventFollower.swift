import Contracts
import HTTPClient
import Kernel

/// Follows the relay's event stream across lost connections: it goes on behind the last event it handed out.
package struct EventFollower: Sendable {
    package enum Step: Sendable {
        /// The stream is open: what happens from now on will be handed out, and before it, when the stream goes on
        /// where it was lost (`resumed`), what happened in between.
        case connected(resumed: Bool)
        case event(Event)
        /// The connection was lost and is made again after a pause.
        case lost(reason: String)
        /// The relay no longer knows where the stream was; something may have been missed.
        case resync
    }

    private let client: APIClient
    private let query: [(String, String?)]
    private let pause: Duration

    /// - Parameters:
    ///   - client: of the relay.
    ///   - query: filters of the stream.
    ///   - pause: between two tries to connect.
    package init(client: APIClient, query: [(String, String?)], pause: Duration = .seconds(2)) {
        self.client = client
        self.query = query
        self.pause = pause
    }

    /// Calls `handle` for every step until it returns false.
    ///
    /// - Throws: the ``Fault`` of the relay when asking again would not help, `unavailable` when it never answered.
    package func follow(_ handle: (Step) async throws -> Bool) async throws {
        var state = State()
        while true {
            let reason: String
            do {
                guard try await connection(&state, handle) else { return }
                reason = "the relay closed the stream"
            } catch let error as HTTPClientError where error.isTransient {
                guard state.wasConnected else {
                    throw Fault(.unavailable, "\(client.baseURL) cannot be reached: \(error.message)", cause: error)
                }
                reason = error.message
            } catch let fault as Fault where fault.code == .unavailable || fault.code == .rateLimited {
                guard state.wasConnected else { throw fault }
                reason = fault.message
            }
            guard try await handle(.lost(reason: reason)) else { return }
            try await Task.sleep(for: pause)
        }
    }

    /// How far the stream was read.
    private struct State {
        /// Id of the last event that was handled.
        var position: String?
        /// Somebody who never was there is an error; one who went away comes back.
        var wasConnected = false
    }

    /// One connection.
    ///
    /// - Returns: false when `handle` wants no more.
    private func connection(_ state: inout State, _ handle: (Step) async throws -> Bool) async throws -> Bool {
        var headers: [(String, String)] = []
        if let position = state.position { headers.append(("Last-Event-ID", position)) }
        var parser = EventStreamParser()
        var refusal: HTTPResponse?
        for try await part in client.stream("/api/v1/events/stream" + Query.text(query), headers: headers) {
            switch part {
            case .head(200, _):
                state.wasConnected = true
                guard try await handle(.connected(resumed: state.position != nil)) else { return false }
            case .head(let status, let headers):
                refusal = HTTPResponse(status: status, headers: headers, body: [])
            case .bytes(let bytes):
                if refusal != nil {
                    refusal?.body += bytes
                    continue
                }
                for event in parser.feed(bytes) {
                    guard event.type != "resync_required" else {
                        state.position = nil
                        guard try await handle(.resync) else { return false }
                        continue
                    }
                    let decoded = try ContractCoder.decode(Event.self, from: Array(event.data.utf8))
                    guard try await handle(.event(decoded)) else { return false }
                    // Only now: an event whose handling failed comes again.
                    state.position = event.id
                }
            }
        }
        if let refusal { throw APIClient.fault(of: refusal) }
        return true
    }
}
