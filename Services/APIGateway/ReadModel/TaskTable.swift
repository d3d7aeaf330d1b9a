import Contracts
import FoundationEssentials
import GRDB
import Kernel

struct TaskRow: Sendable {
    let id: Identifier
    let version: Int
    let ticketID: Identifier
    let projectID: Identifier
    let status: WorkTask.Status
    let phase: Phase
    let attempt: Int
    let sandboxID: Identifier?
    /// The same for all tasks that did the same work again.
    let lineageID: Identifier
    /// JSON array of ids.
    let dependsOn: String
    let body: RawJSON

    init(_ json: RawJSON) throws(Fault) {
        let members = try Members(json, "task")
        id = try members.identifier("id")
        version = try members.integer("version")
        ticketID = try members.identifier("ticket_id")
        projectID = try members.identifier("project_id")
        status = try members.value("status", of: WorkTask.Status.self)
        phase = try members.value("phase_id", of: Phase.self)
        attempt = try members.integer("attempt")
        sandboxID = try members.optionalIdentifier("sandbox_id")
        lineageID = try members.identifier("lineage_id")
        dependsOn = try members.required("depends_on").text
        body = json
    }
}

/// What a list of tasks is narrowed to.
struct TaskFilter: Sendable {
    var projectID: Identifier?
    var ticketID: Identifier?
    var status: WorkTask.Status?
    var phase: Phase?
    var hasSandbox: Bool?

    init(
        projectID: Identifier? = nil,
        ticketID: Identifier? = nil,
        status: WorkTask.Status? = nil,
        phase: Phase? = nil,
        hasSandbox: Bool? = nil
    ) {
        self.projectID = projectID
        self.ticketID = ticketID
        self.status = status
        self.phase = phase
        self.hasSandbox = hasSandbox
    }
}

/// Tasks, newest first, with their dependencies and attempts.
enum TaskTable {
    static func apply(_ row: TaskRow, to db: Database) throws {
        try db.run(
            """
            INSERT INTO task (id, version, ticket_id, project_id, status, phase, attempt, sandbox_id, depends_on,
                lineage_id, body)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET version = excluded.version, ticket_id = excluded.ticket_id,
                project_id = excluded.project_id, status = excluded.status, phase = excluded.phase,
                attempt = excluded.attempt, sandbox_id = excluded.sandbox_id, depends_on = excluded.depends_on,
                body = excluded.body
            WHERE excluded.version > task.version
            """,
            [
                row.id.description, row.version, row.ticketID.description, row.projectID.description,
                row.status.rawValue, row.phase.rawValue, row.attempt, row.sandboxID?.description, row.dependsOn,
                row.lineageID.description, row.body.data,
            ]
        )
    }

    /// - Parameter only: the one project the caller may see.
    static func find(_ id: Identifier, only: Identifier? = nil, in db: Database) throws -> StoredEntity? {
        try db.entity("task", id, only: only)
    }

    static func project(of id: Identifier, in db: Database) throws -> Identifier? {
        try String.fetchOne(
            db.cachedStatement(sql: "SELECT project_id FROM task WHERE id = ?"),
            arguments: [id.description]
        ).flatMap { Identifier($0) }
    }

    /// Number of the task's latest attempt.
    static func attempt(of id: Identifier, in db: Database) throws -> Int? {
        try Int.fetchOne(
            db.cachedStatement(sql: "SELECT attempt FROM task WHERE id = ?"),
            arguments: [id.description]
        )
    }

    static func list(_ filter: TaskFilter, _ request: PageRequest, in db: Database) throws -> Page {
        var selection = Selection()
        selection.add("ticket_id = ?", filter.ticketID?.description)
        selection.add("project_id = ?", filter.projectID?.description)
        selection.add("status = ?", filter.status?.rawValue)
        selection.add("phase = ?", filter.phase?.rawValue)
        if let hasSandbox = filter.hasSandbox {
            selection.add(hasSandbox ? "sandbox_id IS NOT NULL" : "sandbox_id IS NULL")
        }
        if let cursor = request.cursor {
            selection.add("id < ?", try PageCursor(parsing: cursor, list: "tasks").key.first)
        }
        var page = Page()
        try page.append(
            selection.rows(db, "SELECT id, body FROM task", "ORDER BY id DESC", limit: request),
            list: "tasks",
            limit: request.limit,
            key: { [$0["id"]] }
        )
        return page
    }

    /// The answer of `GET /api/v1/tasks/{id}/dependencies`; nil for an unknown task.
    static func dependencies(of id: Identifier, in db: Database) throws -> [UInt8]? {
        guard
            let dependsOn = try String.fetchOne(
                db.cachedStatement(sql: "SELECT depends_on FROM task WHERE id = ?"),
                arguments: [id.description]
            )
        else { return nil }
        let open = try Int.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT count(*) FROM task_dependency AS edge LEFT JOIN task ON task.id = edge.depends_on
                    WHERE edge.task_id = ? AND task.status IS NOT 'completed'
                    """
            ),
            arguments: [id.description]
        )
        let waiting = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT task.body FROM task_dependency AS edge JOIN task ON task.id = edge.task_id
                    WHERE edge.depends_on = ? ORDER BY edge.task_id LIMIT ?
                    """
            ),
            arguments: [id.description, Limits.pageMax]
        )
        var blocked = Page()
        while let row = try waiting.next() {
            guard let data = row[0] as Data?, let task = try RawJSON(Array(data)).object else { continue }
            var item = JSONObject()
            for name in ["description", "id", "status", "title"] {
                if let value = task[name] { item.append(name, raw: value.bytes) }
            }
            blocked.append(item.bytes)
        }
        var answer = JSONObject()
        answer.append("blocked_tasks", array: blocked)
        answer.append("dependencies_complete", open == 0)
        answer.append("depends_on", raw: dependsOn.utf8)
        answer.append("task_id", id.description)
        return answer.bytes
    }
}

struct AttemptRow: Sendable {
    let id: Identifier
    let taskID: Identifier
    let number: Int
    let body: RawJSON

    init(_ json: RawJSON) throws(Fault) {
        let members = try Members(json, "attempt")
        id = try members.identifier("id")
        taskID = try members.identifier("task_id")
        number = try members.integer("number")
        body = json
    }
}

/// Attempts of tasks, first one first.
enum AttemptTable {
    /// - Parameter version: of the task in the event that carried the attempt; 0 from a snapshot. An attempt changes
    ///   once more when it ends, so the one carried by the newer task stays.
    static func apply(_ row: AttemptRow, version: Int, to db: Database) throws {
        try db.run(
            """
            INSERT INTO attempt (id, version, task_id, number, body) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body
            WHERE excluded.version > attempt.version
            """,
            [row.id.description, version, row.taskID.description, row.number, row.body.data]
        )
    }

    static func list(of taskID: Identifier, in db: Database) throws -> Page {
        let rows = try Row.fetchCursor(
            db.cachedStatement(sql: "SELECT id, body FROM attempt WHERE task_id = ? ORDER BY number LIMIT ?"),
            arguments: [taskID.description, Limits.pageMax]
        )
        var page = Page()
        try page.append(rows, list: "attempts", limit: Limits.pageMax, key: { [$0["id"]] })
        return page
    }
}
