import HTTPTypes
import Hummingbird
import Kernel
import ServiceKit

extension Response {
    /// An answer of JSON that is already written.
    ///
    /// - Parameters:
    ///   - version: of the entity in `body`; becomes the `ETag`.
    ///   - location: path of what was created.
    static func json(
        raw body: some Sequence<UInt8>,
        status: HTTPResponse.Status = .ok,
        version: Int? = nil,
        location: String? = nil,
        headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        if let version { headers[.eTag] = EntityTag.text(version) }
        if let location { headers[.location] = location }
        return json(bytes: Array(body), status: status, headers: headers)
    }

    /// A stored entity, or 304 when the caller already has this version.
    static func entity(_ entity: StoredEntity, for request: Request) -> Response {
        if EntityTag.matches(request.headers[.ifNoneMatch], entity.version) {
            return Response(status: .notModified, headers: [.eTag: EntityTag.text(entity.version)])
        }
        return json(raw: entity.body, version: entity.version)
    }

    /// A page as an object with the items under `name`.
    static func page(_ page: Page, as name: String) -> Response {
        var answer = JSONObject()
        if let cursor = page.nextCursor, name > "next_cursor" { answer.append("next_cursor", cursor) }
        answer.append(name, array: page)
        if let cursor = page.nextCursor, name < "next_cursor" { answer.append("next_cursor", cursor) }
        if let total = page.total { answer.append("total", total) }
        return json(raw: answer.bytes)
    }

    /// A page as an array, with the next one in the `Link` header (RFC 8288).
    static func array(_ page: Page, for request: Request) -> Response {
        var headers = HTTPFields()
        if let cursor = page.nextCursor {
            let rest = (request.uri.query ?? "").split(separator: "&").filter { !$0.hasPrefix("cursor=") }
            let query = (rest.map(String.init) + ["cursor=\(cursor)"]).joined(separator: "&")
            headers[.nextPage] = "<\(request.uri.path)?\(query)>; rel=\"next\""
        }
        return json(raw: [UInt8(ascii: "[")] + page.items + [UInt8(ascii: "]")], headers: headers)
    }
}

/// Entity tags: `"v<version>"`.
enum EntityTag {
    static func text(_ version: Int) -> String { "\"v\(version)\"" }

    /// Whether `If-None-Match` names this version.
    static func matches(_ header: String?, _ version: Int) -> Bool {
        guard let header else { return false }
        return header == "*" || header.split(separator: ",").contains { self.version(of: $0) == version }
    }

    /// The version demanded by `If-Match`; nil without the header or with `*`.
    ///
    /// - Throws: ``Fault`` `precondition-failed` for a tag that no version ever has.
    static func demanded(by request: Request) throws(Fault) -> Int? {
        guard let header = request.headers[.ifMatch], header != "*" else { return nil }
        guard let version = version(of: header[...]) else {
            throw Fault(.preconditionFailed, "If-Match must be the ETag of one version, such as \"v3\"")
        }
        return version
    }

    private static func version(of tag: Substring) -> Int? {
        var text = tag.trimmingPrefix { $0 == " " }
        text = text.hasPrefix("W/") ? text.dropFirst(2) : text
        while text.last == " " { text = text.dropLast() }
        guard text.hasPrefix("\"v"), text.hasSuffix("\""), text.count > 3 else { return nil }
        return Int(text.dropFirst(2).dropLast())
    }
}
