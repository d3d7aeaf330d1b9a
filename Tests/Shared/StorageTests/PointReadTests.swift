import GRDB
import Kernel
import Storage
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct `A read by key` {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func withPointReaders<T: Sendable>(_ count: Int, _ body: (Store) async throws -> T) async throws -> T {
        var configuration = StoreConfiguration(path: folder.database, durability: .normal)
        configuration.pointReaders = count
        let store = try Store(configuration, migrations: [noteTable])
        do {
            let result = try await body(store)
            await store.close()
            return result
        } catch {
            await store.close()
            throw error
        }
    }

    @Sendable private static func count(_ database: Database) throws -> Int {
        try Int.fetchOne(database.cachedStatement(sql: "SELECT count(*) FROM note")) ?? -1
    }

    // Without connections of its own it goes the way of every other read.
    @Test(arguments: [0, 1, 3]) func `sees every commit a caller was told about`(connections: Int) async throws {
        try await withPointReaders(connections) { store in
            for number in 1...20 {
                try await store.write { try insertNote("\(number)", $0) }
                #expect(try await store.point(Self.count) == number)
            }
        }
    }

    @Test func `cannot write`() async throws {
        try await withPointReaders(1) { store in
            let error = await #expect(throws: DatabaseError.self) {
                try await store.point { try insertNote("sneaky", $0) }
            }
            #expect(error?.resultCode == .SQLITE_READONLY)
        }
    }

    @Test func `finds nothing without mistaking that for a connection in use`() async throws {
        try await withPointReaders(1) { store in
            let runs = Mutex(0)
            let text = try await store.point { database -> String? in
                runs.withLock { $0 += 1 }
                return try String.fetchOne(database, sql: "SELECT text FROM note WHERE id = 7")
            }
            #expect(text == nil)
            #expect(runs.withLock { $0 } == 1)
        }
    }

    @Test func `goes on while every connection is in use`() async throws {
        try await withPointReaders(1) { store in
            try await store.write { try insertNote("one", $0) }
            let gate = Gate()
            try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask {
                    try await store.point { database in
                        gate.blockUntilOpen()
                        return try Self.count(database)
                    }
                }
                let beside = try await store.point(Self.count)
                #expect(beside == 1)
                gate.open()
                let blocked = try await group.next()
                #expect(blocked == 1)
            }
        }
    }

    @Test func `fails after the store was closed`() async throws {
        let store = try await withPointReaders(2) { $0 }
        await #expect(throws: (any Error).self) { try await store.point(Self.count) }
    }
}
