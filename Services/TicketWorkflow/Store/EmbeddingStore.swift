import Contracts
import Crypto
import FoundationEssentials
import GRDB
import Kernel

/// Keeps the meaning of texts: of open tickets, and for a while of texts somebody asked about.
enum EmbeddingStore {
    /// How long the meaning of a text that no ticket has is kept.
    static let retention: Duration = .seconds(3600)
    /// Tickets whose meaning is compared, newest first.
    static let comparisons = 2000

    /// Names a ticket's text, as far as it is looked at.
    static func digest(_ title: String, _ description: String?) -> String {
        let text = title + "\n" + String((description ?? "").prefix(Limits.duplicateTextLength))
        return SHA256.hash(data: Data(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    static func find(_ digest: String, model: String, in database: Database) throws -> Embedding? {
        let statement = try database.cachedStatement(
            sql: "SELECT vector FROM text_embedding WHERE digest = ? AND model = ?"
        )
        return try Data.fetchOne(statement, arguments: [digest, model]).flatMap { Embedding(bytes: Array($0)) }
    }

    /// Keeps a meaning, and forgets those that no ticket has and nobody asked for lately.
    static func save(
        _ embedding: Embedding,
        of digest: String,
        model: String,
        at: Timestamp,
        in database: Database
    ) throws {
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO text_embedding (digest, model, vector, is_of_ticket, at)
                VALUES (?1, ?2, ?3, EXISTS (SELECT 1 FROM ticket_document WHERE digest = ?1), ?4)
                """,
            arguments: [digest, model, Data(embedding.bytes), at]
        )
        try database.execute(
            sql: "DELETE FROM text_embedding WHERE is_of_ticket = 0 AND at < ?",
            arguments: [at - retention]
        )
    }

    /// A ticket has taken the text.
    static func adopt(_ digest: String, in database: Database) throws {
        try database.cachedStatement(sql: "UPDATE text_embedding SET is_of_ticket = 1 WHERE digest = ?")
            .execute(arguments: [digest])
    }

    /// A ticket has let go of the text.
    static func release(_ digest: String, in database: Database) throws {
        try database.cachedStatement(
            sql: """
                DELETE FROM text_embedding WHERE digest = ?1
                    AND NOT EXISTS (SELECT 1 FROM ticket_document WHERE digest = ?1)
                """
        ).execute(arguments: [digest])
    }

    /// The open tickets of a project that mean about the same, the nearest first.
    ///
    /// - Parameter key: the project's.
    static func nearest(
        to embedding: Embedding,
        model: String,
        in key: String,
        limit: Int,
        _ database: Database
    ) throws -> [(id: Identifier, likeness: Double)] {
        let rows = try Row.fetchCursor(
            database.cachedStatement(
                sql: """
                    SELECT ticket_document.ticket_id, text_embedding.vector FROM ticket_document
                    JOIN text_embedding
                        ON text_embedding.digest = ticket_document.digest AND text_embedding.model = ?
                    WHERE ticket_document.project_id = (SELECT id FROM project WHERE key = ?)
                    ORDER BY ticket_document.document DESC LIMIT ?
                    """
            ),
            arguments: [model, key, comparisons]
        )
        var found: [(id: Identifier, likeness: Double)] = []
        while let row = try rows.next() {
            let data: Data = row[1]
            found.append((row[0], likeness(embedding, data)))
        }
        return Array(found.sorted { $0.likeness > $1.likeness }.prefix(limit))
    }

    /// As ``Embedding/likeness(to:)`` says, of a stored vector where it lies: thousands are compared in a transaction.
    private static func likeness(_ embedding: Embedding, _ stored: Data) -> Double {
        let vector = embedding.vector
        guard stored.count == 4 * vector.count else { return 0 }
        return stored.withUnsafeBytes { bytes in
            var sum: Float = 0
            for index in vector.indices {
                let bits = bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
                sum += vector[index] * Float(bitPattern: UInt32(littleEndian: bits))
            }
            return Double(min(max(sum, 0), 1))
        }
    }
}
