import Foundation
import GRDB
import Kernel
import Storage
import Testing

@Suite(.timeLimit(.minutes(1)))
struct `Migrations` {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let second = Migration("note-2", "ALTER TABLE note ADD COLUMN colour TEXT;")
    private static let third = Migration("note-3", "ALTER TABLE note ADD COLUMN size INTEGER;")
    private static let fourth = Migration("note-4", "CREATE INDEX note_colour ON note (colour);")

    private func names(_ store: Store) async throws -> [String] {
        try await store.read { try String.fetchAll($0, sql: "SELECT name FROM migration ORDER BY position") }
    }

    @Test func `a new database gets all of them in order, without a snapshot`() async throws {
        let applied = try await withStore(folder, [noteTable, Self.second]) { try await names($0) }
        #expect(applied == ["storage-1", "note-1", "note-2"])
        #expect(try folder.snapshots.isEmpty)
    }

    @Test func `each is applied once`() async throws {
        for _ in 0..<3 {
            let applied = try await withStore(folder) { try await names($0) }
            #expect(applied == ["storage-1", "note-1"])
        }
        #expect(try folder.snapshots.isEmpty)
    }

    @Test func `an existing database is copied before pending ones`() async throws {
        try await withStore(folder) { store in try await store.write { try insertNote("precious", $0) } }
        try await withStore(folder, [noteTable, Self.second, Self.third]) { store in
            try await store.write { try $0.execute(sql: "UPDATE note SET colour = 'red', size = 1, text = 'new'") }
        }
        #expect(try folder.snapshots == ["store.sqlite.before-note-2"])
        let copy = try RawConnection(path: folder.database + ".before-note-2")
        #expect(try copy.notes() == ["precious"])
        #expect(try copy.text("SELECT group_concat(name) FROM pragma_table_info('note')") == "id,text")
        #expect(try copy.text("PRAGMA integrity_check") == "ok")
    }

    @Test func `the last two copies are kept`() async throws {
        let all = [noteTable, Self.second, Self.third, Self.fourth]
        for count in 1...all.count {
            try await withStore(folder, Array(all.prefix(count))) { _ in }
        }
        #expect(try folder.snapshots == ["store.sqlite.before-note-3", "store.sqlite.before-note-4"])
    }

    @Test func `a failing one changes nothing, keeps the copy, and refuses the start`() async throws {
        try await withStore(folder) { store in try await store.write { try insertNote("precious", $0) } }
        let failing = Migration("note-2", "DELETE FROM note; CREATE TABLE half (id INTEGER); SELECT missing();")
        for _ in 0..<2 {
            let error = #expect(throws: Fault.self) {
                try Store(
                    StoreConfiguration(path: folder.database, durability: .full),
                    migrations: [noteTable, failing]
                )
            }
            try expectUnavailable(error, naming: folder.database, "note-2")
            #expect(try folder.snapshots == ["store.sqlite.before-note-2"])
            #expect(try RawConnection(folder).notes() == ["precious"])
        }
        let applied = try await withStore(folder, [noteTable, Self.second]) { try await names($0) }
        #expect(applied == ["storage-1", "note-1", "note-2"])
    }

    @Test func `nothing changes when the copy cannot be made`() async throws {
        try await withStore(folder) { store in try await store.write { try insertNote("precious", $0) } }
        let obstacle = folder.database + ".before-note-2.partial"
        try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
        let error = #expect(throws: Fault.self) {
            try Store(
                StoreConfiguration(path: folder.database, durability: .full),
                migrations: [noteTable, Self.second]
            )
        }
        try expectUnavailable(error, naming: folder.database, "before-note-2", "nothing was changed")
        try FileManager.default.removeItem(atPath: obstacle)
        let applied = try await withStore(folder) { try await names($0) }
        #expect(applied == ["storage-1", "note-1"])
    }

    @Test func `one that breaks a foreign key is refused, one that rebuilds a table is not`() async throws {
        let tables = Migration(
            "family-1",
            """
            CREATE TABLE parent (id INTEGER PRIMARY KEY) STRICT;
            CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES parent) STRICT;
            INSERT INTO parent VALUES (1);
            INSERT INTO child VALUES (1, 1);
            """
        )
        let orphaning = Migration("family-2", "DELETE FROM parent;")
        let error = #expect(throws: Fault.self) {
            try Store(
                StoreConfiguration(path: folder.database, durability: .full),
                migrations: [tables, orphaning]
            )
        }
        try expectUnavailable(error, naming: folder.database, "family-2")
        let rebuilding = Migration(
            "family-2b",
            """
            CREATE TABLE new_parent (id INTEGER PRIMARY KEY, name TEXT) STRICT;
            INSERT INTO new_parent (id) SELECT id FROM parent;
            DROP TABLE parent;
            ALTER TABLE new_parent RENAME TO parent;
            """
        )
        try await withStore(folder, [tables, rebuilding]) { store in
            await #expect(throws: DatabaseError.self) {
                try await store.write { try $0.execute(sql: "INSERT INTO child VALUES (2, 99)") }
            }
        }
    }

    @Test func `a database of a newer version is refused untouched`() async throws {
        try await withStore(folder, [noteTable, Self.second]) { _ in }
        let error = #expect(throws: Fault.self) {
            try Store(StoreConfiguration(path: folder.database, durability: .full), migrations: [noteTable])
        }
        try expectUnavailable(error, naming: folder.database, "newer version", "note-2")
        let applied = try await withStore(folder, [noteTable, Self.second]) { try await names($0) }
        #expect(applied == ["storage-1", "note-1", "note-2"])
    }

    @Test func `a database of another program is refused`() throws {
        let other = try DatabaseQueue(path: folder.database)
        try other.write { try $0.execute(sql: "CREATE TABLE theirs (id INTEGER)") }
        try other.close()
        let error = #expect(throws: Fault.self) {
            try Store(StoreConfiguration(path: folder.database, durability: .full), migrations: [])
        }
        try expectUnavailable(error, naming: folder.database, "another program")
    }

    @Test func `a file that is no database is refused`() throws {
        try Data("not a database, but long enough to be looked at".utf8).write(
            to: URL(fileURLWithPath: folder.database)
        )
        let error = #expect(throws: Fault.self) {
            try Store(StoreConfiguration(path: folder.database, durability: .full), migrations: [])
        }
        try expectUnavailable(error, naming: folder.database)
    }
}
