import Contracts
import Kernel
import ServiceKit
import Synchronization

// Duplicates and GitHub of the stand-in workflow.
extension ScriptedWorkflow {
    /// Ids of the effects that calls of GitHub start here.
    static let answered = Identifier(high: 0x0193_ab00_0000_7000, low: 0x8000_0000_0000_0100)
    static let refused = Identifier(high: 0x0193_ab00_0000_7000, low: 0x8000_0000_0000_0200)

    func addGitHub(to handlers: inout CommandHandlers) {
        handlers.onQuery(CheckDuplicates.self) { _, _, _ in Self.noDuplicates }
        handlers.onQuery(PrepareDuplicateCheck.self) { _, _, _ in
            DuplicatePreparation(isConfigured: true, effectID: Self.refused)
        }
        handlers.on(ConnectGitHub.self) { [self] command, _ in
            guard state.withLock({ $0.projects[command.projectID] }) != nil else {
                throw Fault.notFound("project", command.projectID)
            }
            return GitHubConnected(
                success: true,
                message: "connected",
                projectID: command.projectID,
                webhookURL: GitHubConnected.webhookPath
            )
        }
        handlers.on(DisconnectGitHub.self) { command, transaction in
            [Self.connection(command.projectID ?? .make(), transaction.now)]
        }
        handlers.onQuery(ListGitHubConnections.self) { _, _, _ in
            GitHubConnections(connections: [Self.connection(.make(), .now())], hasServerToken: false)
        }
        handlers.on(VerifyGitHub.self) { _, _ in Self.started(Self.answered) }
        handlers.on(CallGitHub.self) { [self] command, _ in
            state.withLock { $0.gitHubCalls.append(command) }
            return Self.started(command.repo == "refused" ? Self.refused : Self.answered)
        }
        handlers.on(ReceiveGitHubDelivery.self) { [self] command, transaction in
            guard transaction.actor.scope == .admin, command.signature == "sha256=good" else {
                throw Fault(.unauthenticated, "the delivery is not signed")
            }
            state.withLock { $0.deliveries.append(command) }
            return GitHubReceipt(status: .ignored, event: command.event)
        }
    }

    /// What GitHub said to the last call.
    func gitHubReport(_ id: Identifier) -> EffectReport? {
        guard [Self.answered, Self.refused].contains(id) else { return nil }
        var report = Self.started(id)
        report.tries = 1
        if id == Self.refused {
            report.status = .failed
            report.fault = FaultReply(Fault(.conflict, "GitHub does not accept the access token"))
        } else {
            report.status = .done
            report.answer = Self.answer(to: state.withLock { $0.gitHubCalls.last?.call })
        }
        return report
    }

    /// A ticket with this title is taken for a duplicate.
    static let repeated = "Repeated"

    /// The answer to a creation that repeats another ticket of the project; nil for any other.
    func duplicates(of command: CreateTickets) -> TicketBatchResponse? {
        let other = state.withLock { state in
            state.tickets.values.first { $0.projectID == command.body.projectID }
        }
        guard command.duplicateThreshold != nil, command.body.tickets.first?.title == Self.repeated, let other else {
            return nil
        }
        let answer = DuplicateCheckResponse(
            isDuplicate: true,
            message: "similar",
            candidates: [.init(other, score: 1)],
            highestSimilarity: 1
        )
        return TicketBatchResponse(tickets: [], tasks: [], duplicates: answer)
    }

    private static let noDuplicates = DuplicateCheckResponse(
        isDuplicate: false,
        message: "no similar ticket",
        candidates: [],
        highestSimilarity: 0
    )

    private static func started(_ id: Identifier) -> EffectReport {
        EffectReport(id: id, kind: "github.call", subject: id, status: .waiting, tries: 0)
    }

    private static func connection(_ project: Identifier, _ now: Timestamp) -> GitHubConnection {
        GitHubConnection(
            projectID: project,
            owner: "octo",
            repo: "shop",
            webhookConfigured: true,
            hasAccessToken: true,
            connectedAt: now
        )
    }

    private static func answer(to call: GitHubCall?) -> JSONValue {
        let repository: JSONValue = [
            "id": 42, "name": "shop", "full_name": "octo/shop", "owner": "octo", "private": true,
            "html_url": "https://github.example/octo/shop", "clone_url": "https://github.example/octo/shop.git",
            "default_branch": "main", "stargazers_count": 3, "forks_count": 1,
        ]
        let pull: JSONValue = [
            "number": 7, "title": "t", "state": "open", "html_url": "https://github.example/octo/shop/pull/7",
            "head": "a", "base": "main", "draft": false, "merged": false, "created_at": "c", "updated_at": "u",
        ]
        return switch call {
        case .repositories: [repository]
        case .repository: repository
        case .branches: [["name": "main", "sha": "a", "protected": true]]
        case .commits: [["sha": "a", "message": "m", "html_url": "https://github.example/c/a"]]
        case .pulls: [pull]
        case .createBranch: ["success": true, "ref": "refs/heads/a", "sha": "a"]
        case .createPull:
            ["success": true, "number": 7, "state": "open", "html_url": "https://github.example/octo/shop/pull/7"]
        case nil: [:]
        }
    }
}
