import Contracts
import Kernel

/// Asks GitHub something for a client, who waits for the answer.
struct GitHubQuestion: Effect {
    static let kind = "github.question"

    var owner: String?
    var repo: String?
    var call: GitHubCall
    /// Whose token speaks; nil: the server's.
    var project: Identifier?

    func perform(_ outside: Outside) async throws -> JSONValue {
        let client = try await GitHubClient(outside, project: project)
        let path = ["repos", owner ?? "", repo ?? ""]
        switch call {
        case .repositories(let visibility, let sort, let page):
            guard project == nil || client.isOwn else {
                throw Fault(.conflict, "the project has no access token for GitHub any more")
            }
            let query = [("visibility", visibility.rawValue), ("sort", sort.rawValue)] + page.query
            return try await client.get(["user", "repos"], query).map(GitHubAnswer.repository)
        case .repository:
            return GitHubAnswer.repository(try await client.get(path))
        case .branches(let page):
            return try await client.get(path + ["branches"], page.query).map(GitHubAnswer.branch)
        case .commits(let from, let file, let page):
            let query = [("sha", from), ("path", file)] + page.query
            return try await client.get(path + ["commits"], query).map(GitHubAnswer.commit)
        case .pulls(let state, let page):
            let query = [("state", state.rawValue)] + page.query
            return try await client.get(path + ["pulls"], query).map(GitHubAnswer.pull)
        case .createBranch(let body):
            return try await create(body, path, client)
        case .createPull(let body):
            return try await create(body, path, client)
        }
    }

    func conclude(_ outcome: Result<JSONValue, Fault>, _ unit: UnitOfWork) throws {
        // Only who asked is interested; the row keeps the answer for a while.
    }

    /// A branch that is there already is what a repetition finds: it counts when it points to the same commit.
    private func create(
        _ branch: GitHubBranchCreate,
        _ path: [String],
        _ client: GitHubClient
    ) async throws -> JSONValue {
        let ref = "refs/heads/\(branch.branchName)"
        let made = try await client.post(
            path + ["git", "refs"],
            .object(["ref": .string(ref), "sha": .string(branch.fromSHA)])
        )
        var found = made.body
        if made.status == 422, made.refusal.message.contains("already exists") {
            found = try await client.get(path + ["git", "ref", "heads"] + branch.branchName.pathParts)
            guard found["object"]?["sha"]?.text == branch.fromSHA else { throw made.refusal }
        } else if made.status != 201 {
            throw made.refusal
        }
        let sha = found["object"]?["sha"]?.text ?? branch.fromSHA
        return .object(["success": .bool(true), "ref": .string(ref), "sha": .string(sha)])
    }

    /// A pull request that is there already counts when it has the same title.
    private func create(
        _ pull: GitHubPullCreate,
        _ path: [String],
        _ client: GitHubClient
    ) async throws -> JSONValue {
        var body: [String: JSONValue] = [
            "title": .string(pull.title), "head": .string(pull.head), "base": .string(pull.base),
            "draft": .bool(pull.draft ?? false),
        ]
        body["body"] = pull.body.map { .string($0) }
        let made = try await client.post(path + ["pulls"], .object(body))
        var found: JSONValue? = made.body
        if made.status == 422, made.refusal.message.contains("already exists") {
            let head = pull.head.contains(":") ? pull.head : "\(owner ?? ""):\(pull.head)"
            let query = [("head", head), ("base", pull.base), ("state", "open")]
            found = try await client.get(path + ["pulls"], query).elements
                .first { $0["title"]?.text == pull.title }
        }
        guard made.status == 201 || made.status == 422, let found, let number = found["number"] else {
            throw made.refusal
        }
        return .object([
            "success": .bool(true), "number": number, "html_url": found["html_url"] ?? .string(""),
            "state": found["state"] ?? .string("open"),
        ])
    }
}

extension GitHubCall.Page {
    fileprivate var query: [(String, String?)] { [("per_page", String(size)), ("page", String(number))] }
}

extension String {
    /// The parts of a branch's name, each to be escaped by itself.
    fileprivate var pathParts: [String] { split(separator: "/").map(String.init) }
}
