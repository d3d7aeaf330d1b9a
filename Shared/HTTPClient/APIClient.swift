import Contracts
import Kernel

/// Speaks JSON with the gateway or the relay and turns problem responses back into the ``Fault`` the server meant.
package struct APIClient: Sendable {
    package let client: WebClient
    /// Without a trailing slash, such as `http://127.0.0.1:8080`.
    package let baseURL: String
    package var timeout: Duration
    /// Sent with every request, such as `traceparent`.
    package var headers: [(String, String)] = []
    private let token: String?

    /// - Parameters:
    ///   - token: bearer token; never logged and never part of an error.
    ///   - timeout: longest time for one request.
    package init(client: WebClient, baseURL: String, token: String?, timeout: Duration = .seconds(30)) {
        self.client = client
        self.baseURL = baseURL.hasSuffix("/") ? String(baseURL.dropLast()) : baseURL
        self.token = token
        self.timeout = timeout
    }

    /// - Parameter path: from the root, with query: `/api/v1/tickets?limit=10`.
    /// - Throws: the ``Fault`` of a problem response; `unavailable` when the server cannot be reached.
    package func get<T: Decodable>(_ path: String, as type: T.Type = T.self) async throws -> T {
        try await decoded(perform("GET", path))
    }

    package func post<T: Decodable>(
        _ path: String,
        body: some Encodable,
        idempotencyKey: String? = nil,
        as type: T.Type = T.self
    ) async throws -> T {
        try await decoded(perform("POST", path, body: ContractCoder.encode(body), idempotencyKey: idempotencyKey))
    }

    package func put<T: Decodable>(
        _ path: String,
        body: some Encodable,
        idempotencyKey: String? = nil,
        as type: T.Type = T.self
    ) async throws -> T {
        try await decoded(perform("PUT", path, body: ContractCoder.encode(body), idempotencyKey: idempotencyKey))
    }

    package func patch<T: Decodable>(
        _ path: String,
        body: some Encodable,
        idempotencyKey: String? = nil,
        as type: T.Type = T.self
    ) async throws -> T {
        try await decoded(perform("PATCH", path, body: ContractCoder.encode(body), idempotencyKey: idempotencyKey))
    }

    /// Deletes and ignores the body of the answer.
    package func delete(_ path: String, idempotencyKey: String? = nil) async throws {
        _ = try Self.accepted(await perform("DELETE", path, idempotencyKey: idempotencyKey))
    }

    package func delete<T: Decodable>(
        _ path: String,
        idempotencyKey: String? = nil,
        as type: T.Type
    ) async throws -> T {
        try await decoded(perform("DELETE", path, idempotencyKey: idempotencyKey))
    }

    /// The answer as it came, whatever its status.
    ///
    /// - Throws: ``Fault`` `unavailable` when no answer came and it may come later, `internal-error` when it cannot,
    ///   `CancellationError`.
    package func perform(
        _ method: String,
        _ path: String,
        body: [UInt8]? = nil,
        idempotencyKey: String? = nil
    ) async throws -> HTTPResponse {
        do {
            return try await client.send(request(method, path, body: body, idempotencyKey: idempotencyKey))
        } catch let error as HTTPClientError {
            throw fault(of: error)
        }
    }

    /// A stream of the same server: Server-Sent Events.
    ///
    /// - Parameter silence: the stream ends with ``HTTPClientError/Code/timeout`` after this long without a byte.
    package func stream(
        _ path: String,
        headers: [(String, String)] = [],
        silence: Duration = .seconds(60)
    ) -> AsyncThrowingStream<HTTPStreamPart, any Error> {
        var request = request("GET", path, body: nil, idempotencyKey: nil)
        request.headers.removeAll { $0.0 == "Accept" }
        request.headers.append(("Accept", "text/event-stream"))
        request.headers += headers
        request.timeout = silence
        return client.stream(request)
    }

    /// The fault an answer with an error status stands for.
    package static func fault(of response: HTTPResponse) -> Fault {
        let retryAfter = response.header("Retry-After").flatMap { Int($0) }.map { Duration.seconds($0) }
        if var fault = try? ContractCoder.decode(Problem.self, from: response.body).fault {
            fault.retryAfter = retryAfter
            return fault
        }
        return Fault(code(of: response.status), "the server answered \(response.status)", retryAfter: retryAfter)
    }

    private func request(
        _ method: String,
        _ path: String,
        body: [UInt8]?,
        idempotencyKey: String?
    ) -> HTTPRequest {
        var headers = [("Accept", ContentType.json)] + self.headers
        if let token { headers.append(("Authorization", "Bearer \(token)")) }
        if body != nil { headers.append(("Content-Type", ContentType.json)) }
        if let idempotencyKey { headers.append(("Idempotency-Key", idempotencyKey)) }
        return HTTPRequest(method: method, url: baseURL + path, headers: headers, body: body, timeout: timeout)
    }

    private func decoded<T: Decodable>(_ response: HTTPResponse) throws -> T {
        try ContractCoder.decode(T.self, from: Self.accepted(response).body)
    }

    private static func accepted(_ response: HTTPResponse) throws -> HTTPResponse {
        guard (200..<300).contains(response.status) else { throw fault(of: response) }
        return response
    }

    private func fault(of error: HTTPClientError) -> Fault {
        error.isTransient || error.code == .closed
            ? Fault(
                .unavailable,
                "\(baseURL) cannot be reached: \(error.message)",
                retryAfter: .seconds(1),
                cause: error
            )
            : Fault(.internalError, "\(baseURL): \(error.message)", cause: error)
    }

    private static func code(of status: Int) -> Fault.Code {
        switch status {
        case 400: .malformed
        case 401: .unauthenticated
        case 403: .forbidden
        case 404: .notFound
        case 405: .methodNotAllowed
        case 409: .conflict
        case 410: .gone
        case 412: .preconditionFailed
        case 413: .tooLarge
        case 415: .unsupportedMedia
        case 422: .invalid
        case 429: .rateLimited
        case 502, 503: .unavailable
        case 504: .timeout
        default: .internalError
        }
    }
}
