import Contracts
import HTTPTypes
import Hummingbird
import Kernel
import Metrics
import ServiceKit
import Storage
import Synchronization

/// `GET /api/v1/events` (history, a page at a time) and `GET /api/v1/events/stream` (Server-Sent Events).
struct EventsController: Sendable {
    let store: Store
    let signal: EventSignal
    let access: RelayAccess
    let readers = StreamReaders()

    func addRoutes(to router: some RouterMethods<OmoiRequestContext>) {
        router.get("/api/v1/events", use: history)
        router.get("/api/v1/events/stream", use: stream)
    }

    /// Events in the order they were published, oldest first.
    ///
    /// `next_cursor` is the id of the last event on the page; asking with `after` = that id goes on, also when
    /// `has_more` was false and more has come since.
    @Sendable
    private func history(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let caller = try await access.caller(of: request)
        let query = request.uri.queryParameters
        let filter = try EventQuery.filter(query).restricted(to: caller.actor)
        let limit = try EventQuery.limit(query)
        let after = try EventQuery.identifier("after", query)
        let page = try await store.read { database in
            var position: Int64 = 0
            if let after {
                guard
                    let found = try EventHistory.position(of: after, filter: filter, acrossHoles: true, in: database)
                else {
                    let oldest = try EventHistory.oldest(filter: filter, acrossHoles: true, in: database)
                    throw Fault(
                        .resyncRequired,
                        "there is no event \(after) here any more;"
                            + " the oldest is \(oldest?.description ?? "yet to come")"
                    )
                }
                position = found
            }
            return try EventHistory.page(
                after: position,
                filter: filter,
                limit: limit,
                maxBytes: Limits.historyPageBytes,
                in: database
            )
        }
        return .json(bytes: Self.body(page, after: after), headers: [.cacheControl: "no-store"])
    }

    /// The stored bytes of the events, joined.
    private static func body(_ page: HistoryPage, after: Identifier?) -> [UInt8] {
        var bytes = Array("{\"events\":[".utf8)
        for (index, event) in page.events.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += event.body
        }
        bytes += Array("],\"has_more\":\(!page.isLast)".utf8)
        if let cursor = page.events.last?.id ?? after { bytes += Array(",\"next_cursor\":\"\(cursor)\"".utf8) }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// What happens from now on; with `Last-Event-ID` (or `?last_event_id=`) also everything since that event, and with
    /// `?last_event_id=0` everything there is.
    @Sendable
    private func stream(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let caller = try await access.caller(of: request)
        let query = request.uri.queryParameters
        let filter = try EventQuery.filter(query).restricted(to: caller.actor)
        guard readers.count < Limits.sseStreams else {
            throw Fault(.unavailable, "there are \(Limits.sseStreams) readers already", retryAfter: .seconds(10))
        }
        let last = request.headers[Self.lastEventID] ?? query["last_event_id"].map(String.init)
        let (position, oldest) = try await store.read { database -> (Int64?, Identifier?) in
            guard let last, !last.isEmpty else { return (try EventHistory.end(in: database), nil) }
            if last == "0" { return (try EventHistory.start(in: database), nil) }
            let found = try Identifier(last).flatMap { id in
                try EventHistory.position(of: id, filter: filter, acrossHoles: false, in: database)
            }
            if let found { return (found, nil) }
            return (nil, try EventHistory.oldest(filter: filter, acrossHoles: false, in: database))
        }
        let body: ResponseBody
        if let position {
            let events = EventStream(
                store: store,
                signal: signal,
                filter: filter,
                position: position,
                authorize: caller.check
            )
            body = ResponseBody { [readers] writer in
                readers.enter()
                defer { readers.leave() }
                try await writer.write(events)
                try await writer.finish(nil)
            }
        } else {
            body = ResponseBody(byteBuffer: ServerSentEvent.resyncRequired(oldest: oldest))
        }
        return Response(status: .ok, headers: Self.streamHeaders, body: body)
    }

    private static let lastEventID = name("Last-Event-ID")

    private static let streamHeaders: HTTPFields = [
        .contentType: "text/event-stream", .cacheControl: "no-store", name("X-Accel-Buffering"): "no",
    ]

    private static func name(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("not a header name: \(text)") }
        return name
    }
}

/// Counts open streams.
final class StreamReaders: Sendable {
    private let open = Atomic<Int>(0)
    private let gauge = Gauge(label: "omoi_relay_streams")

    var count: Int { open.load(ordering: .relaxed) }

    func enter() { gauge.record(open.add(1, ordering: .relaxed).newValue) }

    func leave() { gauge.record(open.subtract(1, ordering: .relaxed).newValue) }
}
