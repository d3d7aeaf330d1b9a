import GRDB
import Kernel

/// The schema of a store: which migrations are applied, and how the missing ones are.
struct Schema {
    /// `OMOI` in ASCII: marks the file as one of ours.
    private static let applicationID: Int32 = 0x4f4d_4f49

    let path: String
    let migrations: [Migration]

    /// Checks that the database is ours and not newer, then applies what is missing, each migration in a transaction of
    /// its own. A database that has something to lose is copied first.
    ///
    /// - Throws: ``Fault`` `unavailable`, with the database as it was before the failing migration.
    func bringUpToDate(_ database: Database) throws {
        precondition(Set(migrations.map(\.name)).count == migrations.count, "migration names are unique")
        let applied = try appliedMigrations(database)
        if let unknown = applied.first(where: { name in !migrations.contains { $0.name == name } }) {
            throw Fault(
                .unavailable,
                """
                the database \(path) was written by a newer version (migration '\(unknown)'): start that version, or \
                put back a snapshot \(path).before-*
                """
            )
        }
        let pending = migrations.filter { !applied.contains($0.name) }
        guard let first = pending.first else { return }
        if !applied.isEmpty {
            try Snapshot(path: path, name: first.name).take(database)
        }
        for migration in pending { try apply(migration, database) }
    }

    private func appliedMigrations(_ database: Database) throws -> [String] {
        let owner = try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        let isEmpty = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") == 0
        if owner == Self.applicationID {
            return try String.fetchAll(database, sql: "SELECT name FROM migration ORDER BY position")
        }
        guard isEmpty else {
            throw Fault(.unavailable, "\(path) is a database of another program; move it away or set OMOI_HOME")
        }
        try database.inTransaction(.immediate) {
            try database.execute(
                sql: """
                    PRAGMA application_id = \(Self.applicationID);
                    CREATE TABLE migration (
                        position INTEGER PRIMARY KEY AUTOINCREMENT,
                        name TEXT NOT NULL UNIQUE,
                        at INTEGER NOT NULL
                    ) STRICT;
                    """
            )
            return .commit
        }
        return []
    }

    /// Foreign keys are checked once at the end, so that a migration may rebuild a table.
    private func apply(_ migration: Migration, _ database: Database) throws {
        try database.execute(sql: "PRAGMA foreign_keys = OFF")
        do {
            try database.inTransaction(.immediate) {
                try migration.migrate(database)
                try database.checkForeignKeys()
                try database.execute(
                    sql: "INSERT INTO migration (name, at) VALUES (?, ?)",
                    arguments: [migration.name, Timestamp.now()]
                )
                return .commit
            }
        } catch {
            throw Fault(
                .unavailable,
                "migration '\(migration.name)' of \(path) failed, nothing was changed by it: \(oneLine(error))",
                cause: error
            )
        }
        try database.execute(sql: "PRAGMA foreign_keys = ON")
    }
}
