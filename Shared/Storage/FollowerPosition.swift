import GRDB
import Kernel

/// The last message of a stream that was applied. Written in the same transaction as the rows it changed.
package struct FollowerPosition: Sendable, Equatable {
    package var offset: Int64
    /// Id of that message; a stream that has another one at ``offset`` was replaced.
    package var eventID: Identifier?

    package init(offset: Int64, eventID: Identifier?) {
        self.offset = offset
        self.eventID = eventID
    }

    /// nil: nothing of the stream was applied yet.
    package static func get(stream: String, in database: Database) throws -> FollowerPosition? {
        let statement = try database.cachedStatement(
            sql: "SELECT message_offset, event_id FROM follower_position WHERE stream = ?"
        )
        return try Row.fetchOne(statement, arguments: [stream]).map { row in
            FollowerPosition(offset: row[0], eventID: row[1])
        }
    }

    package func set(stream: String, in database: Database) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO follower_position (stream, message_offset, event_id) VALUES (?, ?, ?)
                ON CONFLICT (stream) DO UPDATE
                SET message_offset = excluded.message_offset, event_id = excluded.event_id
                """
        ).execute(arguments: [stream, offset, eventID])
    }

    /// Forgets the position: the stream is applied anew.
    package static func clear(stream: String, in database: Database) throws {
        try database.cachedStatement(sql: "DELETE FROM follower_position WHERE stream = ?")
            .execute(arguments: [stream])
    }
}
