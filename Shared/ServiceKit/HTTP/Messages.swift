import Contracts
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

extension Response {
    /// A JSON answer.
    package static func json(
        _ value: some Encodable,
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:]
    ) throws -> Response {
        json(bytes: try ContractCoder.encode(value), status: status, headers: headers)
    }

    /// A JSON answer that is encoded already.
    package static func json(
        bytes: [UInt8],
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.contentType] = ContentType.json
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// An RFC 9457 answer.
    ///
    /// - Parameter instance: path of the request.
    package static func problem(_ fault: Fault, instance: String?) -> Response {
        var headers: HTTPFields = [.contentType: ContentType.problem]
        if let delay = fault.retryAfter {
            headers[.retryAfter] = String(max(1, (delay.milliseconds + 999) / 1000))
        }
        if fault.code == .unauthenticated { headers[.wwwAuthenticate] = "Bearer" }
        // A Problem is strings and numbers: encoding it cannot fail.
        let bytes = (try? ContractCoder.encode(Problem(fault, instance: instance))) ?? []
        return Response(
            status: HTTPResponse.Status(code: fault.code.status),
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}

extension Request {
    /// Reads, checks and decodes a JSON body.
    ///
    /// - Throws: ``Fault`` `unsupported-media-type`, `body-too-large` (more than ``Limits/requestBytes``),
    ///   `malformed-request`, or `invalid-field` with every mistake.
    package func body<Body: Decodable>(as type: Body.Type = Body.self, schema: Schema) async throws -> Body {
        let bytes = try await bodyBytes()
        try schema.validate(try ContractCoder.decode(JSONValue.self, from: bytes))
        return try ContractCoder.decode(type, from: bytes)
    }

    /// The bytes of a JSON body, unread.
    ///
    /// - Throws: ``Fault`` `unsupported-media-type` or `body-too-large`.
    package func bodyBytes(limit: Int = Limits.requestBytes) async throws -> [UInt8] {
        let type = headers[.contentType]?.prefix { $0 != ";" }.lowercased().withoutSurroundingWhitespace ?? ""
        guard type == ContentType.json || type.hasSuffix("+json") else {
            throw Fault(.unsupportedMedia, "send the body as \(ContentType.json)")
        }
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit { throw Self.tooLarge(limit) }
        var bytes: [UInt8] = []
        for try await chunk in body {
            guard bytes.count + chunk.readableBytes <= limit else { throw Self.tooLarge(limit) }
            bytes.append(contentsOf: chunk.readableBytesView)
        }
        return bytes
    }

    private static func tooLarge(_ limit: Int) -> Fault {
        Fault(.tooLarge, "the body must not be larger than \(limit) bytes")
    }
}
