import Contracts
import FoundationEssentials
import GRDB
import Kernel

/// Where a list goes on. Opaque to callers: base64url of the list's name and the sort key of the last item given.
struct PageCursor: Sendable, Equatable {
    var list: String
    var key: [String]

    init(list: String, key: [String]) {
        self.list = list
        self.key = key
    }

    /// - Throws: ``Fault`` `invalid-field` unless `text` is a cursor of this list.
    init(parsing text: String, list: String) throws(Fault) {
        let padded =
            text.replacing("-", with: "+").replacing("_", with: "/")
            + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        guard text.utf8.count <= 512, let data = Data(base64Encoded: padded) else { throw Self.refused }
        var parts = String(decoding: data, as: UTF8.self).split(separator: " ").map(String.init)
        guard parts.count >= 2, parts.removeFirst() == list else { throw Self.refused }
        self.init(list: list, key: parts)
    }

    var text: String {
        Data(([list] + key).joined(separator: " ").utf8).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    static let refused = Fault.invalid("cursor", "is not a cursor of this list; use next_cursor of its last page")
}

/// The part of a list that is asked for.
struct PageRequest: Sendable {
    var limit = Limits.pageDefault
    var cursor: String?
    /// Of the earlier system; only together with no cursor.
    var offset = 0
}

/// The JSON of some items, comma-separated, and where the list goes on.
struct Page: Sendable {
    private(set) var items: [UInt8] = []
    private(set) var count = 0
    var nextCursor: String?
    var total: Int?

    mutating func append(_ json: some Sequence<UInt8>) {
        if count > 0 { items.append(UInt8(ascii: ",")) }
        items.append(contentsOf: json)
        count += 1
    }

    /// Appends rows whose column `body` holds JSON, up to `limit`; one row more means that the list goes on after the
    /// last one given.
    ///
    /// - Parameter key: the sort key of a row, for the cursor.
    mutating func append(
        _ rows: RowCursor,
        list: String,
        limit: Int,
        body: String = "body",
        key: (Row) -> [String]
    ) throws {
        var last: [String] = []
        while let row = try rows.next() {
            guard count < limit else {
                nextCursor = PageCursor(list: list, key: last).text
                return
            }
            try row.withUnsafeData(named: body) { data in append(data ?? Data()) }
            last = key(row)
        }
    }
}

/// One stored entity.
struct StoredEntity: Sendable {
    var version: Int
    var body: [UInt8]
}

/// SQL text with its arguments, grown condition by condition.
struct Selection {
    private(set) var conditions: [String] = []
    private(set) var arguments = StatementArguments()

    /// Adds `condition` unless `value` is nil.
    mutating func add(_ condition: String, _ value: (some DatabaseValueConvertible)?) {
        guard let value else { return }
        conditions.append(condition)
        arguments += [value]
    }

    mutating func add(_ condition: String, all values: StatementArguments = []) {
        conditions.append(condition)
        arguments += values
    }

    var whereClause: String { conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ") }

    func rows(_ db: Database, _ prefix: String, _ suffix: String, limit: PageRequest) throws -> RowCursor {
        let sql = "\(prefix) \(whereClause) \(suffix) LIMIT ? OFFSET ?"
        let statement = try db.cachedStatement(sql: sql)
        return try Row.fetchCursor(statement, arguments: arguments + [limit.limit + 1, limit.offset])
    }
}

extension Database {
    /// Runs a cached statement.
    ///
    /// - Returns: how many rows it changed, not counting triggers.
    @discardableResult
    func run(_ sql: String, _ arguments: StatementArguments) throws -> Int {
        try cachedStatement(sql: sql).execute(arguments: arguments)
        return changesCount
    }

    /// The entity of a table by its id.
    ///
    /// - Parameter only: the one project the caller may see.
    func entity(_ table: String, _ id: Identifier, only: Identifier?, column: String = "project_id") throws
        -> StoredEntity?
    {
        let bound = only == nil ? "" : " AND \(column) = ?"
        return try entity(
            "SELECT version, body FROM \(table) WHERE id = ?\(bound)",
            [id.description] + (only.map { [$0.description] } ?? [])
        )
    }

    /// The first entity of a query for version and body.
    func entity(_ sql: String, _ arguments: StatementArguments) throws -> StoredEntity? {
        let rows = try Row.fetchCursor(cachedStatement(sql: sql), arguments: arguments)
        guard let row = try rows.next() else { return nil }
        return StoredEntity(version: row[0], body: try row.withUnsafeData(atIndex: 1) { Array($0 ?? Data()) })
    }
}

extension RawJSON {
    /// The bytes for a BLOB column.
    var data: Data { Data(bytes) }

    /// The bytes for a TEXT column.
    var text: String { String(decoding: bytes, as: UTF8.self) }
}
