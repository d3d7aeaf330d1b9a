import Contracts
import HTTPClient
import Kernel

/// Speaks GitHub's REST API, and turns its refusals into faults that may be shown.
struct GitHubClient: Sendable {
    private static let version = "2022-11-28"
    /// Longest wait GitHub may ask for before the call is made again.
    private static let patience: Duration = .seconds(3600)

    let web: WebClient
    let url: String
    /// Sent to ``url`` only.
    let token: String?
    /// Whether it is the project's own token.
    let isOwn: Bool

    /// - Parameter project: whose token speaks; nil, or a project without one: the server's.
    init(_ outside: Outside, project: Identifier?) async throws {
        let configuration = outside.environment.configuration.gitHub
        var own: String?
        if let project, let bytes = try await outside.secret(SecretStore.gitHubToken(project)) {
            own = String(decoding: bytes, as: UTF8.self)
        }
        web = outside.web
        url = configuration.url
        token = own ?? configuration.token
        isOwn = own != nil
    }

    /// - Parameter path: its parts, escaped here.
    func get(_ path: [String], _ query: [(String, String?)] = []) async throws -> JSONValue {
        let response = try await send("GET", path, query, nil)
        guard response.status == 200 else { throw refusal(response, path) }
        return try ContractCoder.decode(from: response.body)
    }

    /// The answer as it came, whatever its status, unless trying again later may help.
    func post(_ path: [String], _ body: JSONValue) async throws -> (status: Int, body: JSONValue, refusal: Fault) {
        let response = try await send("POST", path, [], try ContractCoder.encode(body))
        let refusal = refusal(response, path)
        if refusal.retryAfter != nil { throw refusal }
        let value: JSONValue = response.body.isEmpty ? .null : try ContractCoder.decode(from: response.body)
        return (response.status, value, refusal)
    }

    private func send(
        _ method: String,
        _ path: [String],
        _ query: [(String, String?)],
        _ body: [UInt8]?
    ) async throws -> HTTPResponse {
        var headers = [
            ("Accept", "application/vnd.github+json"), ("X-GitHub-Api-Version", Self.version), ("User-Agent", "omoi"),
        ]
        if let token { headers.append(("Authorization", "Bearer \(token)")) }
        if body != nil { headers.append(("Content-Type", "application/json")) }
        let items = query.compactMap { name, value in value.map { "\(name)=\(Self.escape($0))" } }
        let target = "\(url)/" + path.map(Self.escape).joined(separator: "/")
        return try await web.send(
            HTTPRequest(
                method: method,
                url: items.isEmpty ? target : target + "?" + items.joined(separator: "&"),
                headers: headers,
                body: body,
                timeout: Limits.gitHubTimeout,
                maxResponseBytes: Limits.gitHubAnswerBytes
            )
        )
    }

    /// What an error status means for who asked. The body is GitHub's own text and names no secret.
    private func refusal(_ response: HTTPResponse, _ path: [String]) -> Fault {
        let said = (try? ContractCoder.decode(Refusal.self, from: response.body))?.text ?? "status \(response.status)"
        let isExhausted = response.header("X-RateLimit-Remaining") == "0" || response.header("Retry-After") != nil
        switch response.status {
        case 401: return Fault(.conflict, "GitHub does not accept the access token: \(said)")
        case 403 where isExhausted, 429:
            let seconds = response.header("Retry-After").flatMap { Int64($0) } ?? 60
            return Fault(
                .rateLimited,
                "GitHub limits the requests of this token: \(said)",
                retryAfter: min(.seconds(max(seconds, 1)), Self.patience)
            )
        case 403: return Fault(.conflict, "GitHub does not allow this with the access token: \(said)")
        case 404: return Fault(.notFound, "GitHub has no \(path.joined(separator: "/")), or the token may not see it")
        case 409: return Fault(.conflict, "GitHub refused: \(said)")
        case 422: return Fault(.invalid, "GitHub refused: \(said)")
        case 500...: return Fault(.unavailable, "GitHub is in trouble: \(said)", retryAfter: .seconds(1))
        default: return Fault(.conflict, "GitHub answered \(response.status): \(said)")
        }
    }

    private struct Refusal: Decodable {
        struct Detail: Decodable {
            var message: String?
        }

        var message: String?
        var errors: [Detail]?

        var text: String? {
            let details = (errors ?? []).compactMap(\.message)
            guard let message else { return details.first }
            return String(([message] + details).joined(separator: "; ").prefix(Limits.reasonLineLength))
        }
    }

    /// Percent-encodes everything that is not unreserved in RFC 3986.
    private static func escape(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e:
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                escaped += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return escaped
    }
}
