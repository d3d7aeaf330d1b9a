import FoundationEssentials
import GRDB
import Kernel

/// A message that could not be understood or handled, kept for people.
package struct DeadLetter: Sendable, Equatable {
    package var id: Int64
    /// Queue or stream it came from.
    package var source: String
    package var type: String
    package var reason: String
    package var messageID: String?
    package var headers: [String: String]
    package var body: [UInt8]
    package var at: Timestamp
    /// How often it was handed to its handler again.
    package var replays: Int
}

/// Messages set aside so that they block nothing.
package enum DeadLetters {
    /// - Returns: its id.
    @discardableResult
    package static func insert(
        source: String,
        type: String,
        reason: String,
        messageID: String?,
        headers: [String: String],
        body: [UInt8],
        at: Timestamp,
        in database: Database
    ) throws -> Int64 {
        try database.cachedStatement(
            sql: """
                INSERT INTO dead_letter (source, type, reason, message_id, headers, body, at)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [source, type, reason, messageID, HeaderText.encode(headers), Data(body), at])
        return database.lastInsertedRowID
    }

    /// The newest, at most `limit`, newest first.
    package static func list(limit: Int, in database: Database) throws -> [DeadLetter] {
        try Row.fetchAll(database, sql: "\(columns) ORDER BY id DESC LIMIT ?", arguments: [limit]).map(letter)
    }

    package static func count(in database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT count(*) FROM dead_letter") ?? 0
    }

    package static func find(id: Int64, in database: Database) throws -> DeadLetter? {
        try Row.fetchOne(database, sql: "\(columns) WHERE id = ?", arguments: [id]).map(letter)
    }

    /// - Returns: false when there was none.
    @discardableResult
    package static func delete(id: Int64, in database: Database) throws -> Bool {
        try database.execute(sql: "DELETE FROM dead_letter WHERE id = ?", arguments: [id])
        return database.changesCount > 0
    }

    /// Counts one more replay that did not help.
    ///
    /// - Returns: false when there is no such dead letter.
    @discardableResult
    package static func markReplayed(id: Int64, in database: Database) throws -> Bool {
        try database.execute(sql: "UPDATE dead_letter SET replays = replays + 1 WHERE id = ?", arguments: [id])
        return database.changesCount > 0
    }

    private static let columns =
        "SELECT id, source, type, reason, message_id, headers, body, at, replays FROM dead_letter"

    private static func letter(_ row: Row) -> DeadLetter {
        DeadLetter(
            id: row[0],
            source: row[1],
            type: row[2],
            reason: row[3],
            messageID: row[4],
            headers: HeaderText.decode(row[5]),
            body: row.bytes(6),
            at: row[7],
            replays: row[8]
        )
    }
}
