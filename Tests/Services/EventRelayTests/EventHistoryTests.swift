import Contracts
import Kernel
import ServiceKit
import Storage
import TestSupport
import Testing

@testable import EventRelay

/// The history table and its wake-ups, without a broker.
@Suite(.timeLimit(.minutes(1)))
struct EventHistoryTests {
    private func withStore(_ body: (Store) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let store = try Store(
                StoreConfiguration(path: "\(directory)/relay.sqlite", durability: .normal),
                migrations: RelaySchema.migrations
            )
            let outcome: Result<Void, any Error>
            do {
                try await body(store)
                outcome = .success(())
            } catch {
                outcome = .failure(error)
            }
            await store.close()
            try outcome.get()
        }
    }

    private func append(_ events: [Event], at time: Timestamp = .now(), to store: Store) async throws {
        try await store.write { database in
            for event in events {
                let body = try ContractCoder.encode(event)
                try EventHistory.append(EventEnvelope.decode(body), body: body, receivedAt: time, to: database)
            }
        }
    }

    private func ids(_ store: Store) async throws -> [Identifier] {
        try await store.read { database in
            try EventHistory.page(
                after: 0,
                filter: EventFilter(),
                limit: 1000,
                maxBytes: .max,
                in: database
            ).events.map(\.id)
        }
    }

    @Test func `pruning takes the oldest by age and by number`() async throws {
        try await withStore { store in
            let samples = Samples()
            let events = (1...10).map { samples.task(.taskUpdated, version: $0) }
            let start = Timestamp(milliseconds: 1_000_000)
            for (index, event) in events.enumerated() {
                try await append([event], at: start + .seconds(index), to: store)
            }
            let byAge = try await store.write {
                try EventHistory.prune(olderThan: start + .seconds(3), keeping: 100, in: $0)
            }
            #expect(byAge == 3)
            #expect(try await ids(store) == events.dropFirst(3).map(\.id))
            let byNumber = try await store.write { try EventHistory.prune(olderThan: start, keeping: 2, in: $0) }
            #expect(byNumber == 5)
            #expect(try await ids(store) == events.suffix(2).map(\.id))
            let pruned = events[0].id
            let position = try await store.read {
                try EventHistory.position(of: pruned, filter: EventFilter(), acrossHoles: true, in: $0)
            }
            #expect(position == nil)
        }
    }

    @Test func `nobody follows across a hole in the log, the history stays readable`() async throws {
        try await withStore { store in
            let samples = Samples()
            let (before, after) = (samples.ticket(), samples.task())
            try await append([before], to: store)
            try await store.write { try EventHistory.raiseFloor(in: $0) }
            try await append([after], to: store)
            let positions = try await store.read { database in
                try [(before, false), (before, true), (after, false)].map { event, acrossHoles in
                    try EventHistory.position(
                        of: event.id,
                        filter: EventFilter(),
                        acrossHoles: acrossHoles,
                        in: database
                    )
                }
            }
            #expect(positions == [nil, 1, 2])
            let oldest = try await store.read {
                try EventHistory.oldest(filter: EventFilter(), acrossHoles: false, in: $0)
            }
            #expect(oldest == after.id)
            #expect(try await ids(store) == [before.id, after.id])
        }
    }

    @Test func `a page ends at its size and says where to go on`() async throws {
        try await withStore { store in
            let samples = Samples()
            let events = (1...5).map { samples.task(.taskUpdated, version: $0) }
            try await append(events, to: store)
            let first = try await store.read {
                try EventHistory.page(after: 0, filter: EventFilter(), limit: 10, maxBytes: 1, in: $0)
            }
            #expect(first.events.map(\.id) == [events[0].id])
            #expect(first.position == 1 && !first.isLast)
            // Nothing matches: the position still moves on, so that nothing is looked at twice.
            let none = try await store.read {
                try EventHistory.page(
                    after: 0,
                    filter: EventFilter(projectID: .make()),
                    limit: 10,
                    maxBytes: .max,
                    in: $0
                )
            }
            #expect(none.events.isEmpty && none.position == 5 && none.isLast)
        }
    }

    @Test func `a commit between mark and wait is not missed`() async {
        let signal = EventSignal()
        let mark = signal.mark()
        signal.committed()
        #expect(await signal.wait(since: mark) == .committed)
        signal.close()
        #expect(await signal.wait(since: signal.mark()) == .closed)
    }

    @Test func `every waiting reader is woken, a cancelled one too`() async throws {
        let signal = EventSignal()
        for (wake, expected): (@Sendable () -> Void, EventSignal.Wake) in [
            ({ signal.committed() }, .committed), ({ signal.heartbeat() }, .heartbeat),
        ] {
            async let first = signal.wait(since: signal.mark())
            async let second = signal.wait(since: signal.mark())
            try await eventually("both wait") { signal.waiterCount == 2 }
            wake()
            #expect(await [first, second] == [expected, expected])
        }
        // Unstructured: it runs beside the test's own steps, which end it.
        let waiting = Task { await signal.wait(since: signal.mark()) }
        try await eventually("it waits") { signal.waiterCount == 1 }
        waiting.cancel()
        #expect(await waiting.value == .closed)
        #expect(signal.waiterCount == 0)
    }

    @Test func `line breaks in a body do not break the stream`() {
        let id = Identifier.make()
        let event = StoredEvent(sequence: 1, id: id, type: "a.b", body: Array("{\n}".utf8))
        #expect(String(buffer: ServerSentEvent.encode([event])) == "id: \(id)\nevent: a.b\ndata: {\ndata: }\n\n")
    }

    @Test func `expired revocations are forgotten`() async throws {
        try await withStore { store in
            let id = Identifier.make()
            let body = try ContractCoder.encode(Samples().token(.tokenRevoked, id: id))
            try await store.write { _ = try Revocations.apply(body, to: $0) }
            let revoked = RevokedTokens()
            let time = ManualTime(now: .now())
            let retention = Retention(store: store, age: .seconds(1), rows: 1, revoked: revoked, time: time)
            try await retention.prune()
            #expect(revoked.contains(id))
            time.advance(by: .seconds(7200))
            try await retention.prune()
            #expect(!revoked.contains(id))
        }
    }
}
