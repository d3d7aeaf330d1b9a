import GRDB
import Kernel
import Storage
import Testing

@Suite(.timeLimit(.minutes(1)))
struct `Ready-made tables` {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func answer(_ key: String, at: Int64 = 5) -> InboxEntry {
        InboxEntry(
            scope: "alice POST /tickets",
            key: key,
            digest: "d-\(key)",
            reply: Array("{\"ok\":1}".utf8),
            replyType: "ok",
            at: Timestamp(milliseconds: at)
        )
    }

    @Test func `the inbox gives the first answer again`() async throws {
        let answer = answer("k1")
        try await withStore(folder) { store in
            try await store.write { try Inbox.insert(answer, in: $0) }
            let found = try await store.read { try Inbox.find(scope: answer.scope, key: "k1", in: $0) }
            #expect(found == answer)
            let otherKey = try await store.read { try Inbox.find(scope: answer.scope, key: "k2", in: $0) }
            #expect(otherKey == nil)
            let otherScope = try await store.read { try Inbox.find(scope: "bob", key: "k1", in: $0) }
            #expect(otherScope == nil)
            let twice = await #expect(throws: DatabaseError.self) {
                try await store.write { try Inbox.insert(answer, in: $0) }
            }
            #expect(twice?.resultCode == .SQLITE_CONSTRAINT)
        }
    }

    @Test func `the inbox forgets old answers and those beyond the row cap`() async throws {
        let answers = (1...10).map { answer("k\($0)", at: Int64($0)) }
        try await withStore(folder) { store in
            try await store.write { database in for answer in answers { try Inbox.insert(answer, in: database) } }
            let old = try await store.write { database in
                try Inbox.prune(olderThan: Timestamp(milliseconds: 4), in: database)
            }
            #expect(old == 3)
            let beyond = try await store.write { database in
                try Inbox.prune(olderThan: Timestamp(milliseconds: 0), keeping: 2, in: database)
            }
            #expect(beyond == 5)
            let kept = try await store.read { try String.fetchAll($0, sql: "SELECT key FROM inbox ORDER BY sequence") }
            #expect(kept == ["k9", "k10"])
        }
    }

    @Test func `timers are replaced by kind and key, and fire in order`() async throws {
        @Sendable func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }
        try await withStore(folder) { store in
            let none = try await store.read { try Timers.next(in: $0) }
            #expect(none == nil)
            try await store.write { database in
                try Timers.set(kind: "backoff", key: "a", due: time(300), generation: 1, in: database)
                try Timers.set(kind: "backoff", key: "b", due: time(100), generation: 1, in: database)
                try Timers.set(kind: "deadline", key: "a", due: time(200), generation: 7, in: database)
                try Timers.set(kind: "backoff", key: "a", due: time(50), generation: 2, in: database)
            }
            let next = try await store.read { try Timers.next(in: $0) }
            #expect(next == time(50))
            let early = try await store.read { try Timers.due(at: time(49), limit: 10, in: $0) }
            #expect(early.isEmpty)
            let due = try await store.read { try Timers.due(at: time(199), limit: 10, in: $0) }
            #expect(
                due == [
                    TimerEntry(kind: "backoff", key: "a", due: time(50), generation: 2),
                    TimerEntry(kind: "backoff", key: "b", due: time(100), generation: 1),
                ]
            )
            let one = try await store.read { try Timers.due(at: time(500), limit: 1, in: $0) }
            #expect(one.map(\.key) == ["a"])
            try await store.write { database in
                try Timers.cancel(kind: "backoff", key: "a", in: database)
                try Timers.cancel(kind: "backoff", key: "missing", in: database)
            }
            let rest = try await store.read { try Timers.due(at: time(500), limit: 10, in: $0) }
            #expect(rest.map(\.kind) == ["backoff", "deadline"])
        }
    }

    @Test func `the next timer is found by its index`() async throws {
        try await withStore(folder) { store in
            let plans = try await store.read { database in
                try ["SELECT min(due) FROM timer", "SELECT * FROM timer WHERE due <= 5 ORDER BY due LIMIT 1"].map {
                    try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN \($0)").map { $0["detail"] as String }.joined()
                }
            }
            for plan in plans { #expect(plan.contains("timer_due"), "\(plan)") }
        }
    }

    @Test func `dead letters are listed newest first, replayed and discarded`() async throws {
        try await withStore(folder) { store in
            let ids = try await store.write { database in
                try (1...3).map { number in
                    try DeadLetters.insert(
                        source: "facts",
                        type: "note.\(number)",
                        reason: "undecodable",
                        messageID: number == 2 ? nil : "m\(number)",
                        headers: ["a": "b"],
                        body: [UInt8(number), 0, 255],
                        at: Timestamp(milliseconds: Int64(number)),
                        in: database
                    )
                }
            }
            let list = try await store.read { try DeadLetters.list(limit: 2, in: $0) }
            #expect(list.map(\.type) == ["note.3", "note.2"])
            #expect(list.map(\.messageID) == ["m3", nil])
            #expect(list[0].body == [3, 0, 255])
            #expect(list[0].headers == ["a": "b"])
            let replayed = try await store.write { try DeadLetters.markReplayed(id: ids[0], in: $0) }
            #expect(replayed)
            let found = try await store.read { try DeadLetters.find(id: ids[0], in: $0) }
            #expect(found?.replays == 1)
            let deleted = try await store.write { database in
                try [ids[0], ids[0], 999].map { try DeadLetters.delete(id: $0, in: database) }
            }
            #expect(deleted == [true, false, false])
            let missing = try await store.write { try DeadLetters.markReplayed(id: ids[0], in: $0) }
            #expect(!missing)
            let count = try await store.read { try DeadLetters.count(in: $0) }
            #expect(count == 2)
        }
    }

    @Test func `a follower's position moves with the rows of its unit`() async throws {
        let first = FollowerPosition(offset: 7, eventID: .make())
        try await withStore(folder) { store in
            let none = try await store.read { try FollowerPosition.get(stream: "log", in: $0) }
            #expect(none == nil)
            try await store.write { try first.set(stream: "log", in: $0) }
            await #expect(throws: Refused.self) {
                try await store.write { database in
                    try FollowerPosition(offset: 8, eventID: nil).set(stream: "log", in: database)
                    throw Refused(text: "not applied")
                }
            }
            try await store.write { try FollowerPosition(offset: 1, eventID: nil).set(stream: "other", in: $0) }
        }
        try await withStore(folder) { store in
            let position = try await store.read { try FollowerPosition.get(stream: "log", in: $0) }
            #expect(position == first)
            let other = try await store.read { try FollowerPosition.get(stream: "other", in: $0) }
            #expect(other == FollowerPosition(offset: 1, eventID: nil))
            try await store.write { try FollowerPosition.clear(stream: "log", in: $0) }
            let cleared = try await store.read { try FollowerPosition.get(stream: "log", in: $0) }
            #expect(cleared == nil)
        }
    }
}
