import FoundationEssentials
import Kernel

/// Connects a project to a repository on GitHub, or to another one.
package struct ConnectGitHub: Command {
    package static let name = "github.connect"
    package typealias Reply = GitHubConnected
    package var projectID: Identifier
    package var body: GitHubConnect

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case body
        case projectID = "project_id"
    }

    package init(projectID: Identifier, body: GitHubConnect) {
        self.projectID = projectID
        self.body = body
    }
}

/// Ends connections and forgets their secrets.
package struct DisconnectGitHub: Command {
    package static let name = "github.disconnect"
    package typealias Reply = [GitHubConnection]
    /// nil: every project the actor may see.
    package var projectID: Identifier?

    package enum CodingKeys: String, CodingKey, CaseIterable { case projectID = "project_id" }

    package init(projectID: Identifier? = nil) { self.projectID = projectID }
}

/// Asks GitHub whether a connection works. The outcome is told by ``DescribeEffect``.
package struct VerifyGitHub: Command {
    package static let name = "github.verify"
    package typealias Reply = EffectReport
    package var projectID: Identifier

    package enum CodingKeys: String, CodingKey, CaseIterable { case projectID = "project_id" }

    package init(projectID: Identifier) { self.projectID = projectID }
}

/// Lists the connections the actor may see.
package struct ListGitHubConnections: Command {
    package static let name = "github.connections"
    package typealias Reply = GitHubConnections
    package init() {}
}

package struct GitHubConnections: Codable, Sendable, Equatable {
    package var connections: [GitHubConnection]
    /// Whether the server has a token for projects without their own.
    package var hasServerToken: Bool

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case connections
        case hasServerToken = "has_server_token"
    }

    package init(connections: [GitHubConnection], hasServerToken: Bool) {
        self.connections = connections
        self.hasServerToken = hasServerToken
    }
}

/// What GitHub can be asked for.
package enum GitHubCall: Codable, Sendable, Equatable {
    /// A page of a list, from 1.
    package struct Page: Codable, Sendable, Equatable {
        package var number: Int
        package var size: Int

        package init(number: Int, size: Int) {
            self.number = number
            self.size = size
        }
    }

    package enum Visibility: String, Codable, Sendable, CaseIterable {
        case all
        case `public`
        case `private`
    }

    package enum Sort: String, Codable, Sendable, CaseIterable {
        case created, updated, pushed
        case fullName = "full_name"
    }

    package enum PullState: String, Codable, Sendable, CaseIterable { case open, closed, all }

    case repositories(visibility: Visibility, sort: Sort, page: Page)
    case repository
    case branches(page: Page)
    case createBranch(GitHubBranchCreate)
    /// `from` is a branch or a hash.
    case commits(from: String?, path: String?, page: Page)
    case pulls(state: PullState, page: Page)
    case createPull(GitHubPullCreate)

    /// Whether GitHub is changed by it.
    package var isChange: Bool {
        switch self {
        case .createBranch, .createPull: true
        case .repositories, .repository, .branches, .commits, .pulls: false
        }
    }
}

/// Asks GitHub for something. The outcome is told by ``DescribeEffect``.
package struct CallGitHub: Command {
    package static let name = "github.call"
    package typealias Reply = EffectReport
    /// nil for ``GitHubCall/repositories(visibility:sort:page:)``.
    package var owner: String?
    package var repo: String?
    package var call: GitHubCall

    package init(owner: String? = nil, repo: String? = nil, call: GitHubCall) {
        self.owner = owner
        self.repo = repo
        self.call = call
    }
}

/// A delivery of GitHub's webhook, as it was received.
///
/// Faults: `unauthenticated` when no connection's secret made the signature.
package struct ReceiveGitHubDelivery: Command {
    package static let name = "github.delivery"
    package typealias Reply = GitHubReceipt
    /// `X-GitHub-Event`.
    package var event: String
    /// `X-GitHub-Delivery`: the same for a delivery that is sent again.
    package var delivery: String
    /// `X-Hub-Signature-256`.
    package var signature: String
    /// The signed bytes.
    package var body: Data

    package init(event: String, delivery: String, signature: String, body: [UInt8]) {
        self.event = event
        self.delivery = delivery
        self.signature = signature
        self.body = Data(body)
    }
}
