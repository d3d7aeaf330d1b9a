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
    /// - Throws: the ``Fault`` of the relay when asking again would not help.
    package func follow(_ handle: (Step) async throws -> Bool) async throws {
        var position: String?
        while true {
            do {
                guard try await connection(&position, handle) else { return }
                guard try await handle(.lost(reason: "the relay closed the stream")) else { return }
            } catch let error as HTTPClientError where error.isTransient {
                guard try await handle(.lost(reason: error.message)) else { return }
            } catch let fault as Fault where fault.code == .unavailable || fault.code == .rateLimited {
                guard try await handle(.lost(reason: fault.message)) else { return }
            }
            try await Task.sleep(for: pause)
        }
    }

    /// One connection.
    ///
    /// - Returns: false when `handle` wants no more.
    private func connection(_ position: inout String?, _ handle: (Step) async throws -> Bool) async throws -> Bool {
        var headers: [(String, String)] = []
        if let position { headers.append(("Last-Event-ID", position)) }
        var parser = EventStreamParser()
        var refusal: HTTPResponse?
        for try await part in client.stream("/api/v1/events/stream" + Query.text(query), headers: headers) {
            switch part {
            case .head(200, _):
                guard try await handle(.connected(resumed: position != nil)) else { return false }
            case .head(let status, let headers):
                refusal = HTTPResponse(status: status, headers: headers, body: [])
            case .bytes(let bytes):
                if refusal != nil {
                    refusal?.body += bytes
                    continue
                }
                for event in parser.feed(bytes) {
                    guard event.type != "resync_required" else {
                        position = nil
                        guard try await handle(.resync) else { return false }
                        continue
                    }
                    position = event.id
                    let decoded = try ContractCoder.decode(Event.self, from: Array(event.data.utf8))
                    guard try await handle(.event(decoded)) else { return false }
                }
            }
        }
        if let refusal { throw APIClient.fault(of: refusal) }
        return true
    }
}
