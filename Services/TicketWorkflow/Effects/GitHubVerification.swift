import Contracts
import Kernel

/// Asks GitHub whether a new connection works.
struct GitHubVerification: Effect {
    struct Answer: Codable, Sendable, Equatable {
        /// Whose token it is; nil without one.
        var username: String?
    }

    static let kind = "github.verification"

    var project: Identifier
    var owner: String
    var repo: String
    /// Tells this connection from a later one to the same repository.
    var connectedAt: Timestamp

    init(_ connection: GitHubConnection) {
        project = connection.projectID
        owner = connection.owner
        repo = connection.repo
        connectedAt = connection.connectedAt
    }

    func perform(_ outside: Outside) async throws -> Answer {
        let client = try await GitHubClient(outside, project: project)
        _ = try await client.get(["repos", owner, repo])
        guard client.token != nil else { return Answer(username: nil) }
        return Answer(username: try await client.get(["user"])["login"]?.text)
    }

    func conclude(_ outcome: Result<Answer, Fault>, _ unit: UnitOfWork) throws {
        guard var connection = try GitHubStore.find(project, in: unit.database),
            connection.owner == owner, connection.repo == repo, connection.connectedAt == connectedAt
        else { return }
        switch outcome {
        case .success(let answer):
            connection.username = answer.username
            connection.verifiedAt = unit.now
            connection.error = nil
            if !connection.connected {
                connection.connected = true
                try unit.update(project: project, .projectUpdated) { $0.gitHubConnected = true }
            }
        case .failure(let fault):
            connection.error = fault.message
            // Trouble on the way says nothing about the repository.
            if connection.connected, fault.code == .notFound || fault.code == .conflict {
                connection.connected = false
                try unit.update(project: project, .projectUpdated) { $0.gitHubConnected = false }
            }
        }
        try GitHubStore.save(connection, in: unit.database)
    }
}
