import Contracts
import FoundationEssentials
import GRDB
import Kernel
import Storage

/// One event as the relay keeps it: the bytes are exactly those that were received.
package struct StoredEvent: Sendable, Equatable {
    package var sequence: Int64
    package var id: Identifier
    package var type: String
    package var body: [UInt8]
}

/// Some events after a position, and where reading goes on.
package struct HistoryPage: Sendable {
    package var events: [StoredEvent]
    /// Everything up to here was looked at, matching or not.
    package var position: Int64
    /// There was nothing more behind `position` when the page was read.
    package var isLast: Bool
}

/// Queries and changes on the history table.
package enum EventHistory {
    /// Appends an event unless its id is already there.
    ///
    /// An event that names a ticket but no project (a result) gets the project of the ticket's other events, so that
    /// project filters and project-bound tokens see it.
    package static func append(
        _ envelope: EventEnvelope,
        body: [UInt8],
        receivedAt: Timestamp,
        to database: Database
    ) throws {
        var projectID = envelope.projectID
        if projectID == nil, let ticketID = envelope.ticketID {
            projectID = try Identifier.fetchOne(
                database,
                sql: "SELECT project_id FROM event WHERE ticket_id = ? AND project_id IS NOT NULL LIMIT 1",
                arguments: [ticketID]
            )
        }
        try database.cachedStatement(
            sql: """
                INSERT INTO event(id, type, subject, project_id, ticket_id, task_id, time, received_at, body)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO NOTHING
                """
        ).execute(arguments: [
            envelope.id, envelope.type, envelope.subject, projectID, envelope.ticketID, envelope.taskID,
            envelope.time, receivedAt, Data(body),
        ])
    }

    /// The position of an event id a caller may go on behind; nil when the id is unknown, pruned, or not visible
    /// through the filter.
    ///
    /// - Parameter acrossHoles: also from before a hole in the log; a reader of history may, a follower must not.
    package static func position(
        of id: Identifier,
        filter: EventFilter,
        acrossHoles: Bool,
        in database: Database
    ) throws -> Int64? {
        let row = try Row.fetchOne(
            database,
            sql: "SELECT sequence, project_id FROM event WHERE id = ?",
            arguments: [id]
        )
        guard let row else { return nil }
        if let projectID = filter.projectID, row["project_id"] as Identifier? != projectID { return nil }
        let position: Int64 = row["sequence"]
        return try acrossHoles || position > start(in: database) ? position : nil
    }

    /// The position of the newest event; a stream that starts here is live.
    package static func end(in database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT max(sequence) FROM event") ?? 0
    }

    /// Where a reader that wants all there is begins: behind the last hole of the log.
    package static func start(in database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT sequence FROM resume_floor") ?? 0
    }

    /// The oldest event a reader may go on behind.
    package static func oldest(
        filter: EventFilter,
        acrossHoles: Bool,
        in database: Database
    ) throws -> Identifier? {
        let position = try acrossHoles ? 0 : start(in: database)
        return try page(after: position, filter: filter, limit: 1, maxBytes: 1, in: database).events.first?.id
    }

    /// The next matching events in the order they were published.
    ///
    /// - Parameters:
    ///   - limit: most events on the page.
    ///   - maxBytes: the page ends with the first event that reaches this size.
    package static func page(
        after position: Int64,
        filter: EventFilter,
        limit: Int,
        maxBytes: Int,
        in database: Database
    ) throws -> HistoryPage {
        let end = try end(in: database)
        guard end > position else { return HistoryPage(events: [], position: position, isLast: true) }
        var conditions = ["sequence > ?", "sequence <= ?"]
        var arguments: StatementArguments = [position, end]
        append(filter, to: &conditions, &arguments)
        arguments += [limit]
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT sequence, id, type, body FROM event
                WHERE \(conditions.joined(separator: " AND ")) ORDER BY sequence LIMIT ?
                """,
            arguments: arguments
        )
        var events: [StoredEvent] = []
        var bytes = 0
        while bytes < maxBytes, let row = try rows.next() {
            let body = [UInt8](row["body"] as Data)
            events.append(StoredEvent(sequence: row["sequence"], id: row["id"], type: row["type"], body: body))
            bytes += body.count
        }
        let isLast = bytes < maxBytes && events.count < limit
        return HistoryPage(
            events: events,
            position: isLast ? end : events.last?.sequence ?? end,
            isLast: isLast
        )
    }

    private static func append(
        _ filter: EventFilter,
        to conditions: inout [String],
        _ arguments: inout StatementArguments
    ) {
        for (column, id) in [
            ("project_id", filter.projectID), ("ticket_id", filter.ticketID), ("task_id", filter.taskID),
        ] {
            guard let id else { continue }
            conditions.append("\(column) = ?")
            arguments += [id]
        }
        if !filter.types.isEmpty {
            // GLOB on an exact type, which has no wildcard in it, is equality.
            conditions.append("(" + filter.types.map { _ in "type GLOB ?" }.joined(separator: " OR ") + ")")
            arguments += StatementArguments(filter.types)
        }
        if !filter.includesTokens { conditions.append("type NOT GLOB 'token.*'") }
    }

    /// Notes that the log has a hole behind everything stored so far: nobody may resume from before it.
    package static func raiseFloor(in database: Database) throws {
        try database.execute(
            sql: "UPDATE resume_floor SET sequence = (SELECT coalesce(max(sequence), 0) FROM event)"
        )
    }

    /// Deletes the oldest events beyond the age and row limits, at most ``Limits/pruneBatch`` of them.
    ///
    /// - Returns: how many were deleted; as many as the batch allows when there may be more.
    package static func prune(olderThan age: Timestamp, keeping rows: Int, in database: Database) throws -> Int {
        try database.execute(
            sql: """
                DELETE FROM event WHERE sequence IN (
                  SELECT sequence FROM (
                    SELECT sequence, received_at FROM event ORDER BY sequence LIMIT ?
                  )
                  WHERE received_at < ? OR sequence <= (SELECT max(sequence) FROM event) - ?)
                """,
            arguments: [Limits.pruneBatch, age, rows]
        )
        return database.changesCount
    }
}
