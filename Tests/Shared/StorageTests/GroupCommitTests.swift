import Dispatch
import GRDB
import Glibc
import Kernel
import Storage
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct `Group commit` {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Keeps the writer busy until all of `units` wait, starts `meanwhile`, then lets the units run; returns what they
    /// returned.
    private func run<T: Sendable>(
        behindAGate units: [@Sendable (Database) throws -> T],
        in store: Store,
        meanwhile: @escaping @Sendable () async -> Void = {}
    ) async throws -> [T] {
        let (gateIsRunning, running) = AsyncStream.makeStream(of: Void.self)
        let (allWait, complete) = AsyncStream.makeStream(of: Void.self)
        return try await withThrowingTaskGroup(of: T?.self) { group in
            group.addTask {
                try await store.write { database in
                    running.finish()
                    while store.waitingWrites < units.count { usleep(500) }
                    complete.finish()
                    try insertNote("gate", database)
                }
                return nil
            }
            for await _ in gateIsRunning {}
            for unit in units {
                group.addTask { try await store.write(unit) }
            }
            group.addTask {
                for await _ in allWait {}
                await meanwhile()
                return nil
            }
            return try await group.reduce(into: []) { $0 += [$1].compactMap { $0 } }
        }
    }

    /// Units that insert a note each and return how many notes somebody else sees while they run.
    private func observers(_ count: Int) throws -> [@Sendable (Database) throws -> Int] {
        let raw = try RawConnection(folder)
        return (0..<count).map { number in
            { database in
                try insertNote("note \(number)", database)
                return try raw.count()
            }
        }
    }

    @Test func `units that arrive while a commit runs share the next one`() async throws {
        try await withStore(folder) { store in
            let seen = try await run(behindAGate: observers(50), in: store)
            #expect(seen == Array(repeating: 1, count: 50))
        }
        #expect(try RawConnection(folder).count() == 51)
    }

    @Test func `a group is bounded`() async throws {
        let bound = Limits.groupCommitUnits
        try await withStore(folder) { store in
            let seen = try await run(behindAGate: observers(bound * 2 + 10), in: store)
            #expect(Set(seen) == [1, bound + 1, 2 * bound + 1])
        }
        #expect(try RawConnection(folder).count() == bound * 2 + 11)
    }

    @Test func `a failing unit undoes only itself and gets its own error`() async throws {
        let folder = folder
        try await withStore(folder) { store in
            let results = try await store.write(
                batch: [
                    { try insertNote("a", $0) },
                    { database in
                        try insertNote("half of b", database)
                        throw Refused(text: "b")
                    },
                    { try insertNote("a", $0) },
                    { try insertNote("c", $0) },
                ] as [@Sendable (Database) throws -> Void]
            )
            #expect(throws: Never.self) { try results[0].get() }
            #expect(throws: Refused(text: "b")) { try results[1].get() }
            let duplicate = #expect(throws: DatabaseError.self) { try results[2].get() }
            #expect(duplicate?.resultCode == .SQLITE_CONSTRAINT)
            #expect(throws: Never.self) { try results[3].get() }
            #expect(try RawConnection(folder).notes() == ["a", "c"])
            #expect(!store.isBroken)
        }
    }

    @Test func `one bad caller among many does not disturb the others`() async throws {
        let folder = folder
        try await withStore(folder) { store in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        if number % 10 == 3 {
                            await #expect(throws: Refused(text: "\(number)")) {
                                try await store.write { database in
                                    try insertNote("note \(number)", database)
                                    throw Refused(text: "\(number)")
                                }
                            }
                        } else {
                            try await store.write { try insertNote("note \(number)", $0) }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(try RawConnection(folder).count() == 90)
    }

    @Test func `a caller resumes only when another connection sees its rows`() async throws {
        let folder = folder
        try await withStore(folder) { store in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<8 {
                    group.addTask {
                        let raw = try RawConnection(folder)
                        for number in 0..<40 {
                            let text = "\(worker)-\(number)"
                            try await store.write { try insertNote(text, $0) }
                            #expect(try raw.notes().contains(text))
                            let own = try await store.read { database in
                                try Int.fetchOne(
                                    database,
                                    sql: "SELECT count(*) FROM note WHERE text = ?",
                                    arguments: [text]
                                )
                            }
                            #expect(own == 1)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `the units of a batch keep their order and share a commit`() async throws {
        let folder = folder
        try await withStore(folder) { store in
            let raw = try RawConnection(folder)
            let units = (0..<400).map { number -> @Sendable (Database) throws -> Int in
                { database in
                    try insertNote("note \(number)", database)
                    return number + 1000 * (try raw.count())
                }
            }
            let results = try await store.write(batch: units).map { try $0.get() }
            #expect(results == Array(0..<400))
            #expect(try raw.notes() == (0..<400).map { "note \($0)" })
            let none = try await store.write(batch: [@Sendable (Database) throws -> Int]())
            #expect(none.isEmpty)
        }
    }

    @Test func `a commit that fails fails all its waiters and stores nothing`() async throws {
        let folder = folder
        let tables = Migration(
            "late-1",
            """
            CREATE TABLE parent (id INTEGER PRIMARY KEY) STRICT;
            CREATE TABLE child (
                id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED
            ) STRICT;
            """
        )
        try await withStore(folder, [noteTable, tables]) { store in
            let error = await #expect(throws: Fault.self) {
                try await store.write(
                    batch: [
                        { try insertNote("innocent", $0) },
                        { try $0.execute(sql: "INSERT INTO child (parent) VALUES (42)") },
                    ] as [@Sendable (Database) throws -> Void]
                )
            }
            try expectUnavailable(error, naming: folder.database)
            #expect(try RawConnection(folder).count() == 0)
            #expect(!store.isBroken)
            try await store.write { try insertNote("next", $0) }
            #expect(try RawConnection(folder).notes() == ["next"])
        }
    }

    @Test(arguments: ["COMMIT", "ROLLBACK"])
    func `a unit that ends the transaction fails its group, not the store`(statement: String) async throws {
        let folder = folder
        try await withStore(folder) { store in
            await #expect(throws: Fault.self) {
                try await store.write { try $0.execute(sql: statement) }
            }
            try await store.write { try insertNote("next", $0) }
            #expect(try RawConnection(folder).notes() == ["next"])
        }
    }

    @Test func `a busy writer blocks no thread of the cooperative pool`() async throws {
        let folder = folder
        try await withStore(folder) { store in
            let gate = Gate()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await store.write { database in
                        gate.blockUntilOpen()
                        try insertNote("gate", database)
                    }
                }
                for number in 0..<64 {
                    group.addTask { try await store.write { try insertNote("note \(number)", $0) } }
                }
                // Runs only when a thread of the pool is free.
                group.addTask { gate.open() }
                try await group.waitForAll()
            }
        }
        #expect(try RawConnection(folder).count() == 65)
    }

    @Test func `a cancelled caller still learns what became of its unit`() async throws {
        let folder = folder
        try await withStore(folder) { store in
            let results = await withTaskGroup(of: Bool.self) { group in
                group.addTask { (try? await store.write { try insertNote("kept", $0) }) != nil }
                group.cancelAll()
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results == [true])
        }
        #expect(try RawConnection(folder).notes() == ["kept"])
    }

    @Test func `close commits what was submitted and refuses what comes later`() async throws {
        let folder = folder
        let store = try Store(
            StoreConfiguration(path: folder.database, durability: .full),
            migrations: [noteTable]
        )
        let units = (0..<20).map { number -> @Sendable (Database) throws -> Void in
            { try insertNote("note \(number)", $0) }
        }
        // Called while 20 writes wait: closing has to bring them home first.
        _ = try await run(behindAGate: units, in: store) { await store.close() }
        await store.close()
        await store.close()
        let error = await #expect(throws: Fault.self) {
            try await store.write { try insertNote("late", $0) }
        }
        try expectUnavailable(error, naming: folder.database, "closed")
        await #expect(throws: (any Error).self) { try await store.read { _ in } }
        #expect(try RawConnection(folder).count() == 21)
    }
}
