import Contracts
import FoundationEssentials
import GRDB
import Kernel

/// Reads and writes what others may know about tokens; the signed text is never stored.
enum TokenStore {
    static func find(_ id: Identifier, in database: Database) throws -> AccessToken? {
        try Row.fetchOne(database, sql: "\(select) WHERE id = ?", arguments: [id]).map(token)
    }

    static func insert(_ token: AccessToken, in database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO token (id, subject, scope, project_id, issued_at, expires_at, revoked, version)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                token.id, token.subject, token.scope, token.projectID, token.issuedAt, token.expiresAt, token.revoked,
                token.version,
            ]
        )
    }

    static func update(_ token: AccessToken, in database: Database) throws {
        try database.execute(
            sql: "UPDATE token SET revoked = ?, version = ? WHERE id = ?",
            arguments: [token.revoked, token.version, token.id]
        )
    }

    static func page(after: Identifier?, limit: Int, in database: Database) throws -> [AccessToken] {
        try Row.fetchAll(
            database,
            sql: "\(select) WHERE id > ? ORDER BY id LIMIT ?",
            arguments: [after?.description ?? "", limit]
        ).map(token)
    }

    private static let select =
        "SELECT id, subject, scope, project_id, issued_at, expires_at, revoked, version FROM token"

    private static func token(_ row: Row) -> AccessToken {
        var token = AccessToken(
            id: row[0],
            subject: row[1],
            scope: row[2],
            projectID: row[3],
            issuedAt: row[4],
            expiresAt: row[5]
        )
        token.revoked = row[6]
        token.version = row[7]
        return token
    }
}

/// Values that never leave this service: the signing key, and what was done once.
enum SecretStore {
    /// Seed of the Ed25519 key that signs tokens, 32 bytes.
    static let signingKey = "token-signing-key"
    /// Present once the first admin token was written to its file.
    static let adminToken = "admin-token-issued"

    static func find(_ name: String, in database: Database) throws -> [UInt8]? {
        try Data.fetchOne(database, sql: "SELECT value FROM secret WHERE name = ?", arguments: [name]).map(Array.init)
    }

    static func insert(_ name: String, _ value: [UInt8], at: Timestamp, in database: Database) throws {
        try database.execute(
            sql: "INSERT INTO secret (name, value, created_at) VALUES (?, ?, ?)",
            arguments: [name, Data(value), at]
        )
    }
}
