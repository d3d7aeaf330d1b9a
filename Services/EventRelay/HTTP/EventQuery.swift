import Hummingbird
import HummingbirdCore
import Kernel

/// Reads the query parameters of both routes.
enum EventQuery {
    typealias Parameters = FlatDictionary<Substring, Substring>

    /// Most `type` parameters in one request.
    private static let types = 50

    /// - Throws: ``Fault`` `invalid-field` that names the parameter.
    static func filter(_ query: Parameters) throws(Fault) -> EventFilter {
        let types = query.getAll("type").map { String($0) }
        guard types.count <= Self.types else { throw Fault.invalid("type", "at most \(Self.types) types fit") }
        for type in types { try EventFilter.checkType(type) }
        return EventFilter(
            types: types,
            projectID: try identifier("project_id", query),
            ticketID: try identifier("ticket_id", query),
            taskID: try identifier("task_id", query)
        )
    }

    /// - Throws: ``Fault`` `invalid-field` that names the parameter.
    static func identifier(_ name: String, _ query: Parameters) throws(Fault) -> Identifier? {
        guard let text = query[name[...]] else { return nil }
        guard let id = Identifier(String(text)) else { throw Fault.invalid(name, "must be a UUID") }
        return id
    }

    /// - Throws: ``Fault`` `invalid-field`.
    static func limit(_ query: Parameters) throws(Fault) -> Int {
        guard let text = query["limit"] else { return Limits.pageDefault }
        guard let limit = Int(text), (1...Limits.historyPageMax).contains(limit) else {
            throw Fault.invalid("limit", "must be between 1 and \(Limits.historyPageMax)")
        }
        return limit
    }
}
