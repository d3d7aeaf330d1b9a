import Contracts
import GRDB
import Kernel

/// A row of the table of effects, as the loop needs it.
struct EffectRow: Sendable {
    var id: Identifier
    var kind: String
    /// The effect as JSON.
    var request: String
    /// Calls so far, this one included.
    var tries: Int
}

/// Reads and writes effects: `waiting` until due, `running` while called, `done` or `failed` in the end.
enum EffectStore {
    static func insert<E: Effect>(
        _ id: Identifier,
        _ effect: E,
        subject: Identifier,
        project: Identifier?,
        at now: Timestamp,
        in database: Database
    ) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO effect (
                    id, kind, subject, project_id, request, status, tries, due_at, created_at, updated_at)
                VALUES (?, ?, ?, ?, ?, 'waiting', 0, ?, ?, ?)
                """
        ).execute(arguments: [id, E.kind, subject, project, try JSONText.encode(effect), now, now, now])
    }

    /// An effect of this kind about the subject that has not ended yet.
    static func pending(_ kind: String, subject: Identifier, in database: Database) throws -> Identifier? {
        try Identifier.fetchOne(
            database.cachedStatement(
                sql: "SELECT id FROM effect WHERE status IN ('waiting', 'running') AND kind = ? AND subject = ? LIMIT 1"
            ),
            arguments: [kind, subject]
        )
    }

    static func hasDue(at now: Timestamp, in database: Database) throws -> Bool {
        try Bool.fetchOne(
            database.cachedStatement(
                sql: "SELECT EXISTS (SELECT 1 FROM effect WHERE status = 'waiting' AND due_at <= ?)"
            ),
            arguments: [now]
        ) ?? false
    }

    /// Takes what is due, oldest first.
    static func claim(at now: Timestamp, limit: Int, in database: Database) throws -> [EffectRow] {
        let statement = try database.cachedStatement(
            sql: """
                UPDATE effect SET status = 'running', tries = tries + 1, updated_at = ?1
                WHERE id IN (
                    SELECT id FROM effect WHERE status = 'waiting' AND due_at <= ?1 ORDER BY due_at, id LIMIT ?2)
                RETURNING id, kind, request, tries
                """
        )
        return try Row.fetchAll(statement, arguments: [now, limit])
            .map { EffectRow(id: $0[0], kind: $0[1], request: $0[2], tries: $0[3]) }
    }

    /// Gives back what was being called when the process ended; the interrupted call does not count.
    static func restore(in database: Database) throws {
        try database.execute(
            sql: "UPDATE effect SET status = 'waiting', tries = max(tries - 1, 0) WHERE status = 'running'"
        )
    }

    /// Lets the effect be called again.
    static func postpone(
        _ id: Identifier,
        until due: Timestamp,
        _ fault: Fault,
        at now: Timestamp,
        in database: Database
    ) throws {
        try database.cachedStatement(
            sql: "UPDATE effect SET status = 'waiting', due_at = ?, fault = ?, updated_at = ? WHERE id = ?"
        ).execute(arguments: [due, try JSONText.encode(FaultReply(fault)), now, id])
    }

    static func finish(_ id: Identifier, answer: some Encodable, at now: Timestamp, in database: Database) throws {
        try database.cachedStatement(
            sql: "UPDATE effect SET status = 'done', answer = ?, fault = NULL, updated_at = ? WHERE id = ?"
        ).execute(arguments: [try JSONText.encode(answer), now, id])
    }

    static func fail(_ id: Identifier, _ fault: Fault, at now: Timestamp, in database: Database) throws {
        try database.cachedStatement(
            sql: "UPDATE effect SET status = 'failed', fault = ?, updated_at = ? WHERE id = ?"
        ).execute(arguments: [try JSONText.encode(FaultReply(fault)), now, id])
    }

    /// Removes what ended before `time`.
    static func prune(before time: Timestamp, in database: Database) throws {
        try database.cachedStatement(
            sql: "DELETE FROM effect WHERE status IN ('done', 'failed') AND updated_at < ?"
        ).execute(arguments: [time])
    }

    /// - Returns: the report and the project whose tokens may see it.
    static func report(
        _ id: Identifier,
        in database: Database
    ) throws -> (report: EffectReport, project: Identifier?)? {
        let statement = try database.cachedStatement(
            sql: "SELECT kind, subject, status, tries, answer, fault, project_id FROM effect WHERE id = ?"
        )
        guard let row = try Row.fetchOne(statement, arguments: [id]) else { return nil }
        let (answer, fault): (String?, String?) = (row[4], row[5])
        let report = EffectReport(
            id: id,
            kind: row[0],
            subject: row[1],
            status: row[2],
            tries: row[3],
            answer: try answer.map { try JSONText.decode($0) },
            fault: try fault.map { try JSONText.decode($0) }
        )
        return (report, row[6])
    }
}
