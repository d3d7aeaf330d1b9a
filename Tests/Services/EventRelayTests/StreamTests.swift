import Contracts
import Glibc
import HTTPClient
import Kernel
import Synchronization
import TestSupport
import Testing

@testable import EventRelay

extension RelayTests {
    /// `GET /api/v1/events/stream` with a real broker in front.
    @Suite struct StreamTests {
        @Test func `an event arrives as it happens with its id, type and bytes`() async throws {
            let fixture = try RelayFixture.current
            let samples = Samples()
            let event = samples.task(.taskCompleted)
            let api = fixture.api(try fixture.token())
            let names = Mutex<[String: String]>([:])
            var blocks: [String] = []
            try await StreamSession(api: api, query: "?type=task.*&project_id=\(samples.projectID)").read(
                onOpen: { status, headers in
                    #expect(status == 200)
                    names.withLock { for (name, value) in headers { $0[name.lowercased()] = value } }
                    try await fixture.publish([samples.ticket(), event])
                },
                { block in
                    blocks.append(String(block))
                    return !block.contains("data:")
                }
            )
            #expect(blocks.first == "retry: 2000")
            let data = String(decoding: try ContractCoder.encode(event), as: UTF8.self)
            #expect(blocks.last == "id: \(event.id)\nevent: task.completed\ndata: \(data)")
            let headers = names.withLock { $0 }
            #expect(headers["content-type"] == "text/event-stream")
            #expect(headers["cache-control"] == "no-store")
            #expect(headers["x-accel-buffering"] == "no")
        }

        @Test func `an idle stream gives signs of life`() async throws {
            let fixture = try RelayFixture.current
            let query = "?project_id=\(Identifier.make())"
            var beats = 0
            try await StreamSession(api: fixture.api(try fixture.token()), query: query).read { block in
                if block == ": heartbeat" { beats += 1 }
                return beats < 2
            }
            #expect(beats == 2)
        }

        @Test func `an unknown position asks for a resync and ends`() async throws {
            let fixture = try RelayFixture.current
            let samples = Samples()
            let event = samples.ticket()
            try await fixture.publish([event])
            try await fixture.waitForHistory(of: event)
            let api = fixture.api(try fixture.token(.viewer, project: samples.projectID))
            for position in [Identifier.make().description, "garbage"] {
                let events = try await StreamSession(api: api, lastEventID: position).events(.max)
                #expect(events.map(\.type) == ["resync_required"])
                #expect(events.first?.id == "")
                #expect(events.first?.data == "{\"oldest_event_id\":\"\(event.id)\"}")
            }
        }

        @Test func `position 0 replays everything, a parameter counts like the header`() async throws {
            let fixture = try RelayFixture.current
            let samples = Samples()
            let events = [samples.project(), samples.ticket(), samples.task()]
            try await fixture.publish(events)
            try await fixture.waitForHistory(of: events[2])
            let api = fixture.api(try fixture.token(.viewer, project: samples.projectID))
            let all = try await StreamSession(api: api, query: "?last_event_id=0").events(3)
            #expect(all.map(\.id) == events.map(\.id.description))
            let rest = try await StreamSession(api: api, query: "?last_event_id=\(events[0].id)").events(2)
            #expect(rest.map(\.id) == events.dropFirst().map(\.id.description))
        }

        @Test func `a reader that goes on with its last id misses nothing and gets nothing twice over restarts`()
            async throws
        {
            let fixture = try RelayFixture.current
            let home = "\(fixture.directory)/restarted"
            let port = try FreePort.find()
            let samples = Samples()
            let events = [samples.ticket()] + (1...600).map { samples.task(.taskUpdated, version: $0) }
            let (url, signer) = (fixture.broker.url, fixture.signer)
            var relay = try await RunningRelay(home: home, url: url, signer: signer, port: port)
            let api = fixture.api(try fixture.token(), of: relay)
            try await fixture.publish([events[0]])
            try await fixture.waitForHistory(of: events[0], relay)
            let seen = SeenIDs([events[0].id.description])
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while seen.all.count < events.count {
                        let session = StreamSession(
                            api: api,
                            query: "?project_id=\(samples.projectID)",
                            lastEventID: seen.all.last
                        )
                        do {
                            try await session.read { block in
                                let event = Streamed(block)
                                if let id = event.id, event.type != nil { seen.append(id) }
                                return seen.all.count < events.count
                            }
                        } catch is HTTPClientError {
                            // The relay is away: connect again.
                            try await Task.sleep(for: .milliseconds(50))  // poll interval
                        }
                    }
                }
                for part in 0..<3 {
                    let chunk = events[(1 + part * 200)..<(201 + part * 200)]
                    for start in stride(from: chunk.startIndex, to: chunk.endIndex, by: 20) {
                        try await fixture.publish(Array(chunk[start..<start + 20]))
                        // In the middle of a burst, with messages on the way and readers attached.
                        guard start == chunk.startIndex + 100, part < 2 else { continue }
                        if part == 0 { await relay.cancel() } else { await relay.stop() }
                        try await fixture.publish(Array(chunk[start..<start + 1]))
                        relay = try await RunningRelay(home: home, url: url, signer: signer, port: port)
                    }
                }
                try await group.waitForAll()
            }
            #expect(seen.all == events.map(\.id.description))
            await relay.stop()
        }

        @Test func `a reader that does not read is cut and disturbs nobody`() async throws {
            let fixture = try RelayFixture.current
            let samples = Samples()
            let token = try fixture.token()
            let before = fixture.relay.cuts
            let lazy = try LazyReader(port: fixture.relay.port, token: token, projectID: samples.projectID)
            defer { lazy.close() }
            let text = String(repeating: "x", count: 400_000)
            let events = (1...40).map { _ in samples.ticket(.ticketUpdated, description: text) }
            let session = StreamSession(api: fixture.api(token), query: "?project_id=\(samples.projectID)")
            let seen = try await session.events(events.count) {
                for event in events { try await fixture.publish([event]) }
            }
            #expect(seen.map(\.id) == events.map(\.id.description))
            try await eventually("the lazy reader is cut") { fixture.relay.cuts > before }
        }
    }
}

/// A client that asks for a stream and then never reads.
private struct LazyReader {
    private let descriptor: Int32

    init(port: Int, token: String, projectID: Identifier) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var size: Int32 = 4096
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        #expect(connected == 0)
        let request = """
            GET /api/v1/events/stream?last_event_id=0&project_id=\(projectID) HTTP/1.1\r\nHost: 127.0.0.1\r
            Authorization: Bearer \(token)\r\n\r\n
            """
        let bytes = Array(request.utf8)
        #expect(write(descriptor, bytes, bytes.count) == bytes.count)
    }

    func close() { Glibc.close(descriptor) }
}

/// What a reader has seen, in order.
private final class SeenIDs: Sendable {
    private let ids: Mutex<[String]>

    init(_ ids: [String]) { self.ids = Mutex(ids) }

    var all: [String] { ids.withLock { $0 } }

    func append(_ id: String) { ids.withLock { $0.append(id) } }
}
