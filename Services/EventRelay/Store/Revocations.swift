import Contracts
import GRDB
import Kernel
import Storage

/// The ids of revoked tokens, learnt from the log and kept until the tokens would have expired anyway.
package enum Revocations {
    /// Notes the token of a `token.revoked` event.
    ///
    /// - Returns: the token's id.
    package static func apply(_ body: [UInt8], to database: Database) throws -> Identifier? {
        guard let token = try ContractCoder.decode(Event.self, from: body).data.token else { return nil }
        try database.execute(
            sql: "INSERT INTO revoked_token(id, expires_at) VALUES (?, ?) ON CONFLICT(id) DO NOTHING",
            arguments: [token.id, token.expiresAt]
        )
        return token.id
    }

    /// All revoked tokens that have not expired.
    package static func all(in database: Database) throws -> Set<Identifier> {
        try Set(Identifier.fetchAll(database, sql: "SELECT id FROM revoked_token"))
    }

    /// Forgets tokens that expired before `time`.
    package static func prune(expiredBefore time: Timestamp, in database: Database) throws {
        try database.execute(sql: "DELETE FROM revoked_token WHERE expires_at < ?", arguments: [time])
    }
}
