import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// A request body that was checked and decoded, with its bytes.
struct Received<Body: Decodable & Sendable>: Sendable {
    let bytes: [UInt8]
    let value: Body
    /// The same unread: holds fields that ``Body`` does not know.
    let json: RawJSON

    /// Reads the body.
    ///
    /// - Parameter context: knows what the route declares of its body.
    /// - Throws: ``Fault`` `unsupported-media-type`, `body-too-large`, `malformed-request`, or `invalid-field` with
    ///   every mistake.
    init(_ request: Request, _ context: OmoiRequestContext) async throws {
        guard let declared = context.body else { throw Fault(.internalError, "the route declares no body") }
        if declared.isOptional, request.isEmpty {
            bytes = []
            json = try RawJSON(Array("{}".utf8))
            value = try ContractCoder.decode(from: Array("{}".utf8))
            return
        }
        let bytes = try await request.bodyBytes(limit: declared.limit)
        json = try RawJSON(bytes)
        try declared.schema.validate(json.value)
        self.bytes = bytes
        value = try ContractCoder.decode(from: bytes)
    }
}

extension Request {
    /// Whether the request announces no body.
    fileprivate var isEmpty: Bool {
        headers[.transferEncoding] == nil && (headers[.contentLength] ?? "0") == "0"
    }
}

extension Actor {
    /// Guards what belongs to a project from tokens bound to another one.
    ///
    /// - Throws: `fault`, which must not tell whether the thing exists.
    func mustSee(_ project: Identifier?, else fault: Fault) throws(Fault) {
        guard projectID == nil || projectID == project else { throw fault }
    }
}

extension Response {
    /// 201 for a new entity.
    ///
    /// - Parameter path: of its collection.
    static func created(_ entity: RawJSON, at path: String) throws(Fault) -> Response {
        let members = try Members(entity, "reply")
        return json(
            raw: entity.bytes,
            status: .created,
            version: members["version"]?.integer,
            location: "\(path)/\(try members.string("id"))"
        )
    }

    /// 200 for an entity that may have changed.
    static func changed(_ entity: RawJSON) -> Response {
        json(raw: entity.bytes, version: entity.object?["version"]?.integer)
    }
}

extension EntityTag {
    /// Runs a command that demands `version`; the owner's refusal of a stale one is answered 412.
    static func guarding(
        _ version: Int?,
        _ command: () async throws -> RawJSON
    ) async throws -> RawJSON {
        do {
            return try await command()
        } catch var fault as Fault where version != nil && fault.code == .versionConflict {
            fault.code = .preconditionFailed
            throw fault
        }
    }
}
