import Contracts
import GRDB
import Kernel

/// The board: six columns of cards in the order of work, counted without counting rows.
enum BoardTable {
    /// What is asked of the board.
    struct Query: Sendable {
        var projectID: Identifier?
        var priority: Priority?
        var label: String?
        var search: TicketSearch?
        /// Only this column; nil: all six.
        var column: TicketStatus?
        /// Cards per column.
        var limit = Limits.pageDefault
        /// Goes on inside ``column``.
        var cursor: String?

        fileprivate var isNarrowed: Bool { priority != nil || label != nil || search != nil }
    }

    /// Tickets that are not archived.
    static func total(projectID: Identifier?, status: TicketStatus?, in db: Database) throws -> Int {
        try counts(projectID: projectID, in: db).reduce(0) { sum, entry in
            status == nil || entry.key == status ? sum + entry.value.total : sum
        }
    }

    /// The answer of `GET /api/v1/board/view`, JSON of a ``BoardView``.
    static func view(_ query: Query, in db: Database) throws -> [UInt8] {
        let counts = try counts(projectID: query.projectID, in: db)
        let settings = try query.projectID.flatMap { id in try ProjectTable.settings(of: id, in: db) }
        var page = Page()
        for status in TicketStatus.allCases where query.column == nil || query.column == status {
            let cards = try cards(in: status, query, db)
            let count = counts[status] ?? Count()
            let described = BoardColumn(status, settings)
            let limit = described.wipLimit
            var column = JSONObject()
            column.append("color", raw: try ContractCoder.encode(described.colorTheme))
            column.append("current_count", count.total)
            column.append("description", described.description)
            column.append("id", status.rawValue)
            if query.isNarrowed { column.append("matching_count", try matching(in: status, query, db)) }
            column.append("name", raw: try ContractCoder.encode(described.name))
            if let cursor = cards.nextCursor { column.append("next_cursor", cursor) }
            column.append("sequence_order", status.order)
            column.append("tickets", array: cards)
            column.append("wip_exceeded", limit.map { count.counted > $0 } ?? false)
            if let limit { column.append("wip_limit", limit) }
            page.append(column.bytes)
        }
        var answer = JSONObject()
        answer.append("columns", array: page)
        return answer.bytes
    }

    /// Tickets of a column.
    struct Count: Sendable {
        var total = 0
        /// Without those that wait for other tickets.
        var counted = 0
    }

    /// Columns that hold more than they may, project by project.
    static func violations(projectID: Identifier?, in db: Database) throws -> [WIPViolation] {
        var selection = Selection()
        selection.add("counted > 0")
        selection.add("project_id = ?", projectID?.description)
        let projects = try String.fetchAll(
            db.cachedStatement(sql: "SELECT DISTINCT project_id FROM board_count \(selection.whereClause) ORDER BY 1"),
            arguments: selection.arguments
        )
        return try projects.compactMap { Identifier($0) }.flatMap { id in
            let settings = try ProjectTable.settings(of: id, in: db)
            let counts = try counts(projectID: id, in: db)
            return TicketStatus.allCases.compactMap { status in
                WIPViolation(BoardColumn(status, settings), of: id, counted: counts[status]?.counted ?? 0)
            }
        }
    }

    static func counts(projectID: Identifier?, in db: Database) throws -> [TicketStatus: Count] {
        var selection = Selection()
        selection.add("project_id = ?", projectID?.description)
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: "SELECT status, sum(total), sum(counted) FROM board_count \(selection.whereClause) GROUP BY status"
            ),
            arguments: selection.arguments
        )
        var counts: [TicketStatus: Count] = [:]
        while let row = try rows.next() {
            guard let status = TicketStatus(rawValue: row[0]) else { continue }
            counts[status] = Count(total: row[1], counted: row[2])
        }
        return counts
    }

    private static func cards(in status: TicketStatus, _ query: Query, _ db: Database) throws -> Page {
        let list = "board-\(status.rawValue)"
        var selection = selection(status, query)
        if let cursor = query.cursor {
            let key = try PageCursor(parsing: cursor, list: list).key
            guard key.count == 2, let rank = Int64(key[0]) else { throw PageCursor.refused }
            selection.add("(board_rank, id) > (?, ?)", all: [rank, key[1]])
        }
        var page = Page()
        try page.append(
            selection.rows(
                db,
                "SELECT board_rank, id, card FROM ticket",
                "ORDER BY board_rank, id",
                limit: PageRequest(limit: query.limit)
            ),
            list: list,
            limit: query.limit,
            body: "card",
            key: { row in [String(row["board_rank"] as Int64), row["id"]] }
        )
        return page
    }

    private static func matching(in status: TicketStatus, _ query: Query, _ db: Database) throws -> Int {
        let selection = selection(status, query)
        return try Int.fetchOne(
            db.cachedStatement(sql: "SELECT count(*) FROM ticket \(selection.whereClause)"),
            arguments: selection.arguments
        ) ?? 0
    }

    private static func selection(_ status: TicketStatus, _ query: Query) -> Selection {
        var selection = Selection()
        selection.add("archived = 0")
        selection.add("project_id = ?", query.projectID?.description)
        selection.add("status = ?", status.rawValue)
        selection.add("priority = ?", query.priority?.rawValue)
        selection.add("id IN (SELECT ticket_id FROM ticket_label WHERE label = ?)", query.label)
        query.search?.narrow(&selection)
        return selection
    }
}
