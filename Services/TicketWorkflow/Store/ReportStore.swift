import Contracts
import GRDB
import Kernel

/// Reads and writes documents that were handed in.
enum ReportStore {
    static func find(_ id: Identifier, in database: Database) throws -> Report? {
        try String.fetchOne(
            database.cachedStatement(sql: "SELECT body FROM report WHERE id = ?"),
            arguments: [id]
        ).map { try JSONText.decode($0) }
    }

    static func insert(_ report: Report, in database: Database) throws {
        try database.cachedStatement(
            sql: "INSERT INTO report (id, project_id, ticket_id, task_id, body, version) VALUES (?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [
            report.id, report.projectID, report.ticketID, report.taskID, try JSONText.encode(report), report.version,
        ])
    }

    static func update(_ report: Report, in database: Database) throws {
        try database.cachedStatement(sql: "UPDATE report SET body = ?, version = ? WHERE id = ?")
            .execute(arguments: [try JSONText.encode(report), report.version, report.id])
    }

    /// Those about a task or a ticket, oldest first, until `bytes` are reached.
    static func list(_ query: ListReports, limit: Int, bytes: Int, in database: Database) throws -> [Report] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT body FROM report
                WHERE (?1 IS NULL OR task_id = ?1) AND (?2 IS NULL OR ticket_id = ?2) AND (NOT ?3 OR task_id IS NULL)
                ORDER BY id LIMIT ?4
                """
        )
        let arguments: StatementArguments = [query.taskID, query.ticketID, query.solutionsOnly, limit]
        let rows = try Row.fetchCursor(statement, arguments: arguments)
        var reports: [Report] = []
        var total = 0
        while total < bytes, let row = try rows.next() {
            let body: String = row[0]
            total += body.utf8.count
            reports.append(try JSONText.decode(body))
        }
        return reports
    }
}
