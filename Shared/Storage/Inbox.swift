import FoundationEssentials
import GRDB
import Kernel

/// The first answer to a command that came with an idempotency key.
package struct InboxEntry: Sendable, Equatable {
    /// Who asked for what: token subject, method and path.
    package var scope: String
    /// The caller's idempotency key.
    package var key: String
    /// Digest of the request: another one under the same key is refused.
    package var digest: String
    package var reply: [UInt8]
    package var replyType: String
    package var at: Timestamp

    package init(scope: String, key: String, digest: String, reply: [UInt8], replyType: String, at: Timestamp) {
        self.scope = scope
        self.key = key
        self.digest = digest
        self.reply = reply
        self.replyType = replyType
        self.at = at
    }
}

/// Answers already given, so that a repeated command gets the first one again.
package enum Inbox {
    package static func find(scope: String, key: String, in database: Database) throws -> InboxEntry? {
        let statement = try database.cachedStatement(
            sql: "SELECT scope, key, digest, reply, reply_type, at FROM inbox WHERE scope = ? AND key = ?"
        )
        return try Row.fetchOne(statement, arguments: [scope, key]).map { row in
            InboxEntry(
                scope: row[0],
                key: row[1],
                digest: row[2],
                reply: row.bytes(3),
                replyType: row[4],
                at: row[5]
            )
        }
    }

    /// - Throws: `DatabaseError` (unique constraint) when the key is taken.
    package static func insert(_ entry: InboxEntry, in database: Database) throws {
        try database.cachedStatement(
            sql: "INSERT INTO inbox (scope, key, digest, reply, reply_type, at) VALUES (?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [
            entry.scope, entry.key, entry.digest, Data(entry.reply), entry.replyType, entry.at,
        ])
    }

    /// Deletes the oldest answers, at most ``Limits/pruneBatch`` a call: those given before `time`, and those beyond
    /// the newest `keeping` rows.
    ///
    /// - Returns: how many were deleted; call again while it equals ``Limits/pruneBatch``.
    package static func prune(
        olderThan time: Timestamp,
        keeping: Int = Limits.inboxRows,
        in database: Database
    ) throws -> Int {
        try database.cachedStatement(
            sql: """
                DELETE FROM inbox WHERE sequence IN (SELECT sequence FROM inbox ORDER BY sequence LIMIT ?)
                AND (at < ? OR sequence <= (SELECT max(sequence) FROM inbox) - ?)
                """
        ).execute(arguments: [Limits.pruneBatch, time, keeping])
        return database.changesCount
    }
}
