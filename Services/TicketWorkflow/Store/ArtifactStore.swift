import Contracts
import GRDB
import Kernel

/// Reads and writes evidence of tickets; rows are never changed.
enum ArtifactStore {
    static func insert(_ artifact: TicketArtifact, in database: Database) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO artifact (id, ticket_id, phase, type, path, content, round, result_id, collected_by,
                    collected_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            artifact.id, artifact.ticketID, artifact.phase, artifact.type, artifact.path,
            try artifact.content.map { try JSONText.encode($0) }, artifact.round, artifact.resultID,
            artifact.collectedBy, artifact.collectedAt,
        ])
    }

    /// Everything the ticket has, oldest first.
    static func all(of ticket: Identifier, in database: Database) throws -> [TicketArtifact] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT id, ticket_id, phase, type, path, content, round, result_id, collected_by, collected_at
                FROM artifact WHERE ticket_id = ? ORDER BY id
                """
        )
        return try Row.fetchAll(statement, arguments: [ticket]).map { row in
            TicketArtifact(
                id: row[0],
                ticketID: row[1],
                phase: row[2],
                type: row[3],
                path: row[4],
                content: try (row[5] as String?).map { try JSONText.decode($0) },
                round: row[6],
                resultID: row[7],
                collectedBy: row[8],
                collectedAt: row[9]
            )
        }
    }

    /// What the current round of the ticket can show to its gates.
    static func evidence(of ticket: Ticket, in database: Database) throws -> Gate.Evidence {
        let artifacts =
            ticket.artifacts?.isEmpty ?? true
            ? [] : try all(of: ticket.id, in: database).filter { $0.round == ticket.round }
        let statement = try database.cachedStatement(
            sql: """
                SELECT task.phase, json_extract(run.value, '$.name'), json_extract(run.value, '$.exit_code')
                FROM task JOIN result ON result.id = task.result_id
                JOIN json_each(result.body, '$.checks') AS run
                WHERE task.ticket_id = ? AND task.is_current = 1 AND task.status = 'completed'
                ORDER BY task.completed_at, task.id, run.key
                """
        )
        let runs = try Row.fetchAll(statement, arguments: [ticket.id]).map { row in
            Gate.Evidence.Run(check: row[1], phase: row[0], passed: row[2] == 0)
        }
        return Gate.Evidence(artifacts: artifacts, runs: runs)
    }
}

extension ProjectSettings {
    /// The gates that require something.
    var openGates: [Phase: GateSettings] {
        guard !gates.isEmpty else { return [:] }
        return Phase.allCases.reduce(into: [:]) { gates, phase in gates[phase] = gate(of: phase) }
    }
}
