import Contracts
import GRDB
import Kernel

/// Reads and writes projects.
enum ProjectStore {
    private static let columns = TableColumns(
        "project",
        """
        id name key description repository default_branch status settings version created_at updated_at github_owner
        github_repo github_connected
        """
    )
    private static let selectByID = "SELECT \(columns.list) FROM project WHERE id = ?"
    private static let insertSQL = columns.insert
    private static let updateSQL = columns.update

    static func find(_ id: Identifier, in database: Database) throws -> Project? {
        try Row.fetchOne(database.cachedStatement(sql: selectByID), arguments: [id]).map(project)
    }

    static func isKeyTaken(_ key: String, in database: Database) throws -> Bool {
        try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM project WHERE key = ?)", arguments: [key])
            ?? false
    }

    static func insert(_ project: Project, in database: Database) throws {
        try database.cachedStatement(sql: insertSQL).execute(arguments: StatementArguments(values(project)))
        try database.execute(
            sql: "INSERT INTO project_load (project_id, active, concurrency) VALUES (?, ?, ?)",
            arguments: [project.id, project.status == .active, project.settings.concurrency]
        )
    }

    static func update(_ project: Project, in database: Database) throws {
        let values = try values(project)
        try database.cachedStatement(sql: updateSQL)
            .execute(arguments: StatementArguments(values.dropFirst() + [project.id]))
        try database.execute(
            sql: "UPDATE project_load SET active = ?, concurrency = ? WHERE project_id = ?",
            arguments: [project.status == .active, project.settings.concurrency, project.id]
        )
    }

    /// The number of the project's next ticket.
    static func takeTicketNumber(of id: Identifier, in database: Database) throws -> Int {
        let statement = try database.cachedStatement(
            sql: "UPDATE project SET last_ticket = last_ticket + 1 WHERE id = ? RETURNING last_ticket"
        )
        guard let number = try Int.fetchOne(statement, arguments: [id]) else { throw Fault.notFound("project", id) }
        return number
    }

    /// Assigned and running tasks.
    static func openTasks(of id: Identifier, in database: Database) throws -> Int {
        let statement = try database.cachedStatement(sql: "SELECT open_tasks FROM project_load WHERE project_id = ?")
        return try Int.fetchOne(statement, arguments: [id]) ?? 0
    }

    /// Ids of the projects that are not archived.
    static func active(in database: Database) throws -> [Identifier] {
        try Identifier.fetchAll(database, sql: "SELECT id FROM project WHERE status = 'active' ORDER BY id")
    }

    /// Projects with an id above `after`, oldest first.
    static func page(after: Identifier?, limit: Int, in database: Database) throws -> [Project] {
        try Row.fetchAll(
            database,
            sql: "SELECT \(columns.list) FROM project WHERE id > ? ORDER BY id LIMIT ?",
            arguments: [after?.description ?? "", limit]
        ).map(project)
    }

    private static func project(_ row: Row) throws -> Project {
        var project = Project(
            id: row[0],
            name: row[1],
            key: row[2],
            description: row[3],
            repository: row[4],
            defaultBranch: row[5],
            status: row[6],
            settings: try SettingsText.decode(row[7]),
            version: row[8],
            createdAt: row[9],
            updatedAt: row[10]
        )
        project.gitHubOwner = row[11]
        project.gitHubRepo = row[12]
        project.gitHubConnected = row[13]
        return project
    }

    private static func values(_ project: Project) throws -> [(any DatabaseValueConvertible)?] {
        [
            project.id, project.name, project.key, project.description, project.repository, project.defaultBranch,
            project.status, try JSONText.encode(project.settings), project.version, project.createdAt,
            project.updatedAt, project.gitHubOwner, project.gitHubRepo, project.gitHubConnected,
        ]
    }
}
