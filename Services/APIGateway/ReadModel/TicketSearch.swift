import Contracts
import FoundationEssentials
import GRDB
import Kernel

/// A search for part of a ticket's title or description, in any case.
struct TicketSearch: Sendable {
    /// The index holds pieces of this length; a shorter text is compared with titles one by one.
    private static let piece = 3

    let text: String

    /// nil for text of nothing but space.
    ///
    /// - Throws: ``Fault`` `invalid-field` for a text that is too long.
    init?(_ text: String?) throws(Fault) {
        guard let text = text?.withoutSurroundingSpace, !text.isEmpty else { return nil }
        guard text.count <= Limits.searchLength else {
            throw Fault.invalid("search", "has \(text.count) characters, at most \(Limits.searchLength) fit")
        }
        self.text = text
    }

    func narrow(_ selection: inout Selection) {
        guard text.unicodeScalars.count < Self.piece else {
            // In quotes it is one phrase and nothing in it is an operator.
            let phrase = "\"\(text.replacing("\"", with: "\"\""))\""
            selection.add("ticket.rowid IN (SELECT rowid FROM ticket_text WHERE ticket_text MATCH ?)", phrase)
            return
        }
        let pattern = ["\\", "%", "_"].reduce(text) { $0.replacing($1, with: "\\\($1)") }
        selection.add("json_extract(CAST(ticket.card AS TEXT), '$.title') LIKE ? ESCAPE '\\'", "%\(pattern)%")
    }

    /// What the index holds of a ticket.
    struct Indexed {
        fileprivate let rowID: Int64
        /// nil when it is the same as the new one.
        fileprivate let text: Text?

        /// nil for a ticket that is not known yet.
        init?(replacedBy row: TicketRow, in db: Database) throws {
            let statement = try db.cachedStatement(
                sql: "SELECT rowid, CASE WHEN text_digest <> ? THEN body END FROM ticket WHERE id = ?"
            )
            let rows = try Row.fetchCursor(statement, arguments: [row.textDigest, row.id.description])
            guard let found = try rows.next() else { return nil }
            rowID = found[0]
            text = try (found[1] as Data?).map { try Text(RawJSON(Array($0))) }
        }
    }

    fileprivate struct Text {
        let title: String
        let description: String

        init(_ ticket: RawJSON) throws(Fault) {
            let members = try Members(ticket, "ticket")
            title = try members.string("title")
            description = members["description"]?.string ?? ""
        }
    }

    /// Keeps the index in step with a ticket that was stored.
    static func index(_ row: TicketRow, replacing before: Indexed?, in db: Database) throws {
        let rowID: Int64
        if let before {
            guard let old = before.text else { return }
            rowID = before.rowID
            // Without text of its own the index must be told what it shall forget.
            try db.run(
                "INSERT INTO ticket_text (ticket_text, rowid, title, description) VALUES ('delete', ?, ?, ?)",
                [rowID, old.title, old.description]
            )
        } else {
            rowID = db.lastInsertedRowID
        }
        let text = try Text(row.body)
        try db.run(
            "INSERT INTO ticket_text (rowid, title, description) VALUES (?, ?, ?)",
            [rowID, text.title, text.description]
        )
    }

    /// Differs, as good as always, between tickets of different words.
    static func digest(title: RawJSON, description: RawJSON?) -> Int64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for bytes in [title.bytes, [0], description?.bytes ?? []] {
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        return Int64(bitPattern: hash)
    }
}

extension String {
    fileprivate var withoutSurroundingSpace: String {
        let head = drop { $0.isWhitespace }
        return String(head.prefix(upTo: head.lastIndex { !$0.isWhitespace }.map(head.index(after:)) ?? head.endIndex))
    }
}
