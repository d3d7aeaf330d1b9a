import GRDB
import Kernel

/// How much a commit survives.
package enum Durability: Sendable {
    /// A commit survives a power cut (`synchronous=FULL`): for every store that acks, answers or publishes.
    case full
    /// A commit survives the end of the process; a power cut may take back the last ones (`synchronous=NORMAL`): for
    /// projections that can be rebuilt.
    case normal
}

/// Where a store lives and how it is opened.
package struct StoreConfiguration: Sendable {
    /// Path of the SQLite file; the lock is `<path>.lock`, snapshots are `<path>.before-<migration>`.
    package var path: String
    package var durability: Durability
    /// Connections that read beside the writer.
    package var readers = 4
    /// Connections for reads by key on the caller's own thread, ``Store/point(_:)``.
    package var pointReaders = 0
    /// Largest size of the database in pages of 4 KiB; nil: as large as the disk.
    package var maximumPages: Int?

    package init(path: String, durability: Durability) {
        self.path = path
        self.durability = durability
    }
}

/// One step of a store's schema. Applied once, in one transaction, and recorded by its name; never edited once shipped.
package struct Migration: Sendable {
    /// Unique in the store; letters, digits, `-`, `_` and `.` (it becomes part of the snapshot's file name).
    package let name: String
    package let migrate: @Sendable (Database) throws -> Void

    /// A migration that executes statements.
    package init(_ name: String, _ sql: String) {
        self.init(name, migrate: { database in try database.execute(sql: sql) })
    }

    package init(_ name: String, migrate: @escaping @Sendable (Database) throws -> Void) {
        self.name = name
        self.migrate = migrate
    }
}
