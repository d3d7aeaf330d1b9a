import Contracts
import Kernel

extension Samples {
    static let duplicateCheck = DuplicateCheck(
        projectID: Entities.projectID,
        title: "Make it faster",
        description: "d",
        similarityThreshold: 0.75,
        topK: 3
    )

    static let duplicateCommands: [Sample] =
        command(
            CheckDuplicates(body: duplicateCheck),
            reply: DuplicateCheckResponse(
                isDuplicate: true,
                message: "similar to ABC-12",
                candidates: [.init(Entities.ticket, score: 0.875)],
                highestSimilarity: 0.875
            )
        )
        + command(
            PrepareDuplicateCheck(title: "Make it faster", description: "d"),
            reply: DuplicatePreparation(isConfigured: true, effectID: Entities.id(72))
        )

    static let gitHubConnect = GitHubConnect(
        owner: "octo",
        repo: "shop",
        webhookSecret: "a webhook secret",
        accessToken: "ghp_token"
    )

    static let gitHubBranch = GitHubBranchCreate(branchName: "omoi/ABC-12", fromSHA: String(repeating: "a", count: 40))

    static let gitHubPull = GitHubPullCreate(
        title: "ABC-12: cache the board",
        head: "omoi/ABC-12",
        base: "main",
        body: "closes ABC-12",
        draft: true
    )

    static let gitHubConnection: GitHubConnection = {
        var connection = GitHubConnection(
            projectID: Entities.projectID,
            owner: "octo",
            repo: "shop",
            connected: false,
            webhookConfigured: true,
            hasAccessToken: true,
            connectedAt: Entities.time(1)
        )
        connection.username = "mona"
        connection.error = "GitHub has no repos/octo/shop"
        connection.verifiedAt = Entities.time(2)
        return connection
    }()

    private static let started = EffectReport(
        id: Entities.id(71),
        kind: "github.call",
        subject: Entities.projectID,
        status: .waiting,
        tries: 0
    )

    static let gitHubCommands: [Sample] =
        command(
            ConnectGitHub(projectID: Entities.projectID, body: gitHubConnect),
            reply: GitHubConnected(
                success: true,
                message: "connected",
                projectID: Entities.projectID,
                webhookURL: GitHubConnected.webhookPath
            )
        )
        + command(DisconnectGitHub(projectID: Entities.projectID), reply: [gitHubConnection])
        + command(VerifyGitHub(projectID: Entities.projectID), reply: started)
        + command(
            ListGitHubConnections(),
            reply: GitHubConnections(connections: [gitHubConnection], hasServerToken: true)
        )
        + command(CallGitHub(owner: "octo", repo: "shop", call: .createBranch(gitHubBranch)), reply: started)
        + command(
            ReceiveGitHubDelivery(event: "push", delivery: "d1", signature: "sha256=00", body: Array("{}".utf8)),
            reply: GitHubReceipt(status: .processed, event: "push", tickets: [Entities.ticketID])
        )
}

extension BodySchema {
    static let duplicatesAndGitHub = [
        BodySchema(
            "duplicate-check",
            Schemas.duplicateCheck,
            DuplicateCheck.CodingKeys.self,
            Samples.duplicateCheck
        ),
        BodySchema("github-connect", Schemas.gitHubConnect, GitHubConnect.CodingKeys.self, Samples.gitHubConnect),
        BodySchema(
            "github-branch",
            Schemas.gitHubBranchCreate,
            GitHubBranchCreate.CodingKeys.self,
            Samples.gitHubBranch
        ),
        BodySchema("github-pull", Schemas.gitHubPullCreate, GitHubPullCreate.CodingKeys.self, Samples.gitHubPull),
    ]
}
