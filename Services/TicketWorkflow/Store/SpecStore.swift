import Contracts
import GRDB
import Kernel

/// Reads and writes specs, the tickets they know, and their versions.
enum SpecStore {
    /// Deleted ones too.
    static func find(_ id: Identifier, in database: Database) throws -> Spec? {
        let statement = try database.cachedStatement(sql: "SELECT body FROM spec WHERE id = ?")
        return try String.fetchOne(statement, arguments: [id]).map { try JSONText.decode($0) }
    }

    static func insert(_ spec: Spec, in database: Database) throws {
        try database.execute(
            sql:
                "INSERT INTO spec (id, project_id, analysis_task_id, deleted, version, body) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                spec.id, spec.projectID, spec.analysisTaskID, spec.deleted, spec.version, try JSONText.encode(spec),
            ]
        )
        try insertTickets(of: spec, in: database)
    }

    /// - Parameter body: the spec as JSON.
    static func update(_ spec: Spec, body: String, in database: Database) throws {
        try database.execute(
            sql: "UPDATE spec SET analysis_task_id = ?, deleted = ?, version = ?, body = ? WHERE id = ?",
            arguments: [spec.analysisTaskID, spec.deleted, spec.version, body, spec.id]
        )
        try insertTickets(of: spec, in: database)
    }

    /// The specs that know the ticket.
    static func specs(ofTicket id: Identifier, in database: Database) throws -> [Identifier] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT spec_id FROM spec_ticket JOIN spec ON spec.id = spec_ticket.spec_id
                WHERE ticket_id = ? AND deleted = 0 ORDER BY spec_id
                """
        )
        return try Identifier.fetchAll(statement, arguments: [id])
    }

    /// The spec that the task writes.
    ///
    /// - Parameter lineage: of the task, see ``WorkTask/lineageID``.
    static func analysed(by lineage: Identifier, in database: Database) throws -> Identifier? {
        let statement = try database.cachedStatement(
            sql: "SELECT id FROM spec WHERE analysis_task_id = ? AND deleted = 0"
        )
        return try Identifier.fetchOne(statement, arguments: [lineage])
    }

    /// Specs with an id above `after`, oldest first, deleted ones too; ends early once `bytes` are exceeded.
    static func page(after: Identifier?, limit: Int, bytes: Int, in database: Database) throws -> [Spec] {
        let rows = try String.fetchCursor(
            database,
            sql: "SELECT body FROM spec WHERE id > ? ORDER BY id LIMIT ?",
            arguments: [after?.description ?? "", limit]
        )
        var specs: [Spec] = []
        var size = 0
        while size < bytes, let body = try rows.next() {
            specs.append(try JSONText.decode(body))
            size += body.utf8.count
        }
        return specs
    }

    private static func insertTickets(of spec: Spec, in database: Database) throws {
        for ticket in spec.tickets {
            try database.cachedStatement(sql: "INSERT OR IGNORE INTO spec_ticket (ticket_id, spec_id) VALUES (?, ?)")
                .execute(arguments: [ticket.ticketID, spec.id])
        }
    }
}

/// The versions of specs; append-only, but old ones lose their snapshot.
enum SpecVersionStore {
    /// - Parameter snapshot: the spec as JSON.
    static func insert(_ version: SpecVersion, snapshot: String, in database: Database) throws {
        try database.execute(
            sql: "INSERT INTO spec_version (spec_id, number, body, snapshot) VALUES (?, ?, ?, ?)",
            arguments: [version.specID, version.number, try JSONText.encode(version), snapshot]
        )
        try database.execute(
            sql: "UPDATE spec_version SET snapshot = NULL WHERE spec_id = ? AND number = ?",
            arguments: [version.specID, version.number - Limits.specSnapshots]
        )
    }

    static func count(of spec: Identifier, in database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT count(*) FROM spec_version WHERE spec_id = ?", arguments: [spec]) ?? 0
    }

    /// Versions below `before`, newest first; ends early once `bytes` are exceeded.
    static func page(
        of spec: Identifier,
        before: Int,
        limit: Int,
        bytes: Int,
        in database: Database
    ) throws -> [SpecVersion] {
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT body, snapshot FROM spec_version WHERE spec_id = ? AND number < ? ORDER BY number DESC LIMIT ?
                """,
            arguments: [spec, before, limit]
        )
        var versions: [SpecVersion] = []
        var size = 0
        while size < bytes, let row = try rows.next() {
            let (body, snapshot): (String, String?) = (row[0], row[1])
            var version: SpecVersion = try JSONText.decode(body)
            version.snapshot = try snapshot.map { try JSONText.decode($0) }
            versions.append(version)
            size += body.utf8.count + (snapshot?.utf8.count ?? 0)
        }
        return versions
    }
}
