import Contracts

/// What of GitHub's objects is passed on, under the names clients know.
enum GitHubAnswer {
    static func repository(_ from: JSONValue) -> JSONValue {
        pick(
            from,
            "id",
            "name",
            "full_name",
            "description",
            "private",
            "html_url",
            "clone_url",
            "default_branch",
            "language",
            "stargazers_count",
            "forks_count"
        ).adding(["owner": from["owner"]?["login"]])
    }

    static func branch(_ from: JSONValue) -> JSONValue {
        pick(from, "name", "protected").adding(["sha": from["commit"]?["sha"]])
    }

    static func commit(_ from: JSONValue) -> JSONValue {
        let commit = from["commit"]
        let author = commit?["author"]
        return pick(from, "sha", "html_url").adding([
            "message": commit?["message"], "author_name": author?["name"], "author_email": author?["email"],
            "date": author?["date"],
        ])
    }

    static func pull(_ from: JSONValue) -> JSONValue {
        pick(from, "number", "title", "body", "state", "html_url", "created_at", "updated_at").adding([
            "head": from["head"]?["ref"], "base": from["base"]?["ref"], "user": from["user"]?["login"],
            "draft": .bool(from["draft"] == .bool(true)),
            "merged": .bool(from["merged_at"]?.text != nil),
        ])
    }

    private static func pick(_ from: JSONValue, _ names: String...) -> JSONValue {
        JSONValue.object([:]).adding(Dictionary(names.map { ($0, from[$0]) }, uniquingKeysWith: { first, _ in first }))
    }
}

extension JSONValue {
    /// With the members that have a value.
    fileprivate func adding(_ others: [String: JSONValue?]) -> JSONValue {
        guard case .object(var members) = self else { return self }
        for (name, value) in others {
            if let value, value != .null { members[name] = value }
        }
        return .object(members)
    }

    /// Every element of an array changed.
    func map(_ change: (JSONValue) -> JSONValue) -> JSONValue { .array(elements.map(change)) }

    /// Of an array; none of anything else.
    var elements: [JSONValue] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    /// Of a string; nil of anything else.
    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }
}
