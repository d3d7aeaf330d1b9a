import GRDB
import Kernel
import Storage
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct `A store` {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: [(Durability.full, 2), (.normal, 1)])
    func `its writer is set up as documented`(durability: Durability, synchronous: Int) async throws {
        let values = try await withStore(folder, durability: durability) { store in
            try await store.write { database in
                try ["synchronous", "foreign_keys", "trusted_schema", "temp_store", "wal_autocheckpoint"].map {
                    try Int.fetchOne(database, sql: "PRAGMA \($0)") ?? -1
                }
            }
        }
        #expect(values == [synchronous, 1, 0, 2, 1000])
        let mode = try await withStore(folder, durability: durability) { store in
            try await store.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
        }
        #expect(mode == "wal")
    }

    @Test func `a reader cannot write`() async throws {
        try await withStore(folder) { store in
            let error = await #expect(throws: DatabaseError.self) {
                try await store.read { try insertNote("sneaky", $0) }
            }
            #expect(error?.resultCode == .SQLITE_READONLY)
            #expect(!store.isBroken)
            try await store.write { try insertNote("fine", $0) }
        }
    }

    @Test func `readers run beside a writer that has not committed`() async throws {
        try await withStore(folder) { store in
            let gate = Gate()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await store.write { database in
                        try insertNote("uncommitted", database)
                        gate.blockUntilOpen()
                    }
                }
                group.addTask {
                    let count = try await store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM note") }
                    #expect(count == 0)
                    gate.open()
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `its tables are strict`() async throws {
        try await withStore(folder) { store in
            let loose = try await store.read {
                try String.fetchAll(
                    $0,
                    sql: "SELECT name FROM pragma_table_list WHERE schema = 'main' AND NOT strict ORDER BY name"
                )
            }
            #expect(loose == ["sqlite_schema", "sqlite_sequence"])
        }
    }

    @Test func `identifiers and times come back as they were`() async throws {
        let id = Identifier.make(bucket: 9)
        let time = Timestamp(milliseconds: -1)
        try await withStore(folder) { store in
            let row = try await store.read { database in
                let row = try Row.fetchOne(
                    database,
                    sql: "SELECT ? AS id, ? AS at, typeof(?) AS id_type, typeof(?) AS at_type",
                    arguments: [id, time, id, time]
                )
                return row.map { ($0["id"] as Identifier, $0["at"] as Timestamp, "\($0["id_type"] as String)") }
            }
            #expect(row?.0 == id)
            #expect(row?.1 == time)
            #expect(row?.2 == "text")
        }
    }

    @Test func `a full disk breaks it: waiters fail, later writes fail at once, reads go on`() async throws {
        let folder = folder
        let told = Mutex<[Fault]>([])
        try await withStore(folder, maximumPages: 60) { store in
            store.onBroken { fault in told.withLock { $0.append(fault) } }
            try await store.write { try insertNote("before", $0) }
            let error = await #expect(throws: Fault.self) {
                try await store.write(
                    batch: [
                        { try insertNote("innocent", $0) },
                        { try insertNote(String(repeating: "x", count: 1_000_000), $0) },
                    ] as [@Sendable (Database) throws -> Void]
                )
            }
            try expectUnavailable(error, naming: folder.database, "restart")
            #expect(store.isBroken)
            let later = await #expect(throws: Fault.self) {
                try await store.write { try insertNote("later", $0) }
            }
            #expect(later == error)
            #expect(told.withLock { $0 }.map(\.code) == [.unavailable])
            let late = Mutex(0)
            store.onBroken { _ in late.withLock { $0 += 1 } }
            #expect(late.withLock { $0 } == 1)
            let notes = try await store.read { try String.fetchAll($0, sql: "SELECT text FROM note") }
            #expect(notes == ["before"])
        }
        try await withStore(folder) { store in
            try await store.write { try insertNote("after", $0) }
        }
        #expect(try RawConnection(folder).notes() == ["before", "after"])
    }
}
