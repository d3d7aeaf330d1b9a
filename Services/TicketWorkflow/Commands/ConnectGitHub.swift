import Contracts
import Kernel

extension ConnectGitHub: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> GitHubConnected {
        let project = try unit.activeProject(projectID)
        try GitHubName.check(body.owner, field: "owner")
        try GitHubName.check(body.repo, field: "repo")
        let configuration = unit.environment.configuration.gitHub
        if body.accessToken == nil, unit.actor.projectID != nil, configuration.token != nil {
            // The server's token may see what the project must not.
            throw Fault(.forbidden, "a token bound to a project connects with an access_token of its own")
        }
        let (webhook, token) = (SecretStore.gitHubWebhook(projectID), SecretStore.gitHubToken(projectID))
        try SecretStore.replace(webhook, body.webhookSecret, at: unit.now, in: unit.database)
        try SecretStore.replace(token, body.accessToken, at: unit.now, in: unit.database)
        let connection = GitHubConnection(
            projectID: project.id,
            owner: body.owner,
            repo: body.repo,
            webhookConfigured: body.webhookSecret != nil,
            hasAccessToken: body.accessToken != nil,
            connectedAt: unit.now
        )
        try GitHubStore.save(connection, in: unit.database)
        try unit.update(project: project.id, .projectUpdated) { project in
            project.gitHubOwner = body.owner
            project.gitHubRepo = body.repo
            project.gitHubConnected = true
        }
        try unit.request(GitHubVerification(connection), subject: project.id, project: project.id)
        let webhooks =
            body.webhookSecret == nil
            ? "without a webhook_secret deliveries are refused"
            : "send the repository's webhook, as JSON and with this secret, to webhook_url"
        return GitHubConnected(
            success: true,
            message: "connected to \(body.owner)/\(body.repo); \(webhooks)",
            projectID: project.id,
            webhookURL: GitHubConnected.webhookPath
        )
    }
}

extension VerifyGitHub: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> EffectReport {
        let project = try unit.activeProject(projectID)
        guard let connection = try GitHubStore.find(project.id, in: unit.database) else {
            throw Fault(.conflict, "the project is not connected to GitHub")
        }
        let effect = GitHubVerification(connection)
        let id = try unit.request(effect, subject: project.id, project: project.id)
        return EffectReport(id: id, kind: GitHubVerification.kind, subject: project.id, status: .waiting, tries: 0)
    }
}

extension DisconnectGitHub: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> [GitHubConnection] {
        guard let id = projectID ?? unit.actor.projectID else { throw Fault.invalid("project_id", "is required") }
        _ = try unit.project(id)
        try unit.actor.checkProject(id)
        guard let connection = try GitHubStore.find(id, in: unit.database) else {
            throw Fault(.conflict, "the project is not connected to GitHub")
        }
        try GitHubStore.delete(id, in: unit.database)
        for name in [SecretStore.gitHubWebhook(id), SecretStore.gitHubToken(id)] {
            try SecretStore.replace(name, nil, at: unit.now, in: unit.database)
        }
        try unit.update(project: id, .projectUpdated) { project in
            project.gitHubOwner = nil
            project.gitHubRepo = nil
            project.gitHubConnected = false
        }
        return [connection]
    }
}

extension ListGitHubConnections: WorkflowQuery {
    static var access: Access { .viewer }

    func run(_ inquiry: Inquiry) throws -> GitHubConnections {
        GitHubConnections(
            connections: try GitHubStore.all(of: inquiry.actor.projectID, in: inquiry.database),
            hasServerToken: inquiry.environment.configuration.gitHub.token != nil
        )
    }
}

/// Names of owners and repositories.
enum GitHubName {
    /// - Throws: ``Fault`` `invalid-field` for what is no such name, and would become another path.
    static func check(_ name: String, field: String) throws(Fault) {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
            default: false
            }
        }
        guard isPlain, (1...100).contains(name.utf8.count), name != ".", name != ".." else {
            throw Fault.invalid(field, "must consist of letters, digits, '-', '_' and '.'")
        }
    }
}
