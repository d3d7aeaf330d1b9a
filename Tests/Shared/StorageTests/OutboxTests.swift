import GRDB
import Kernel
import Storage
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct `The outbox` {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `entries come back as they were, in the order of their commits`() async throws {
        try await withStore(folder) { store in
            for number in 1...3 {
                try await store.write { database in
                    try Outbox.append(entry(number * 10), to: database)
                    try Outbox.append(entry(number * 10 + 1, body: []), to: database)
                }
            }
            let entries = try await store.read { try Outbox.entries(after: 0, limit: 100, in: $0) }
            var expected: [OutboxEntry] = []
            for (index, number) in [10, 11, 20, 21, 30, 31].enumerated() {
                var one = entry(number, body: number % 10 == 1 ? [] : [1, 2, 3])
                one.sequence = Int64(index + 1)
                expected.append(one)
            }
            #expect(entries == expected)
            let page = try await store.read { try Outbox.entries(after: 2, limit: 2, in: $0) }
            #expect(page.map(\.sequence) == [3, 4])
        }
    }

    @Test func `defect 2: an entry of a failed unit is never seen`() async throws {
        try await withStore(folder) { store in
            _ = try await store.write(
                batch: [
                    { try Outbox.append(entry(1), to: $0) },
                    { database in
                        try Outbox.append(entry(2), to: database)
                        throw Refused(text: "no")
                    },
                    { try Outbox.append(entry(3), to: $0) },
                ] as [@Sendable (Database) throws -> Void]
            )
            let entries = try await store.read { try Outbox.entries(after: 0, limit: 10, in: $0) }
            #expect(entries.map(\.id.low) == [1, 3])
        }
    }

    @Test func `the watermark survives a restart`() async throws {
        try await withStore(folder) { store in
            let start = try await store.read { try Outbox.position(in: $0) }
            #expect(start == 0)
            try await store.write { try Outbox.setPosition(41, in: $0) }
        }
        let position = try await withStore(folder) { store in try await store.read { try Outbox.position(in: $0) } }
        #expect(position == 41)
    }

    @Test func `pruning keeps what is not confirmed, and the newest rows`() async throws {
        try await withStore(folder) { store in
            try await store.write { database in
                for number in 1...100 { try Outbox.append(entry(number), to: database) }
            }
            let tooEarly = try await store.write { try Outbox.prune(keeping: 10, in: $0) }
            #expect(tooEarly == 0)
            try await store.write { try Outbox.setPosition(50, in: $0) }
            let confirmed = try await store.write { try Outbox.prune(keeping: 10, in: $0) }
            #expect(confirmed == 50)
            try await store.write { try Outbox.setPosition(100, in: $0) }
            let most = try await store.write { try Outbox.prune(keeping: 10, in: $0) }
            #expect(most == 40)
            let rest = try await store.write { try Outbox.prune(keeping: 0, in: $0) }
            #expect(rest == 10)
            // Numbers are never given out twice, even when the table is empty.
            try await store.write { try Outbox.append(entry(101), to: $0) }
            let entries = try await store.read { try Outbox.entries(after: 0, limit: 10, in: $0) }
            #expect(entries.map(\.sequence) == [101])
        }
    }

    @Test func `pruning deletes a bounded batch a call`() async throws {
        try await withStore(folder) { store in
            try await store.write { database in
                for number in 1...(Limits.pruneBatch + 5) { try Outbox.append(entry(number), to: database) }
                try Outbox.setPosition(Int64(Limits.pruneBatch + 5), in: database)
            }
            var deleted: [Int] = []
            repeat {
                deleted.append(try await store.write { try Outbox.prune(keeping: 0, in: $0) })
            } while deleted.last == Limits.pruneBatch
            #expect(deleted == [Limits.pruneBatch, 5])
        }
    }

    @Test func `an append wakes the waiting relay after its commit`() async throws {
        try await withStore(folder) { store in
            // What was there before the start counts as appended.
            await store.waitForOutbox(timeout: .seconds(60))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await store.waitForOutbox(timeout: .seconds(60))
                    let entries = try await store.read { try Outbox.entries(after: 0, limit: 10, in: $0) }
                    #expect(entries.count == 1)
                }
                group.addTask { try await store.write { try Outbox.append(entry(1), to: $0) } }
                try await group.waitForAll()
            }
        }
    }

    @Test func `an append while nobody waits is not forgotten`() async throws {
        try await withStore(folder) { store in
            await store.waitForOutbox(timeout: .seconds(60))
            try await store.write { try Outbox.append(entry(1), to: $0) }
            try await store.write { try insertNote("no append", $0) }
            let clock = ContinuousClock()
            let took = await clock.measure { await store.waitForOutbox(timeout: .seconds(60)) }
            #expect(took < .seconds(30))
        }
    }

    @Test func `without an append the wait ends at its timeout`() async throws {
        try await withStore(folder) { store in
            await store.waitForOutbox(timeout: .seconds(60))
            try await store.write { try insertNote("no append", $0) }
            await #expect(throws: Refused.self) {
                try await store.write { database in
                    try Outbox.append(entry(1), to: database)
                    throw Refused(text: "undone")
                }
            }
            let clock = ContinuousClock()
            let took = await clock.measure { await store.waitForOutbox(timeout: .milliseconds(200)) }
            #expect(took >= .milliseconds(200))
        }
    }

    @Test func `a cancelled wait ends, and leaves the next signal to the next wait`() async throws {
        try await withStore(folder) { store in
            await store.waitForOutbox(timeout: .seconds(60))
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await store.waitForOutbox(timeout: .seconds(600)) }
                group.cancelAll()
            }
            try await store.write { try Outbox.append(entry(1), to: $0) }
            let clock = ContinuousClock()
            let took = await clock.measure { await store.waitForOutbox(timeout: .seconds(60)) }
            #expect(took < .seconds(30))
        }
    }
}
