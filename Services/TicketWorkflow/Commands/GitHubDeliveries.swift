import Contracts
import Kernel

/// A repository, as deliveries name it.
struct GitHubRepositoryName: Decodable {
    var fullName: String
    enum CodingKeys: String, CodingKey { case fullName = "full_name" }
}

/// What is read of a `push`.
struct GitHubPush: Decodable {
    struct Commit: Decodable {
        struct Author: Decodable {
            var name: String?
            var username: String?
        }

        var id: String
        var message: String
        var url: String
        var timestamp: String?
        var author: Author?
    }

    var ref: String
    var commits: [Commit]
    var repository: GitHubRepositoryName

    /// The commits, each with the texts that may name a ticket: its message, and the branch.
    func links(at now: Timestamp) -> [(texts: [String], link: TicketLink)] {
        commits.prefix(Limits.gitHubCommitsPerPush).map { commit in
            let link = TicketLink(
                kind: .commit,
                repository: repository.fullName,
                reference: commit.id,
                title: String(commit.message.prefix { !$0.isNewline }.prefix(Limits.titleLength)),
                url: commit.url,
                author: commit.author?.username ?? commit.author?.name,
                at: commit.timestamp.flatMap { Timestamp($0) } ?? now
            )
            return ([commit.message, ref], link)
        }
    }
}

/// What is read of a `pull_request`.
struct GitHubPullRequest: Decodable {
    struct Pull: Decodable {
        struct Branch: Decodable { var ref: String }
        struct User: Decodable { var login: String }

        var number: Int
        var title: String
        var body: String?
        var url: String
        var state: String
        var merged: Bool?
        var head: Branch
        var user: User?
        var updatedAt: String?

        enum CodingKeys: String, CodingKey {
            case number, title, body, state, merged, head, user
            case url = "html_url"
            case updatedAt = "updated_at"
        }
    }

    var pull: Pull
    var repository: GitHubRepositoryName

    enum CodingKeys: String, CodingKey {
        case repository
        case pull = "pull_request"
    }

    /// The pull request with the texts that may name a ticket: title, description and branch.
    func link(at now: Timestamp) -> (texts: [String], link: TicketLink) {
        let state: TicketLink.State = pull.merged == true ? .merged : pull.state == "open" ? .open : .closed
        let link = TicketLink(
            kind: .pullRequest,
            repository: repository.fullName,
            reference: String(pull.number),
            title: String(pull.title.prefix(Limits.titleLength)),
            url: pull.url,
            state: state,
            author: pull.user?.login,
            at: pull.updatedAt.flatMap { Timestamp($0) } ?? now
        )
        return ([pull.title, pull.body ?? "", pull.head.ref], link)
    }
}
