import GRDB
import Kernel

/// A time at which something is to happen.
package struct TimerEntry: Sendable, Equatable {
    package var kind: String
    package var key: String
    package var due: Timestamp
    /// What the timer was set for; one that fires with an old generation is ignored by its owner.
    package var generation: Int

    package init(kind: String, key: String, due: Timestamp, generation: Int) {
        self.kind = kind
        self.key = key
        self.due = due
        self.generation = generation
    }
}

/// Timers that survive a restart; at most one per kind and key.
package enum Timers {
    /// Sets or replaces the timer of `kind` and `key`.
    package static func set(
        kind: String,
        key: String,
        due: Timestamp,
        generation: Int,
        in database: Database
    ) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO timer (kind, key, due, generation) VALUES (?, ?, ?, ?)
                ON CONFLICT (kind, key) DO UPDATE SET due = excluded.due, generation = excluded.generation
                """
        ).execute(arguments: [kind, key, due, generation])
    }

    /// Removes a timer; one that does not exist is fine.
    package static func cancel(kind: String, key: String, in database: Database) throws {
        try database.cachedStatement(sql: "DELETE FROM timer WHERE kind = ? AND key = ?")
            .execute(arguments: [kind, key])
    }

    /// The timers due at `time`, earliest first. They stay until cancelled or set anew.
    package static func due(at time: Timestamp, limit: Int, in database: Database) throws -> [TimerEntry] {
        let statement = try database.cachedStatement(
            sql: "SELECT kind, key, due, generation FROM timer WHERE due <= ? ORDER BY due, kind, key LIMIT ?"
        )
        return try Row.fetchAll(statement, arguments: [time, limit]).map { row in
            TimerEntry(kind: row[0], key: row[1], due: row[2], generation: row[3])
        }
    }

    /// When the next timer is due; nil without timers.
    package static func next(in database: Database) throws -> Timestamp? {
        try Timestamp.fetchOne(database.cachedStatement(sql: "SELECT min(due) FROM timer"))
    }
}
