import Contracts
import GRDB
import Kernel
import Storage

/// The rows of table `sandbox`.
package enum SandboxTable {
    package static let migrations = [
        Migration(
            "orchestrator-1",
            """
            CREATE TABLE sandbox (
                id TEXT NOT NULL PRIMARY KEY,
                provider TEXT NOT NULL,
                state TEXT NOT NULL CHECK (state IN (
                    'pending', 'creating', 'running', 'completing', 'completed', 'failed', 'terminated')),
                task_id TEXT,
                ticket_id TEXT,
                project_id TEXT,
                attempt INTEGER CHECK (attempt > 0),
                fence INTEGER,
                deadline_at INTEGER,
                handle TEXT,
                stop_reason TEXT,
                failure TEXT,
                version INTEGER NOT NULL CHECK (version >= 0),
                created_at INTEGER NOT NULL,
                updated_at INTEGER NOT NULL,
                last_activity_at INTEGER,
                CHECK (state = 'pending' OR (task_id IS NOT NULL AND fence IS NOT NULL)),
                CHECK (state <> 'running' OR handle IS NOT NULL),
                CHECK ((state = 'pending') = (version = 0))
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX sandbox_state ON sandbox (state, updated_at);
            """
        )
    ]

    package static func insert(_ row: SandboxRow, in database: Database) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO sandbox (id, provider, state, version, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [row.id, row.provider, row.state.rawValue, row.version, row.createdAt, row.updatedAt])
    }

    package static func find(_ id: Identifier, in database: Database) throws -> SandboxRow? {
        let statement = try database.cachedStatement(sql: "SELECT * FROM sandbox WHERE id = ?")
        return try Row.fetchOne(statement, arguments: [id]).map(decode)
    }

    package static func update(_ row: SandboxRow, in database: Database) throws {
        try database.cachedStatement(
            sql: """
                UPDATE sandbox SET state = ?, task_id = ?, ticket_id = ?, project_id = ?, attempt = ?, fence = ?,
                    deadline_at = ?, handle = ?, stop_reason = ?, failure = ?, version = ?, updated_at = ?,
                    last_activity_at = ?
                WHERE id = ?
                """
        ).execute(arguments: [
            row.state.rawValue, row.taskID, row.ticketID, row.projectID, row.attempt, row.fence, row.deadlineAt,
            row.handle?.text, row.stopReason, row.failure, row.version, row.updatedAt, row.lastActivityAt, row.id,
        ])
    }

    package static func delete(_ id: Identifier, in database: Database) throws {
        try database.cachedStatement(sql: "DELETE FROM sandbox WHERE id = ?").execute(arguments: [id])
    }

    /// Every sandbox that may still run, oldest first.
    package static func live(in database: Database) throws -> [SandboxRow] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT * FROM sandbox WHERE state IN ('pending', 'creating', 'running', 'completing') ORDER BY id
                """
        )
        return try Row.fetchAll(statement).map(decode)
    }

    /// Sandboxes that ended before `time` and whose directory is not yet removed.
    package static func ended(before time: Timestamp, limit: Int, in database: Database) throws -> [SandboxRow] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT * FROM sandbox WHERE state IN ('completed', 'failed') AND updated_at <= ?
                ORDER BY updated_at LIMIT ?
                """
        )
        return try Row.fetchAll(statement, arguments: [time, limit]).map(decode)
    }

    /// Forgets sandboxes that were cleaned up before `time`: history is the relay's.
    ///
    /// - Returns: how many.
    package static func prune(before time: Timestamp, limit: Int, in database: Database) throws -> Int {
        try database.cachedStatement(
            sql: """
                DELETE FROM sandbox WHERE id IN (
                    SELECT id FROM sandbox WHERE state = 'terminated' AND updated_at <= ? LIMIT ?)
                """
        ).execute(arguments: [time, limit])
        return database.changesCount
    }

    private static func decode(_ columns: Row) throws -> SandboxRow {
        guard let state = Sandbox.State(rawValue: columns["state"]) else {
            throw Fault(.internalError, "the sandbox table holds an unknown state")
        }
        var row = SandboxRow(id: columns["id"], provider: columns["provider"], createdAt: columns["created_at"])
        row.state = state
        row.taskID = columns["task_id"]
        row.ticketID = columns["ticket_id"]
        row.projectID = columns["project_id"]
        row.attempt = columns["attempt"]
        row.fence = columns["fence"]
        row.deadlineAt = columns["deadline_at"]
        row.handle = (columns["handle"] as String?).map { ProviderHandle(text: $0) }
        row.stopReason = columns["stop_reason"]
        row.failure = columns["failure"]
        row.version = columns["version"]
        row.updatedAt = columns["updated_at"]
        row.lastActivityAt = columns["last_activity_at"]
        return row
    }
}
