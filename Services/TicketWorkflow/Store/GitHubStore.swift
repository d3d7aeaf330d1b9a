import Contracts
import FoundationEssentials
import GRDB
import Kernel

/// Reads and writes connections to GitHub.
enum GitHubStore {
    private static let select = """
        SELECT project_id, owner, repo, connected, username, error, connected_at, verified_at,
            EXISTS (SELECT 1 FROM secret WHERE name = 'github-webhook:' || project_id),
            EXISTS (SELECT 1 FROM secret WHERE name = 'github-token:' || project_id)
        FROM github_connection
        """

    static func find(_ project: Identifier, in database: Database) throws -> GitHubConnection? {
        try Row.fetchOne(database, sql: "\(select) WHERE project_id = ?", arguments: [project]).map(connection)
    }

    /// The connections to a repository; projects may share one.
    static func all(owner: String, repo: String, in database: Database) throws -> [GitHubConnection] {
        try Row.fetchAll(
            database,
            sql: "\(select) WHERE full_name = ? ORDER BY project_id",
            arguments: ["\(owner)/\(repo)".lowercased()]
        ).map(connection)
    }

    /// - Parameter project: nil: of every project.
    static func all(of project: Identifier?, in database: Database) throws -> [GitHubConnection] {
        try Row.fetchAll(
            database,
            sql: "\(select) WHERE project_id = ?1 OR ?1 IS NULL ORDER BY project_id",
            arguments: [project]
        ).map(connection)
    }

    static func save(_ connection: GitHubConnection, in database: Database) throws {
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO github_connection
                    (project_id, owner, repo, full_name, connected, username, error, connected_at, verified_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                connection.projectID, connection.owner, connection.repo,
                "\(connection.owner)/\(connection.repo)".lowercased(), connection.connected, connection.username,
                connection.error, connection.connectedAt, connection.verifiedAt,
            ]
        )
    }

    static func delete(_ project: Identifier, in database: Database) throws {
        try database.execute(sql: "DELETE FROM github_connection WHERE project_id = ?", arguments: [project])
        try database.execute(sql: "DELETE FROM github_delivery WHERE project_id = ?", arguments: [project])
    }

    /// Deliveries between two looks for old ones.
    static let pruning: Int64 = 256

    /// Notes a delivery, and now and then forgets the oldest beyond ``Limits/gitHubDeliveries``.
    ///
    /// - Returns: false when it was noted before.
    static func note(
        delivery: String,
        of project: Identifier,
        at: Timestamp,
        in database: Database
    ) throws -> Bool {
        try database.execute(
            sql: "INSERT INTO github_delivery (project_id, delivery, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            arguments: [project, delivery, at]
        )
        guard database.changesCount > 0 else { return false }
        guard database.lastInsertedRowID.isMultiple(of: pruning) else { return true }
        try database.execute(
            sql: """
                DELETE FROM github_delivery WHERE project_id = ?1 AND sequence <= (
                    SELECT sequence FROM github_delivery WHERE project_id = ?1 ORDER BY sequence DESC
                    LIMIT 1 OFFSET ?2)
                """,
            arguments: [project, Limits.gitHubDeliveries]
        )
        // The occasion falls to whichever project delivers then: the old ones of all go.
        try database.execute(
            sql: "DELETE FROM github_delivery WHERE at < ?",
            arguments: [at - Limits.inboxRetention]
        )
        return true
    }

    private static func connection(_ row: Row) -> GitHubConnection {
        var connection = GitHubConnection(
            projectID: row[0],
            owner: row[1],
            repo: row[2],
            connected: row[3],
            webhookConfigured: row[8],
            hasAccessToken: row[9],
            connectedAt: row[6]
        )
        connection.username = row[4]
        connection.error = row[5]
        connection.verifiedAt = row[7]
        return connection
    }
}

extension SecretStore {
    /// Signs the deliveries for a project.
    static func gitHubWebhook(_ project: Identifier) -> String { "github-webhook:\(project)" }

    /// Lets requests to GitHub speak for a project.
    static func gitHubToken(_ project: Identifier) -> String { "github-token:\(project)" }

    /// Keeps a secret in place of the one there was; nil: keeps none.
    static func replace(_ name: String, _ value: String?, at: Timestamp, in database: Database) throws {
        try database.execute(sql: "DELETE FROM secret WHERE name = ?", arguments: [name])
        if let value { try insert(name, Array(value.utf8), at: at, in: database) }
    }
}
