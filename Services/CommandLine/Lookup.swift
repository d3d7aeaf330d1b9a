import Contracts
import FoundationEssentials
import HTTPClient
import Kernel

/// Finds what people name: projects by key, name or id; everything a list route has, page by page.
package struct Lookup: Sendable {
    let client: APIClient

    package init(_ client: APIClient) { self.client = client }

    /// All pages of a list route, at most `limit` items.
    ///
    /// - Parameter member: the member that holds the items; a route that answers an array has none.
    func list<Item: Decodable>(
        _ path: String,
        query: [(String, String?)] = [],
        member: String,
        limit: Int = 1000,
        as: Item.Type = Item.self
    ) async throws -> [Item] {
        var items: [Item] = []
        var cursor: String?
        repeat {
            let response = try await client.perform("GET", path + Query.text(query + [("cursor", cursor)]))
            guard response.status == 200 else { throw APIClient.fault(of: response) }
            let body = try ContractCoder.decode(JSONValue.self, from: response.body)
            let page = body[member] ?? body
            items += try ContractCoder.decode([Item].self, from: ContractCoder.encode(page))
            cursor = Self.text(body["next_cursor"])
            if cursor == nil { cursor = response.header("Link").flatMap(Self.nextCursor) }
        } while cursor != nil && items.count < limit
        return Array(items.prefix(limit))
    }

    /// The project with this id, key or name; without a name the only one there is.
    ///
    /// - Throws: ``Fault`` `not-found`, or `invalid-field` when the choice is the caller's.
    func project(_ name: String?) async throws -> Project {
        let projects: [Project] = try await list("/api/v1/projects", member: "projects")
        guard let name else {
            let active = projects.filter { $0.status == .active }
            if let only = active.first, active.count == 1 { return only }
            throw Fault.invalid(
                "--project",
                active.isEmpty
                    ? "there is no project yet; create one with `omoi project add`"
                    : "say which: \(active.map(\.key).joined(separator: ", "))"
            )
        }
        let found =
            projects.first { $0.id.description == name.lowercased() }
            ?? projects.first { $0.key == name.uppercased() } ?? projects.first { $0.name == name }
        guard let found else { throw Fault.notFound("project", name) }
        return found
    }

    /// The ticket with this id or key.
    func ticket(_ name: String) async throws -> Ticket {
        try await client.get("/api/v1/tickets/\(Query.escape(name))")
    }

    private static func text(_ value: JSONValue?) -> String? {
        guard case .string(let text) = value, !text.isEmpty else { return nil }
        return text
    }

    /// The cursor in a `Link: <...cursor=...>; rel="next"` header.
    static func nextCursor(inLink link: String) -> String? {
        guard link.contains("rel=\"next\""), let start = link.firstRange(of: "cursor=")?.upperBound else { return nil }
        let cursor = link[start...].prefix { $0 != "&" && $0 != ">" }
        return cursor.isEmpty ? nil : Query.unescape(String(cursor))
    }
}

/// Query strings.
enum Query {
    /// `?a=b&c=d` of the members that have a value; empty when none has.
    static func text(_ members: [(String, String?)]) -> String {
        let pairs = members.compactMap { name, value in value.map { "\(name)=\(escape($0))" } }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }

    /// Percent-encodes all but the unreserved characters of RFC 3986.
    static func escape(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return escaped
    }

    /// The inverse of ``escape(_:)``; what is not a valid escape stays as it is.
    static func unescape(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
