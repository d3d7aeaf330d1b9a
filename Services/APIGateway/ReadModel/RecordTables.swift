import Contracts
import FoundationEssentials
import GRDB
import Kernel

struct TransitionRow: Sendable {
    let id: Identifier
    let ticketID: Identifier
    let body: RawJSON

    init(_ json: RawJSON) throws(Fault) {
        let members = try Members(json, "transition")
        id = try members.identifier("id")
        ticketID = try members.identifier("ticket_id")
        body = json
    }
}

/// Moves of tickets, in the order they happened; append-only.
enum TransitionTable {
    static func apply(_ row: TransitionRow, to db: Database) throws {
        try db.run(
            "INSERT INTO transition (id, ticket_id, body) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
            [row.id.description, row.ticketID.description, row.body.data]
        )
    }

    static func list(of ticketID: Identifier, _ request: PageRequest, in db: Database) throws -> Page {
        var selection = Selection()
        selection.add("ticket_id = ?", ticketID.description)
        if let cursor = request.cursor {
            selection.add("id > ?", try PageCursor(parsing: cursor, list: "history").key.first)
        }
        var page = Page()
        try page.append(
            selection.rows(db, "SELECT id, body FROM transition", "ORDER BY id", limit: request),
            list: "history",
            limit: request.limit,
            key: { [$0["id"]] }
        )
        return page
    }
}

struct ResultRow: Sendable {
    let id: Identifier
    let version: Int
    let taskID: Identifier
    let ticketID: Identifier
    let attempt: Int
    let status: TaskResult.Status
    let applied: Bool
    let summary: String
    /// Number of commits it brought.
    let commits: Int
    let linesAdded: Int
    let linesRemoved: Int
    /// Checks that ran, and those of them that passed.
    let checks: Int
    let checksPassed: Int

    init(_ json: RawJSON) throws(Fault) {
        let members = try Members(json, "result")
        id = try members.identifier("id")
        version = try members.integer("version")
        taskID = try members.identifier("task_id")
        ticketID = try members.identifier("ticket_id")
        attempt = try members.integer("attempt")
        status = try members.value("status", of: TaskResult.Status.self)
        applied = try members.boolean("applied")
        summary = String(try members.string("summary").prefix(Limits.summaryBytes))
        commits = members["commits"]?.elements?.count ?? 0
        let files = members["files_changed"]?.elements ?? []
        linesAdded = files.reduce(0) { $0 + ($1.object?["lines_added"]?.integer ?? 0) }
        linesRemoved = files.reduce(0) { $0 + ($1.object?["lines_removed"]?.integer ?? 0) }
        let runs = members["checks"]?.elements ?? []
        checks = runs.count
        checksPassed = runs.count { $0.object?["exit_code"]?.integer == 0 }
    }
}

/// Results without their content, which the workflow keeps.
enum ResultTable {
    static func apply(_ row: ResultRow, to db: Database) throws {
        try db.run(
            """
            INSERT INTO result (id, version, task_id, ticket_id, attempt, status, applied, summary, commits,
                lines_added, lines_removed, checks, checks_passed)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET version = excluded.version, status = excluded.status,
                applied = excluded.applied, summary = excluded.summary, commits = excluded.commits
            WHERE excluded.version > result.version
            """,
            [
                row.id.description, row.version, row.taskID.description, row.ticketID.description, row.attempt,
                row.status.rawValue, row.applied, row.summary, row.commits, row.linesAdded, row.linesRemoved,
                row.checks,
                row.checksPassed,
            ]
        )
    }
}

struct SandboxRow: Sendable {
    let id: Identifier
    let version: Int
    let state: Sandbox.State
    let projectID: Identifier?
    let taskID: Identifier?
    let body: RawJSON

    init(_ json: RawJSON) throws(Fault) {
        let members = try Members(json, "sandbox")
        id = try members.identifier("id")
        version = try members.integer("version")
        state = try members.value("state", of: Sandbox.State.self)
        projectID = try members.optionalIdentifier("project_id")
        taskID = try members.optionalIdentifier("task_id")
        body = json
    }
}

/// Sandboxes, newest first.
enum SandboxTable {
    static func apply(_ row: SandboxRow, to db: Database) throws {
        try db.run(
            """
            INSERT INTO sandbox (id, version, state, project_id, task_id, body) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET version = excluded.version, state = excluded.state,
                project_id = excluded.project_id, task_id = excluded.task_id, body = excluded.body
            WHERE excluded.version > sandbox.version
            """,
            [
                row.id.description, row.version, row.state.rawValue, row.projectID?.description,
                row.taskID?.description, row.body.data,
            ]
        )
    }

    /// - Parameter only: the one project the caller may see.
    static func find(_ id: Identifier, only: Identifier?, in db: Database) throws -> StoredEntity? {
        try db.entity("sandbox", id, only: only)
    }

    /// The task a sandbox runs or ran; nil before it has claimed one.
    static func task(of id: Identifier, in db: Database) throws -> StoredEntity? {
        try db.entity(
            "SELECT task.version, task.body FROM sandbox JOIN task ON task.id = sandbox.task_id WHERE sandbox.id = ?",
            [id.description]
        )
    }

    static func list(
        state: Sandbox.State?,
        projectID: Identifier?,
        taskID: Identifier?,
        _ request: PageRequest,
        in db: Database
    ) throws -> Page {
        var selection = Selection()
        selection.add("task_id = ?", taskID?.description)
        selection.add("project_id = ?", projectID?.description)
        selection.add("state = ?", state?.rawValue)
        if let cursor = request.cursor {
            selection.add("id < ?", try PageCursor(parsing: cursor, list: "sandboxes").key.first)
        }
        var page = Page()
        try page.append(
            selection.rows(db, "SELECT id, body FROM sandbox", "ORDER BY id DESC", limit: request),
            list: "sandboxes",
            limit: request.limit,
            key: { [$0["id"]] }
        )
        return page
    }
}

struct TokenRow: Sendable {
    let id: Identifier
    let version: Int
    let revoked: Bool
    let expiresAt: Timestamp
    let projectID: Identifier?
    let body: RawJSON

    init(_ json: RawJSON) throws(Fault) {
        let members = try Members(json, "token")
        id = try members.identifier("id")
        version = try members.integer("version")
        revoked = try members.boolean("revoked")
        expiresAt = try members.timestamp("expires_at")
        projectID = try members.optionalIdentifier("project_id")
        body = json
    }
}

/// Issued tokens as others may see them, newest first.
enum TokenTable {
    static func apply(_ row: TokenRow, to db: Database) throws {
        try db.run(
            """
            INSERT INTO token (id, version, revoked, expires_at, project_id, body) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET version = excluded.version, revoked = excluded.revoked,
                expires_at = excluded.expires_at, project_id = excluded.project_id, body = excluded.body
            WHERE excluded.version > token.version
            """,
            [
                row.id.description, row.version, row.revoked, row.expiresAt.milliseconds, row.projectID?.description,
                row.body.data,
            ]
        )
    }

    /// Ids of the tokens that were revoked and have not expired by themselves yet.
    static func revoked(at now: Timestamp, in db: Database) throws -> [Identifier] {
        try String.fetchAll(
            db.cachedStatement(sql: "SELECT id FROM token WHERE revoked = 1 AND expires_at > ?"),
            arguments: [now.milliseconds]
        ).compactMap { Identifier($0) }
    }

    /// - Parameter only: the one project the caller may see.
    static func list(only: Identifier?, _ request: PageRequest, in db: Database) throws -> Page {
        var selection = Selection()
        selection.add("project_id = ?", only?.description)
        if let cursor = request.cursor {
            selection.add("id < ?", try PageCursor(parsing: cursor, list: "tokens").key.first)
        }
        var page = Page()
        try page.append(
            selection.rows(db, "SELECT id, body FROM token", "ORDER BY id DESC", limit: request),
            list: "tokens",
            limit: request.limit,
            key: { [$0["id"]] }
        )
        return page
    }
}
