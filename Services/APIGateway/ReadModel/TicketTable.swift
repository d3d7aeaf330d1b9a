import Contracts
import FoundationEssentials
import GRDB
import Kernel

struct TicketRow: Sendable {
    let id: Identifier
    let version: Int
    let projectID: Identifier
    let key: String
    let status: TicketStatus
    let phase: Phase
    let priority: Priority
    let archived: Bool
    /// Blocked automatically by other tickets: does not count against the column's limit.
    let waiting: Bool
    /// Somebody has to decide about it.
    let inReview: Bool
    let boardRank: Int64
    /// JSON array.
    let labels: String
    /// Changes when title or description do.
    let textDigest: Int64
    /// JSON of a ``BoardView/Card``.
    let card: [UInt8]
    let body: RawJSON

    init(_ json: RawJSON) throws(Fault) {
        let members = try Members(json, "ticket")
        id = try members.identifier("id")
        version = try members.integer("version")
        projectID = try members.identifier("project_id")
        key = try members.string("key")
        status = try members.value("status", of: TicketStatus.self)
        phase = try members.value("phase_id", of: Phase.self)
        priority = try members.value("priority", of: Priority.self)
        archived = try members.boolean("archived")
        let block = members["block"]?.object
        let reason = block?["reason"]
        let approval = try members.value("approval_status", of: Ticket.ApprovalStatus.self)
        inReview = status != .done && (approval == .pendingReview || approval == .timedOut)
        waiting = reason?.string == Ticket.BlockReason.dependency.rawValue && block?["automatic"]?.boolean == true
        boardRank = Self.rank(
            status: status,
            priority: priority,
            created: try members.timestamp("created_at"),
            entered: try members.timestamp("entered_phase_at")
        )
        labels = try members.required("labels").text
        textDigest = TicketSearch.digest(title: try members.required("title"), description: members["description"])
        card = try Self.card(members, blockReason: reason)
        body = json
    }

    /// Urgent first, then old first; in `done` the latest first.
    private static func rank(
        status: TicketStatus,
        priority: Priority,
        created: Timestamp,
        entered: Timestamp
    ) -> Int64 {
        guard status != .done else { return -entered.milliseconds }
        let order = Priority.allCases.firstIndex(of: priority) ?? 0
        // 45 bits hold milliseconds until the year 3084.
        return Int64(order) << 45 + created.milliseconds
    }

    /// Joins the members of a card from the ticket's own bytes, keys sorted as ``ContractCoder`` does.
    private static func card(_ members: Members, blockReason: RawJSON?) throws(Fault) -> [UInt8] {
        var card: [UInt8] = []
        card.reserveCapacity(512)
        func append(_ name: String, _ value: some Sequence<UInt8>) {
            card.append(UInt8(ascii: card.isEmpty ? "{" : ","))
            card.append(contentsOf: "\"\(name)\":".utf8)
            card.append(contentsOf: value)
        }
        append("approval_status", try members.required("approval_status").bytes)
        if let blockReason { append("block_reason", blockReason.bytes) }
        append("completed_task_count", try members.required("completed_task_count").bytes)
        append("id", try members.required("id").bytes)
        append("is_blocked", (blockReason == nil ? "false" : "true").utf8)
        for name in [
            "key", "labels", "phase_id", "priority", "project_id", "status", "task_count", "title", "updated_at",
        ] {
            append(name, try members.required(name).bytes)
        }
        if let waiting = members["waiting_for"] { append("waiting_for", waiting.bytes) }
        card.append(UInt8(ascii: "}"))
        return card
    }
}

/// What a list of tickets is narrowed to.
struct TicketFilter: Sendable {
    var projectID: Identifier?
    var status: TicketStatus?
    var phase: Phase?
    var priority: Priority?
    var label: String?
    var search: TicketSearch?

    init(
        projectID: Identifier? = nil,
        status: TicketStatus? = nil,
        phase: Phase? = nil,
        priority: Priority? = nil,
        label: String? = nil,
        search: TicketSearch? = nil
    ) {
        self.search = search
        self.projectID = projectID
        self.status = status
        self.phase = phase
        self.priority = priority
        self.label = label
    }
}

/// Tickets, newest first; archived ones are found by id only.
enum TicketTable {
    static func apply(_ row: TicketRow, to db: Database) throws {
        let before = try TicketSearch.Indexed(replacedBy: row, in: db)
        let changes = try db.run(
            """
            INSERT INTO ticket (id, version, project_id, key, status, phase, priority, archived, waiting, board_rank,
                labels, text_digest, in_review, card, body)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET version = excluded.version, project_id = excluded.project_id,
                key = excluded.key, status = excluded.status, phase = excluded.phase, priority = excluded.priority,
                archived = excluded.archived, waiting = excluded.waiting, board_rank = excluded.board_rank,
                labels = excluded.labels, text_digest = excluded.text_digest, in_review = excluded.in_review,
                card = excluded.card, body = excluded.body
            WHERE excluded.version > ticket.version
            """,
            [
                row.id.description, row.version, row.projectID.description, row.key, row.status.rawValue,
                row.phase.rawValue, row.priority.rawValue, row.archived, row.waiting, row.boardRank, row.labels,
                row.textDigest, row.inReview, Data(row.card), row.body.data,
            ]
        )
        if changes > 0 { try TicketSearch.index(row, replacing: before, in: db) }
    }

    /// The ticket with this id or key.
    ///
    /// - Parameter only: the one project the caller may see.
    static func find(_ reference: String, only: Identifier? = nil, in db: Database) throws -> StoredEntity? {
        if let id = Identifier(reference) { return try db.entity("ticket", id, only: only) }
        let selection = selection(reference, only)
        let sql = "SELECT version, body FROM ticket \(selection.whereClause) ORDER BY id LIMIT 1"
        return try db.entity(sql, selection.arguments)
    }

    /// The id behind an id or a key.
    ///
    /// - Parameter only: the one project the caller may see.
    static func locate(_ reference: String, only: Identifier? = nil, in db: Database) throws -> Identifier? {
        let selection = selection(reference, only)
        let sql = "SELECT id FROM ticket \(selection.whereClause) ORDER BY id LIMIT 1"
        return try String.fetchOne(db.cachedStatement(sql: sql), arguments: selection.arguments)
            .flatMap { Identifier($0) }
    }

    private static func selection(_ reference: String, _ only: Identifier?) -> Selection {
        var selection = Selection()
        if let id = Identifier(reference) {
            selection.add("id = ?", id.description)
        } else {
            selection.add("key = ?", reference.uppercased())
        }
        selection.add("project_id = ?", only?.description)
        return selection
    }

    static func list(_ filter: TicketFilter, _ request: PageRequest, in db: Database) throws -> Page {
        var selection = Selection()
        // The label's own index is in the order of ids, so it leads when there is a label.
        let source =
            filter.label == nil
            ? "ticket" : "ticket_label CROSS JOIN ticket ON ticket.id = ticket_label.ticket_id"
        let id = filter.label == nil ? "ticket.id" : "ticket_label.ticket_id"
        selection.add("ticket_label.label = ?", filter.label)
        selection.add("ticket.archived = 0")
        selection.add("ticket.project_id = ?", filter.projectID?.description)
        selection.add("ticket.status = ?", filter.status?.rawValue)
        selection.add("ticket.phase = ?", filter.phase?.rawValue)
        selection.add("ticket.priority = ?", filter.priority?.rawValue)
        filter.search?.narrow(&selection)
        if let cursor = request.cursor {
            selection.add("\(id) < ?", try PageCursor(parsing: cursor, list: "tickets").key.first)
        }
        var page = Page()
        try page.append(
            selection.rows(
                db,
                "SELECT ticket.id AS id, ticket.body AS body FROM \(source)",
                "ORDER BY \(id) DESC",
                limit: request
            ),
            list: "tickets",
            limit: request.limit,
            key: { [$0["id"]] }
        )
        if filter.phase == nil, filter.priority == nil, filter.label == nil, filter.search == nil {
            page.total = try BoardTable.total(projectID: filter.projectID, status: filter.status, in: db)
        }
        return page
    }
}
