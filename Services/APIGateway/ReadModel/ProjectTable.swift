import Contracts
import FoundationEssentials
import GRDB
import Kernel

struct ProjectRow: Sendable {
    let id: Identifier
    let version: Int
    let status: Project.Status
    let name: String
    let body: RawJSON

    init(_ json: RawJSON) throws(Fault) {
        let members = try Members(json, "project")
        id = try members.identifier("id")
        version = try members.integer("version")
        status = try members.value("status", of: Project.Status.self)
        name = try members.string("name")
        body = json
    }
}

/// Projects, newest first.
enum ProjectTable {
    static func apply(_ row: ProjectRow, to db: Database) throws {
        try db.run(
            """
            INSERT INTO project (id, version, status, name, body) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET version = excluded.version, status = excluded.status,
                name = excluded.name, body = excluded.body
            WHERE excluded.version > project.version
            """,
            [row.id.description, row.version, row.status.rawValue, row.name, row.body.data]
        )
    }

    /// - Parameter only: the one project the caller may see.
    static func find(_ id: Identifier, only: Identifier? = nil, in db: Database) throws -> StoredEntity? {
        try db.entity("project", id, only: only, column: "id")
    }

    /// - Parameter only: the one project the caller may see.
    static func list(
        status: Project.Status?,
        only: Identifier?,
        _ request: PageRequest,
        in db: Database
    ) throws -> Page {
        var selection = Selection()
        selection.add("id = ?", only?.description)
        selection.add("status = ?", status?.rawValue)
        if let cursor = request.cursor {
            selection.add("id < ?", try PageCursor(parsing: cursor, list: "projects").key.first)
        }
        var page = Page()
        try page.append(
            selection.rows(db, "SELECT id, body FROM project", "ORDER BY id DESC", limit: request),
            list: "projects",
            limit: request.limit,
            key: { [$0["id"]] }
        )
        return page
    }

    /// nil for an unknown project.
    static func settings(of id: Identifier, in db: Database) throws -> ProjectSettings? {
        guard let project = try find(id, in: db) else { return nil }
        guard let settings = try RawJSON(project.body).object?["settings"] else { return ProjectSettings() }
        return try ContractCoder.decode(ProjectSettings.self, from: Array(settings.bytes))
    }

    /// The settings of a project that is asked for; nil when none is.
    ///
    /// - Throws: ``Fault`` `not-found` for an unknown project.
    static func existing(_ id: Identifier?, in db: Database) throws -> ProjectSettings? {
        guard let id else { return nil }
        guard let settings = try settings(of: id, in: db) else { throw Fault.notFound("project", id) }
        return settings
    }

    /// nil for an unknown project.
    static func stats(of id: Identifier, in db: Database) throws -> ProjectStats? {
        guard try find(id, in: db) != nil else { return nil }
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: "SELECT phase, count(*) FROM ticket WHERE archived = 0 AND project_id = ? GROUP BY phase"
            ),
            arguments: [id.description]
        )
        var phases: [Phase: Int] = [:]
        while let row = try rows.next() {
            if let phase = Phase(rawValue: row[0]) { phases[phase] = row[1] }
        }
        // The plus keeps the index of the project away: there are few open tasks and many of a project.
        let agents = try Int.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT count(DISTINCT sandbox_id) FROM task
                    WHERE status IN ('assigned', 'running') AND +project_id = ?
                    """
            ),
            arguments: [id.description]
        )
        let commits = try Int.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT sum(commits) FROM result JOIN task ON task.id = result.task_id
                    WHERE task.project_id = ? AND result.applied = 1
                    """
            ),
            arguments: [id.description]
        )
        return ProjectStats(projectID: id, phases: phases, activeAgents: agents ?? 0, totalCommits: commits ?? 0)
    }
}
