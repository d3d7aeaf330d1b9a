import Contracts
import Kernel

extension CallGitHub: WorkflowCommand {
    static var access: Access { .viewer }

    func run(_ unit: UnitOfWork) throws -> EffectReport {
        // The list shows more than one project's repository.
        if call.isChange || isList { try Access.member.check(unit.actor) }
        let project = try isList ? anyProject(unit) : connectedProject(unit)
        let effect = GitHubQuestion(owner: owner, repo: repo, call: call, project: project)
        let subject = project ?? .make()
        let id = try unit.request(effect, subject: subject, project: unit.actor.projectID)
        return EffectReport(id: id, kind: GitHubQuestion.kind, subject: subject, status: .waiting, tries: 0)
    }

    private var isList: Bool {
        if case .repositories = call { true } else { false }
    }

    /// The project whose token may list repositories; nil: the server's token may.
    private func anyProject(_ unit: UnitOfWork) throws -> Identifier? {
        if unit.actor.projectID == nil, unit.environment.configuration.gitHub.token != nil { return nil }
        let connections = try GitHubStore.all(of: unit.actor.projectID, in: unit.database)
        guard let connection = connections.first(where: \.hasAccessToken) else {
            throw Fault(.conflict, "no access token for GitHub; connect a project with one")
        }
        return connection.projectID
    }

    /// The project that is connected to the repository; nil: an administrator asks with the server's token.
    private func connectedProject(_ unit: UnitOfWork) throws -> Identifier? {
        guard let owner, let repo else { throw Fault.invalid("repo", "is required") }
        try GitHubName.check(owner, field: "owner")
        try GitHubName.check(repo, field: "repo")
        let connections = try GitHubStore.all(owner: owner, repo: repo, in: unit.database)
            .filter { unit.actor.projectID == nil || $0.projectID == unit.actor.projectID }
        if let connection = connections.first(where: \.hasAccessToken) ?? connections.first {
            return connection.projectID
        }
        let isFree = unit.actor.scope == .admin && unit.actor.projectID == nil
        guard isFree, unit.environment.configuration.gitHub.token != nil else {
            throw Fault(.notFound, "no project is connected to '\(owner)/\(repo)'")
        }
        return nil
    }
}
