import Contracts
import HTTPTypes
import Hummingbird
import Kernel
import Logging
import Synchronization

/// Speaks the part of GitHub's REST API that the workflow uses, in the shapes GitHub documents, for one repository
/// `octo/shop` and one token.
final class StandInGitHub: Sendable {
    static let token = "ghp_standin"

    struct State {
        var branches = ["main": String(repeating: "a", count: 40)]
        var pulls: [JSONValue] = []
        /// Method, path with query, and whether a token was sent.
        var requests: [String] = []
        /// Statuses answered to the next requests instead of what was asked for.
        var troubles: [(status: Int, headers: [String: String])] = []
    }

    let state = Mutex(State())

    /// Runs the server while `body` runs, which gets its root.
    func run<Value: Sendable>(_ body: (String) async throws -> Value) async throws -> Value {
        let router = Router()
        addReads(to: router)
        addChanges(to: router)
        let (ports, port) = AsyncStream<Int>.makeStream()
        var logger = Logger(label: "GitHub stand-in")
        logger.logLevel = .critical
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) },
            logger: logger
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            var iterator = ports.makeAsyncIterator()
            guard let number = await iterator.next() else { throw Fault(.internalError, "the server did not start") }
            defer { group.cancelAll() }
            return try await body("http://127.0.0.1:\(number)")
        }
    }

    private func addReads(to router: Router<BasicRequestContext>) {
        on(router, .get, "user") { _, _ in (200, ["login": "octocat", "id": 1]) }
        on(router, .get, "user/repos") { _, _ in (200, [Self.repository]) }
        on(router, .get, "repos/octo/shop") { _, _ in (200, Self.repository) }
        on(router, .get, "repos/octo/shop/branches") { [self] _, _ in
            let branches = state.withLock { $0.branches }
            return (
                200,
                .array(
                    branches.sorted { $0.key < $1.key }.map { name, sha in
                        [
                            "name": .string(name), "protected": .bool(name == "main"),
                            "commit": ["sha": .string(sha), "url": "https://api.github.example/c"],
                        ]
                    }
                )
            )
        }
        on(router, .get, "repos/octo/shop/git/ref/heads/**") { [self] request, _ in
            let name = request.uri.path.split(separator: "heads/").last.map(String.init) ?? ""
            guard let sha = state.withLock({ $0.branches[name] }) else { return (404, ["message": "Not Found"]) }
            return (200, ["ref": .string("refs/heads/\(name)"), "object": ["sha": .string(sha), "type": "commit"]])
        }
        on(router, .get, "repos/octo/shop/commits") { _, _ in
            let author: JSONValue = ["name": "Mona", "email": "mona@example.org", "date": "2026-01-02T03:04:05Z"]
            return (
                200,
                [
                    [
                        "sha": .string(String(repeating: "a", count: 40)), "html_url": "https://github.example/c/a",
                        "commit": ["message": "First", "author": author], "author": .null,
                    ]
                ]
            )
        }
        on(router, .get, "repos/octo/shop/pulls") { [self] _, _ in (200, .array(state.withLock { $0.pulls })) }
    }

    private func addChanges(to router: Router<BasicRequestContext>) {
        on(router, .post, "repos/octo/shop/git/refs") { [self] _, body in
            guard case .string(let ref) = body["ref"], case .string(let sha) = body["sha"] else {
                return (422, ["message": "Invalid request."])
            }
            let name = String(ref.dropFirst("refs/heads/".count))
            let isNew = state.withLock { state in
                guard state.branches[name] == nil else { return false }
                state.branches[name] = sha
                return true
            }
            guard isNew else { return (422, ["message": "Reference already exists"]) }
            return (201, ["ref": .string(ref), "object": ["sha": .string(sha), "type": "commit"]])
        }
        on(router, .post, "repos/octo/shop/pulls") { [self] _, body in
            state.withLock { state in
                guard state.pulls.isEmpty else {
                    return (
                        422,
                        [
                            "message": "Validation Failed",
                            "errors": [["message": "A pull request already exists for octo:feature."]],
                        ]
                    )
                }
                let pull: JSONValue = [
                    "number": 7, "title": body["title"] ?? "", "body": body["body"] ?? .null, "state": "open",
                    "html_url": "https://github.example/octo/shop/pull/7", "draft": body["draft"] ?? false,
                    "merged_at": .null, "head": ["ref": body["head"] ?? ""], "base": ["ref": body["base"] ?? ""],
                    "user": ["login": "octocat"], "created_at": "2026-01-02T03:04:05Z",
                    "updated_at": "2026-01-02T03:04:05Z",
                ]
                state.pulls.append(pull)
                return (201, pull)
            }
        }
    }

    private func on(
        _ router: Router<BasicRequestContext>,
        _ method: HTTPRequest.Method,
        _ path: String,
        _ answer: @escaping @Sendable (Request, JSONValue) -> (Int, JSONValue)
    ) {
        router.on(RouterPath(path), method: method) { [self] request, _ in
            let bearer = request.headers[.authorization]
            let trouble = state.withLock { state in
                state.requests.append("\(method.rawValue) \(request.uri) \(bearer == nil ? "nobody" : "token")")
                return state.troubles.isEmpty ? nil : state.troubles.removeFirst()
            }
            if let trouble {
                var headers: HTTPFields = [.contentType: "application/json"]
                for (name, value) in trouble.headers {
                    if let name = HTTPField.Name(name) { headers[name] = value }
                }
                return try Self.response(trouble.status, ["message": "trouble"], headers)
            }
            guard bearer == nil || bearer == "Bearer \(Self.token)" else {
                return try Self.response(401, ["message": "Bad credentials"])
            }
            let body = try await request.body.collect(upTo: 1 << 20)
            let bytes = Array(body.readableBytesView)
            let value: JSONValue = bytes.isEmpty ? .null : try ContractCoder.decode(from: bytes)
            let (status, json) = answer(request, value)
            return try Self.response(status, json)
        }
    }

    private static func response(
        _ status: Int,
        _ json: JSONValue,
        _ headers: HTTPFields = [.contentType: "application/json"]
    ) throws -> Response {
        Response(
            status: .init(code: status),
            headers: headers,
            body: .init(byteBuffer: .init(bytes: try ContractCoder.encode(json)))
        )
    }

    private static let repository: JSONValue = [
        "id": 42, "name": "shop", "full_name": "octo/shop", "owner": ["login": "octo", "id": 2], "private": true,
        "description": .null, "html_url": "https://github.example/octo/shop", "default_branch": "main",
        "clone_url": "https://github.example/octo/shop.git", "language": "Swift", "stargazers_count": 3,
        "forks_count": 1, "node_id": "x",
    ]
}
