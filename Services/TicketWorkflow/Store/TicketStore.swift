import Contracts
import GRDB
import Kernel

/// A ticket with what only its owner knows about it.
struct TicketRecord: Sendable, Equatable {
    var ticket: Ticket
    /// The phase it would move to if its column had room.
    var wanted: TicketStatus?

    /// Takes a place in its column: a ticket that waits for others does not.
    var isCounted: Bool {
        !ticket.archived && !(ticket.block?.automatic == true && ticket.block?.reason == .dependency)
    }

    /// The least ``wantedRank`` of a ticket in the backlog.
    static let backlogRank = Phase.done.order * 10

    /// Place among the tickets that want the same column: those further on first, then priority; then age, by id.
    var wantedRank: Int {
        let priority = Priority.allCases.firstIndex(of: ticket.priority) ?? Priority.allCases.count
        return (Phase.done.order - ticket.phase.order) * 10 + priority
    }
}

/// Reads and writes tickets, their order among each other and their transitions.
enum TicketStore {
    private static let columns = TableColumns(
        "ticket",
        """
        id key project_id title description phase priority approval_status block blocked_by labels auto_start round
        archived task_count completed_task_count version created_at updated_at entered_phase_at wanted is_counted
        wanted_rank previous_phase spec_id waiting_for review context context_summary artifacts links
        """
    )
    private static let selectByID = "SELECT \(columns.list) FROM ticket WHERE id = ?"
    private static let insertSQL = columns.insert
    private static let updateSQL = columns.update

    static func find(_ id: Identifier, in database: Database) throws -> TicketRecord? {
        try Row.fetchOne(database.cachedStatement(sql: selectByID), arguments: [id]).map(record)
    }

    /// The id of the ticket with this human key.
    static func identifier(ofKey key: String, in database: Database) throws -> Identifier? {
        try Identifier.fetchOne(database, sql: "SELECT id FROM ticket WHERE key = ?", arguments: [key])
    }

    static func insert(_ record: TicketRecord, in database: Database) throws {
        try database.cachedStatement(sql: insertSQL).execute(arguments: StatementArguments(values(record)))
    }

    /// Stores what the ticket waits for, once every ticket of the request is there.
    static func insertBlockers(of ticket: Ticket, in database: Database) throws {
        for blocker in ticket.blockedBy {
            try database.cachedStatement(sql: "INSERT INTO ticket_blocker (ticket_id, blocker_id) VALUES (?, ?)")
                .execute(arguments: [ticket.id, blocker])
        }
    }

    /// Replaces what the ticket waits for.
    static func setBlockers(of ticket: Ticket, in database: Database) throws {
        try database.cachedStatement(sql: "DELETE FROM ticket_blocker WHERE ticket_id = ?")
            .execute(arguments: [ticket.id])
        try insertBlockers(of: ticket, in: database)
    }

    static func update(_ record: TicketRecord, in database: Database) throws {
        let values = try values(record)
        try database.cachedStatement(sql: updateSQL)
            .execute(arguments: StatementArguments(values.dropFirst() + [record.ticket.id]))
    }

    static func insert(_ transition: Transition, in database: Database) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO transition (id, ticket_id, from_phase, to_phase, cause, actor, reason, at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            transition.id, transition.ticketID, transition.fromPhase, transition.toPhase, transition.cause,
            transition.actor, transition.reason, transition.at,
        ])
    }

    /// The tickets that must be done first and are not. Nobody waits for an archived one.
    static func openBlockers(of id: Identifier, in database: Database) throws -> [(id: Identifier, key: String)] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT ticket.id, ticket.key FROM ticket_blocker
                JOIN ticket ON ticket.id = ticket_blocker.blocker_id
                WHERE ticket_blocker.ticket_id = ? AND ticket.status <> 'done' AND ticket.archived = 0
                ORDER BY ticket.id
                """
        )
        return try Row.fetchAll(statement, arguments: [id]).map { ($0[0], $0[1]) }
    }

    /// The tickets that wait for this one to be done.
    static func blocked(by id: Identifier, in database: Database) throws -> [Identifier] {
        try Identifier.fetchAll(
            database.cachedStatement(sql: "SELECT ticket_id FROM ticket_blocker WHERE blocker_id = ?"),
            arguments: [id]
        )
    }

    /// Tickets that take a place in the column.
    static func count(in status: TicketStatus, of project: Identifier, in database: Database) throws -> Int {
        let statement = try database.cachedStatement(
            sql: "SELECT tickets FROM column_load WHERE project_id = ? AND status = ?"
        )
        return try Int.fetchOne(statement, arguments: [project, status]) ?? 0
    }

    /// The ticket that gets the next place in the column.
    ///
    /// - Parameter fromBacklog: false while the project admits nothing by itself.
    static func bestCandidate(
        for status: TicketStatus,
        of project: Identifier,
        fromBacklog: Bool,
        in database: Database
    ) throws -> Identifier? {
        let statement = try database.cachedStatement(
            sql: """
                SELECT id FROM ticket WHERE project_id = ? AND wanted = ? AND wanted_rank < ?
                ORDER BY wanted_rank, id LIMIT 1
                """
        )
        return try Identifier.fetchOne(
            statement,
            arguments: [project, status, fromBacklog ? Int.max : TicketRecord.backlogRank]
        )
    }

    /// Tickets with an id above `after`, oldest first.
    static func page(after: Identifier?, limit: Int, in database: Database) throws -> [Ticket] {
        try Row.fetchAll(
            database,
            sql: "SELECT \(columns.list) FROM ticket WHERE id > ? ORDER BY id LIMIT ?",
            arguments: [after?.description ?? "", limit]
        ).map { try record($0).ticket }
    }

    /// Every move of the ticket, oldest first.
    static func transitions(of id: Identifier, in database: Database) throws -> [Transition] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT id, ticket_id, from_phase, to_phase, cause, actor, reason, at FROM transition
                WHERE ticket_id = ? ORDER BY id
                """
        )
        return try Row.fetchAll(statement, arguments: [id]).map { row in
            Transition(
                id: row[0],
                ticketID: row[1],
                from: row[2],
                to: row[3],
                cause: row[4],
                actor: row[5],
                reason: row[6],
                at: row[7]
            )
        }
    }

    private static func record(_ row: Row) throws -> TicketRecord {
        let block: String? = row[8]
        var ticket = Ticket(
            id: row[0],
            key: row[1],
            projectID: row[2],
            title: row[3],
            description: row[4],
            phase: row[5],
            priority: row[6],
            approvalStatus: row[7],
            block: try block.map { try JSONText.decode($0) },
            blockedBy: IdentifierList.decode(row[9]),
            labels: try JSONText.decode(array: row[10]),
            autoStart: row[11],
            round: row[12],
            archived: row[13],
            taskCount: row[14],
            completedTaskCount: row[15],
            version: row[16],
            createdAt: row[17],
            updatedAt: row[18],
            enteredPhaseAt: row[19]
        )
        ticket.previousPhase = row[23]
        ticket.specID = row[24]
        ticket.waitingFor = try (row[25] as String?).map { try JSONText.decode($0) }
        if let review = try (row[26] as String?).map({ try JSONText.decode($0) as ReviewText }) {
            review.apply(to: &ticket)
        }
        ticket.context = try (row[27] as String?).map { try JSONText.decode($0) }
        ticket.contextSummary = row[28]
        ticket.artifacts = try (row[29] as String?).map { try JSONText.decode($0) }
        ticket.links = try (row[30] as String?).map { try JSONText.decode($0) }
        return TicketRecord(ticket: ticket, wanted: row[20])
    }

    private static func values(_ record: TicketRecord) throws -> [(any DatabaseValueConvertible)?] {
        let ticket = record.ticket
        return [
            ticket.id, ticket.key, ticket.projectID, ticket.title, ticket.description, ticket.phase, ticket.priority,
            ticket.approvalStatus, try ticket.block.map { try JSONText.encode($0) },
            IdentifierList.encode(ticket.blockedBy), try JSONText.encode(ticket.labels), ticket.autoStart, ticket.round,
            ticket.archived, ticket.taskCount, ticket.completedTaskCount, ticket.version, ticket.createdAt,
            ticket.updatedAt, ticket.enteredPhaseAt, record.wanted, record.isCounted, record.wantedRank,
            ticket.previousPhase, ticket.specID, try ticket.waitingFor.map { try JSONText.encode($0) },
            try ReviewText(ticket).map { try JSONText.encode($0) }, try ticket.context.map { try JSONText.encode($0) },
            ticket.contextSummary, try ticket.artifacts.map { try JSONText.encode($0) },
            try ticket.links.map { try JSONText.encode($0) },
        ]
    }
}

/// What a ticket says about its review, in one column: most tickets never have one.
private struct ReviewText: Codable {
    var deadline: Timestamp?
    var phase: Phase?
    var approved: [Phase]?
    var requestedBy: String?
    var rejection: String?

    /// nil when there is nothing to say.
    init?(_ ticket: Ticket) {
        guard
            ticket.approvalDeadlineAt != nil || ticket.approvalPhase != nil || ticket.approvedPhases != nil
                || ticket.requestedBy != nil || ticket.rejectionReason != nil
        else { return nil }
        deadline = ticket.approvalDeadlineAt
        phase = ticket.approvalPhase
        approved = ticket.approvedPhases
        requestedBy = ticket.requestedBy
        rejection = ticket.rejectionReason
    }

    func apply(to ticket: inout Ticket) {
        ticket.approvalDeadlineAt = deadline
        ticket.approvalPhase = phase
        ticket.approvedPhases = approved
        ticket.requestedBy = requestedBy
        ticket.rejectionReason = rejection
    }
}
