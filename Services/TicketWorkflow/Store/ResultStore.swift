import Contracts
import GRDB
import Kernel

/// Reads and writes results together with what their sandbox was told.
enum ResultStore {
    /// The answer to a result, kept so that a repeated report gets the same.
    enum Answer {
        case accepted(ResultResponse)
        case refused(Fault)
    }

    static func answer(task: Identifier, attempt: Int, in database: Database) throws -> Answer? {
        let statement = try database.cachedStatement(
            sql: "SELECT answer, is_refused FROM result WHERE task_id = ? AND attempt = ?"
        )
        guard let row = try Row.fetchOne(statement, arguments: [task, attempt]) else { return nil }
        guard row[1] else { return .accepted(try JSONText.decode(row[0])) }
        let refusal: FaultReply = try JSONText.decode(row[0])
        return .refused(refusal.fault)
    }

    static func insert(_ result: TaskResult, answer: Answer, in database: Database) throws {
        let (text, isRefused) =
            switch answer {
            case .accepted(let response): (try JSONText.encode(response), false)
            case .refused(let fault): (try JSONText.encode(FaultReply(fault)), true)
            }
        try database.cachedStatement(
            sql: """
                INSERT INTO result (id, task_id, ticket_id, attempt, body, answer, is_refused, created_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            result.id, result.taskID, result.ticketID, result.attempt, try JSONText.encode(result), text, isRefused,
            result.createdAt,
        ])
    }

    static func find(_ id: Identifier, in database: Database) throws -> TaskResult? {
        try String.fetchOne(
            database.cachedStatement(sql: "SELECT body FROM result WHERE id = ?"),
            arguments: [id]
        ).map { try JSONText.decode($0) }
    }

    static func update(_ result: TaskResult, in database: Database) throws {
        try database.cachedStatement(sql: "UPDATE result SET body = ? WHERE id = ?")
            .execute(arguments: [try JSONText.encode(result), result.id])
    }

    /// Results, newest first, until `bytes` are reached; evidence of superseded attempts included.
    ///
    /// - Returns: the results, and whether there are older ones.
    static func list(
        _ filter: ListResults,
        bytes: Int,
        in database: Database
    ) throws -> (results: [TaskResult], hasMore: Bool) {
        var conditions: [String] = []
        var arguments: [(any DatabaseValueConvertible)?] = []
        func add(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            arguments.append(value)
        }
        add("task_id = ?", filter.taskID)
        add("ticket_id = ?", filter.ticketID)
        add("(SELECT project_id FROM task WHERE task.id = task_id) = ?", filter.projectID)
        add("json_extract(body, '$.status') = ?", filter.status?.rawValue)
        add("id < ?", filter.before)
        let condition = conditions.isEmpty ? "" : "WHERE \(conditions.joined(separator: " AND "))"
        let rows = try Row.fetchCursor(
            database.cachedStatement(sql: "SELECT body FROM result \(condition) ORDER BY id DESC LIMIT ?"),
            arguments: StatementArguments(arguments + [filter.limit + 1])
        )
        var results: [TaskResult] = []
        var total = 0
        while let row = try rows.next() {
            guard results.count < filter.limit, total < bytes else { return (results, true) }
            let body: String = row[0]
            total += body.utf8.count
            results.append(try JSONText.decode(body))
        }
        return (results, false)
    }

    /// Applied results with an id above `after`, oldest first, until `bytes` are reached; at least one if there is one.
    static func page(after: Identifier?, limit: Int, bytes: Int, in database: Database) throws -> [TaskResult] {
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT body FROM result WHERE id > ? AND is_refused = 0 ORDER BY id LIMIT ?",
            arguments: [after?.description ?? "", limit]
        )
        var results: [TaskResult] = []
        var total = 0
        while total < bytes, let row = try rows.next() {
            let body: String = row[0]
            total += body.utf8.count
            results.append(try JSONText.decode(body))
        }
        return results
    }
}
