import Contracts
import FoundationEssentials
import GRDB

/// The key that verifies tokens, kept so that readers are served while its owner is away.
enum KeptKey {
    static func load(in database: Database) throws -> VerificationKey? {
        guard let body = try Data.fetchOne(database, sql: "SELECT body FROM verification_key") else { return nil }
        return try ContractCoder.decode(VerificationKey.self, from: Array(body))
    }

    static func save(_ key: VerificationKey, in database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO verification_key(singleton, body) VALUES (0, ?)
                ON CONFLICT(singleton) DO UPDATE SET body = excluded.body
                """,
            arguments: [Data(ContractCoder.encode(key))]
        )
    }
}
