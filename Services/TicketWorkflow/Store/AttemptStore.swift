import Contracts
import GRDB
import Kernel

/// Reads and writes attempts.
enum AttemptStore {
    private static let columns = TableColumns(
        "attempt",
        "id task_id number fence sandbox_id orchestrator status fault_domain error late started_at ended_at"
    )
    private static let bySandbox = "SELECT \(columns.list) FROM attempt WHERE sandbox_id = ?"
    private static let byNumber = "SELECT \(columns.list) FROM attempt WHERE task_id = ? AND number = ?"
    private static let openByHolder = "SELECT \(columns.list) FROM attempt WHERE orchestrator = ? AND status = 'open'"
    private static let allOpen = "SELECT \(columns.list) FROM attempt WHERE status = 'open'"
    private static let byTask = "SELECT \(columns.list) FROM attempt WHERE task_id = ? ORDER BY number"
    private static let insertSQL = columns.insert

    static func find(sandbox: Identifier, in database: Database) throws -> Attempt? {
        try Row.fetchOne(database.cachedStatement(sql: bySandbox), arguments: [sandbox]).map(attempt)
    }

    static func find(task: Identifier, number: Int, in database: Database) throws -> Attempt? {
        try Row.fetchOne(database.cachedStatement(sql: byNumber), arguments: [task, number]).map(attempt)
    }

    /// Open attempts that the orchestrator holds.
    static func open(heldBy orchestrator: String, in database: Database) throws -> [Attempt] {
        try Row.fetchAll(database.cachedStatement(sql: openByHolder), arguments: [orchestrator]).map(attempt)
    }

    /// Every open attempt, for a start of the process.
    static func open(in database: Database) throws -> [Attempt] {
        try Row.fetchAll(database.cachedStatement(sql: allOpen)).map(attempt)
    }

    static func all(of task: Identifier, in database: Database) throws -> [Attempt] {
        try Row.fetchAll(database.cachedStatement(sql: byTask), arguments: [task]).map(attempt)
    }

    static func insert(_ attempt: Attempt, in database: Database) throws {
        try database.cachedStatement(sql: insertSQL).execute(arguments: [
            attempt.id, attempt.taskID, attempt.number, attempt.fence, attempt.sandboxID, attempt.orchestrator,
            attempt.status, attempt.faultDomain, attempt.error, attempt.late, attempt.startedAt, attempt.endedAt,
        ])
    }

    static func update(_ attempt: Attempt, in database: Database) throws {
        try database.cachedStatement(
            sql: "UPDATE attempt SET status = ?, fault_domain = ?, error = ?, late = ?, ended_at = ? WHERE id = ?"
        ).execute(arguments: [
            attempt.status, attempt.faultDomain, attempt.error, attempt.late, attempt.endedAt, attempt.id,
        ])
    }

    private static func attempt(_ row: Row) -> Attempt {
        var attempt = Attempt(
            id: row[0],
            taskID: row[1],
            number: row[2],
            fence: row[3],
            sandboxID: row[4],
            orchestrator: row[5],
            status: row[6],
            startedAt: row[10]
        )
        attempt.faultDomain = row[7]
        attempt.error = row[8]
        attempt.late = row[9]
        attempt.endedAt = row[11]
        return attempt
    }
}
