import Contracts
import FoundationEssentials
import GRDB
import Kernel
import Messaging
import Storage

/// A fact whose handler failed, kept in the store until it is tried again.
struct ParkedMessage: Sendable, Equatable {
    var id: Int64
    var source: String
    var type: String
    var messageID: String
    var headers: [String: String]
    var body: [UInt8]
    /// Tries so far, 1 or more.
    var attempts: Int
    var error: String

    /// Parks a delivery. The same message again changes nothing.
    static func insert(_ delivery: Delivery, error: String, next: Timestamp, at: Timestamp, in database: Database)
        throws
    {
        try database.cachedStatement(
            sql: """
                INSERT OR IGNORE INTO parked_message
                    (source, type, message_id, headers, body, attempts, next_at, error, at)
                VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?)
                """
        ).execute(arguments: [
            delivery.queue, delivery.properties.type ?? "",
            delivery.properties.messageID ?? Identifier.make().description,
            String(decoding: try ContractCoder.encode(delivery.properties.headers), as: UTF8.self),
            Data(delivery.body), next, error, at,
        ])
    }

    /// Messages whose time has come, oldest first.
    static func due(at time: Timestamp, limit: Int, in database: Database) throws -> [ParkedMessage] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT id, source, type, message_id, headers, body, attempts, error FROM parked_message
                WHERE next_at <= ? ORDER BY id LIMIT ?
                """,
            arguments: [time, limit]
        ).map { row in
            let headers: String = row[4]
            let body: Data = row[5]
            return ParkedMessage(
                id: row[0],
                source: row[1],
                type: row[2],
                messageID: row[3],
                headers: try ContractCoder.decode(from: Array(headers.utf8)),
                body: Array(body),
                attempts: row[6],
                error: row[7]
            )
        }
    }

    static func count(in database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT count(*) FROM parked_message") ?? 0
    }

    func delete(in database: Database) throws {
        try database.execute(sql: "DELETE FROM parked_message WHERE id = ?", arguments: [id])
    }

    func postpone(error: String, next: Timestamp, in database: Database) throws {
        try database.execute(
            sql: "UPDATE parked_message SET attempts = attempts + 1, next_at = ?, error = ? WHERE id = ?",
            arguments: [next, error, id]
        )
    }

    func bury(reason: String, at: Timestamp, in database: Database) throws {
        try DeadLetters.insert(
            source: source,
            type: type,
            reason: reason,
            messageID: messageID,
            headers: headers,
            body: body,
            at: at,
            in: database
        )
        try delete(in: database)
    }
}
