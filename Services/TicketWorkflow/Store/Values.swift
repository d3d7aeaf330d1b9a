import Contracts
import GRDB
import Kernel
import Synchronization

// Closed sets are stored by their name on the wire.
extension Phase: DatabaseValueConvertible {}
extension TicketStatus: DatabaseValueConvertible {}
extension Priority: DatabaseValueConvertible {}
extension Project.Status: DatabaseValueConvertible {}
extension Ticket.ApprovalStatus: DatabaseValueConvertible {}
extension Transition.Cause: DatabaseValueConvertible {}
extension WorkTask.Status: DatabaseValueConvertible {}
extension WorkTask.TitleSource: DatabaseValueConvertible {}
extension Attempt.Status: DatabaseValueConvertible {}
extension FaultDomain: DatabaseValueConvertible {}
extension EffectReport.Status: DatabaseValueConvertible {}
extension Scope: DatabaseValueConvertible {}

/// Nested values as JSON in a TEXT column.
enum JSONText {
    static func encode(_ value: some Encodable) throws -> String {
        String(decoding: try ContractCoder.encode(value), as: UTF8.self)
    }

    /// An empty array, by far the most frequent value, costs no encoder.
    static func encode(_ array: [some Encodable]) throws -> String {
        array.isEmpty ? "[]" : String(decoding: try ContractCoder.encode(array), as: UTF8.self)
    }

    static func decode<Value: Decodable>(_ text: String) throws -> Value {
        try ContractCoder.decode(from: Array(text.utf8))
    }

    static func decode<Element: Decodable>(array text: String) throws -> [Element] {
        text == "[]" ? [] : try ContractCoder.decode(from: Array(text.utf8))
    }
}

/// Ids in a TEXT column, separated by spaces: read and written on the hot path, so without JSON.
enum IdentifierList {
    static func encode(_ ids: [Identifier]) -> String { ids.map(\.description).joined(separator: " ") }

    static func decode(_ text: String) -> [Identifier] {
        text.split(separator: " ").compactMap { Identifier(String($0)) }
    }
}

/// Settings by their stored text: every claim and result needs its project's, and they rarely change.
enum SettingsText {
    private static let limit = 1000
    private static let known = Mutex<[String: ProjectSettings]>([:])

    static func decode(_ text: String) throws -> ProjectSettings {
        if let settings = known.withLock({ $0[text] }) { return settings }
        let settings: ProjectSettings = try JSONText.decode(text)
        known.withLock { known in
            if known.count >= limit { known.removeAll() }
            known[text] = settings
        }
        return settings
    }
}

/// Column lists and statements made from them.
struct TableColumns {
    let table: String
    let names: [String]

    /// `a, b, c`, in the order rows are read by position.
    var list: String { names.joined(separator: ", ") }

    var insert: String {
        "INSERT INTO \(table) (\(list)) VALUES (\(names.map { _ in "?" }.joined(separator: ", ")))"
    }

    /// Sets every column; the values are followed by the id. The first column is the id.
    var update: String {
        "UPDATE \(table) SET \(names.dropFirst().map { "\($0) = ?" }.joined(separator: ", ")) WHERE id = ?"
    }

    init(_ table: String, _ names: String) {
        self.table = table
        self.names = names.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init)
    }
}
