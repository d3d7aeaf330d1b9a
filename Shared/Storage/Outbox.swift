import FoundationEssentials
import GRDB
import Kernel

/// A message to publish, written in the transaction that causes it.
package struct OutboxEntry: Sendable, Equatable {
    /// Position in commit order, from 1; 0 while new.
    package var sequence: Int64
    package var id: Identifier
    package var exchange: String
    package var routingKey: String
    package var contentType: String
    package var headers: [String: String]
    package var body: [UInt8]
    package var type: String
    package var at: Timestamp

    package init(
        sequence: Int64 = 0,
        id: Identifier,
        exchange: String,
        routingKey: String,
        contentType: String,
        headers: [String: String] = [:],
        body: [UInt8],
        type: String,
        at: Timestamp
    ) {
        self.sequence = sequence
        self.id = id
        self.exchange = exchange
        self.routingKey = routingKey
        self.contentType = contentType
        self.headers = headers
        self.body = body
        self.type = type
        self.at = at
    }
}

/// Messages to publish, append-only, relayed in order by a watermark.
package enum Outbox {
    /// Appends a message; it is published after the commit.
    package static func append(_ entry: OutboxEntry, to database: Database) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO outbox (id, exchange, routing_key, content_type, headers, body, type, at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            entry.id, entry.exchange, entry.routingKey, entry.contentType, HeaderText.encode(entry.headers),
            Data(entry.body), entry.type, entry.at,
        ])
    }

    /// The messages after `sequence`, in commit order, at most `limit`.
    package static func entries(after sequence: Int64, limit: Int, in database: Database) throws -> [OutboxEntry] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT sequence, id, exchange, routing_key, content_type, headers, body, type, at
                FROM outbox WHERE sequence > ? ORDER BY sequence LIMIT ?
                """
        )
        let rows = try Row.fetchCursor(statement, arguments: [sequence, limit])
        var entries: [OutboxEntry] = []
        while let row = try rows.next() {
            entries.append(
                OutboxEntry(
                    sequence: row[0],
                    id: row[1],
                    exchange: row[2],
                    routingKey: row[3],
                    contentType: row[4],
                    headers: HeaderText.decode(row[5]),
                    body: row.bytes(6),
                    type: row[7],
                    at: row[8]
                )
            )
        }
        return entries
    }

    /// The watermark: every message up to here is confirmed by the broker.
    package static func position(in database: Database) throws -> Int64 {
        try Int64.fetchOne(
            database.cachedStatement(sql: "SELECT sequence FROM relay_position WHERE id = 1")
        ) ?? 0
    }

    /// Moves the watermark.
    package static func setPosition(_ sequence: Int64, in database: Database) throws {
        try database.cachedStatement(sql: "UPDATE relay_position SET sequence = ? WHERE id = 1")
            .execute(arguments: [sequence])
    }

    /// Deletes the oldest confirmed messages, at most ``Limits/pruneBatch`` a call, so that the last `keeping` rows
    /// stay. A message that is not confirmed is never deleted.
    ///
    /// - Returns: how many were deleted; call again while it equals ``Limits/pruneBatch``.
    package static func prune(keeping: Int, in database: Database) throws -> Int {
        let last = min(try position(in: database), try end(in: database) - Int64(keeping))
        try database.cachedStatement(
            sql: """
                DELETE FROM outbox WHERE sequence IN (
                    SELECT sequence FROM outbox WHERE sequence <= ? ORDER BY sequence LIMIT ?)
                """
        ).execute(arguments: [last, Limits.pruneBatch])
        return database.changesCount
    }

    /// The highest position ever given out.
    static func end(in database: Database) throws -> Int64 {
        try Int64.fetchOne(
            database.cachedStatement(sql: "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")
        ) ?? 0
    }
}
