import Contracts
import HTTPClient
import Kernel

/// Events of one project with one ticket and one task.
struct Samples: Sendable {
    let projectID = Identifier.make()
    let ticketID = Identifier.make()
    let taskID = Identifier.make()

    private func event(_ type: EventType, _ data: EventData) -> Event {
        Event(id: .make(), source: "/ticket-workflow/0", type: type, time: .now(), data: data)
    }

    func project() -> Event {
        event(
            .projectCreated,
            EventData(Project(id: projectID, name: "P", key: "P", createdAt: .now(), updatedAt: .now()))
        )
    }

    func ticket(_ type: EventType = .ticketCreated, description: String? = nil) -> Event {
        event(
            type,
            EventData(
                Ticket(
                    id: ticketID,
                    key: "P-1",
                    projectID: projectID,
                    title: "T",
                    description: description,
                    createdAt: .now(),
                    updatedAt: .now(),
                    enteredPhaseAt: .now()
                )
            )
        )
    }

    func task(_ type: EventType = .taskCreated, version: Int = 1) -> Event {
        event(
            type,
            EventData(
                WorkTask(
                    id: taskID,
                    ticketID: ticketID,
                    projectID: projectID,
                    phase: .implementation,
                    title: "t",
                    version: version,
                    createdAt: .now()
                )
            )
        )
    }

    /// An event without a project of its own.
    func result() -> Event {
        event(
            .resultSubmitted,
            EventData(
                TaskResult(
                    id: .make(),
                    taskID: taskID,
                    ticketID: ticketID,
                    sandboxID: .make(),
                    attempt: 1,
                    fence: 1,
                    status: .completed,
                    summary: "",
                    applied: true,
                    createdAt: .now()
                )
            )
        )
    }

    func token(_ type: EventType, id: Identifier, project: Identifier? = nil) -> Event {
        event(
            type,
            EventData(
                AccessToken(
                    id: id,
                    subject: "test",
                    scope: .viewer,
                    projectID: project,
                    issuedAt: .now(),
                    expiresAt: .now() + .seconds(3600)
                )
            )
        )
    }
}

/// The answer of `GET /api/v1/events`.
struct EventPage: Decodable {
    var events: [Event]
    var hasMore: Bool
    var nextCursor: Identifier?

    enum CodingKeys: String, CodingKey {
        case events
        case hasMore = "has_more"
        case nextCursor = "next_cursor"
    }
}

/// One event of a stream as text.
struct Streamed: Equatable {
    var id: String?
    var type: String?
    var data: String?

    init(_ block: Substring) {
        for line in block.split(separator: "\n", omittingEmptySubsequences: false) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = String(line[line.index(after: colon)...].drop { $0 == " " })
            switch line[..<colon] {
            case "id": id = value
            case "event": type = value
            case "data": data = data.map { $0 + "\n" + value } ?? value
            default: break
            }
        }
    }
}

/// Reads a stream of the relay.
struct StreamSession {
    let api: APIClient
    var query = ""
    var lastEventID: String?

    /// Calls `body` for every block of the stream (heartbeats and `retry` included) until it returns false, or the
    /// stream ends.
    func read(onOpen: (Int, [(String, String)]) async throws -> Void = { _, _ in }, _ body: (Substring) -> Bool)
        async throws
    {
        var text = ""
        let headers = lastEventID.map { [("Last-Event-ID", $0)] } ?? []
        for try await part in api.stream("/api/v1/events/stream" + query, headers: headers, silence: .seconds(20)) {
            switch part {
            case .head(let status, let headers): try await onOpen(status, headers)
            case .bytes(let bytes):
                text += String(decoding: bytes, as: UTF8.self)
                while let end = text.firstRange(of: "\n\n") {
                    guard body(text[..<end.lowerBound]) else { return }
                    text.removeSubrange(..<end.upperBound)
                }
            }
        }
    }

    /// The events of the stream until there are `count` of them or it ends.
    func events(_ count: Int, onOpen: () async throws -> Void = {}) async throws -> [Streamed] {
        var events: [Streamed] = []
        try await read(onOpen: { _, _ in try await onOpen() }) { block in
            let event = Streamed(block)
            if event.type != nil { events.append(event) }
            return events.count < count
        }
        return events
    }
}
