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
                INSERT INTO result (id, task_id, attempt, body, answer, is_refused, created_at)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            result.id, result.taskID, result.attempt, try JSONText.encode(result), text, isRefused, result.createdAt,
        ])
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
