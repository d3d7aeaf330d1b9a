import Contracts
import Kernel

extension GitHubController {
    var routes: [Route] { connectionRoutes + repositoryRoutes + changeRoutes + [webhookRoute] }

    private static let project = QueryParameter("project_id", .identifier, "The project", isRequired: true)

    private static let page = [
        QueryParameter("per_page", .integer(1...Int64(Limits.gitHubPageMax)), "Most items of a page, 30 by default"),
        QueryParameter("page", .integer(1...10_000), "Number of the page, from 1"),
    ]

    private var connectionRoutes: [Route] {
        [
            Route(
                .post,
                "github/connect",
                operation: "connectGitHub",
                summary: "Connect a project to a repository on GitHub",
                details: """
                    Secrets are kept and never shown again. The answer names the path that the repository's webhook \
                    is to be sent to; deliveries are refused unless they are signed with webhook_secret. Whether \
                    GitHub knows the repository is asked afterwards: see /github/connected.
                    """,
                demand: .write,
                query: [Self.project],
                body: Schemas.gitHubConnect,
                answers: [.ok(Shapes.gitHubConnected)],
                handle: connect
            ),
            Route(
                .delete,
                "github/disconnect",
                operation: "disconnectGitHub",
                summary: "End a project's connection and forget its secrets",
                demand: .write,
                query: [Self.project],
                answers: [.ok(Shapes.gitHubOutcome)],
                handle: disconnect
            ),
            Route(
                .post,
                "github/sync",
                operation: "syncGitHub",
                summary: "Ask GitHub whether a project's connection works",
                demand: .write,
                query: [Self.project],
                answers: [.ok(Shapes.gitHubOutcome)],
                handle: sync
            ),
            Route(
                .get,
                "github/connected",
                operation: "listGitHubConnections",
                summary: "Connected repositories",
                demand: .read,
                answers: [.ok(.list(of: Shapes.gitHubConnection))],
                handle: connections
            ),
            Route(
                .get,
                "github/connection-status",
                operation: "getGitHubStatus",
                summary: "Whether GitHub is connected at all",
                demand: .read,
                answers: [.ok(Shapes.gitHubStatus)],
                handle: status
            ),
        ]
    }

    private var repositoryRoutes: [Route] {
        [
            Route(
                .get,
                "github/repos",
                operation: "listGitHubRepositories",
                summary: "Repositories the access token may see",
                demand: .write,
                query: [
                    QueryParameter("visibility", .cases(of: GitHubCall.Visibility.self), "Which ones"),
                    QueryParameter("sort", .cases(of: GitHubCall.Sort.self), "By what they are sorted"),
                ] + Self.page,
                answers: [.ok(.list(of: Shapes.gitHubRepository))],
                handle: repositories
            ),
            Route(
                .get,
                "github/repos/{owner}/{repo}",
                operation: "getGitHubRepository",
                summary: "A connected repository",
                demand: .read,
                answers: [.ok(Shapes.gitHubRepository)],
                handle: repository
            ),
            Route(
                .get,
                "github/repos/{owner}/{repo}/branches",
                operation: "listGitHubBranches",
                summary: "Branches of a connected repository",
                demand: .read,
                query: Self.page,
                answers: [.ok(.list(of: Shapes.gitHubBranch))],
                handle: branches
            ),
            Route(
                .get,
                "github/repos/{owner}/{repo}/commits",
                operation: "listGitHubCommits",
                summary: "Commits of a connected repository, newest first",
                demand: .read,
                query: [
                    QueryParameter("sha", .text, "From this branch or commit on"),
                    QueryParameter("path", .text, "Only those that change this path"),
                ] + Self.page,
                answers: [.ok(.list(of: Shapes.gitHubCommit))],
                handle: commits
            ),
            Route(
                .get,
                "github/repos/{owner}/{repo}/pulls",
                operation: "listGitHubPulls",
                summary: "Pull requests of a connected repository",
                demand: .read,
                query: [QueryParameter("state", .cases(of: GitHubCall.PullState.self), "open by default")] + Self.page,
                answers: [.ok(.list(of: Shapes.gitHubPull))],
                handle: pulls
            ),
        ]
    }

    private var changeRoutes: [Route] {
        [
            Route(
                .post,
                "github/repos/{owner}/{repo}/branches",
                operation: "createGitHubBranch",
                summary: "Create a branch in a connected repository",
                details: "A branch of this name that points to the same commit counts as created.",
                demand: .write,
                body: Schemas.gitHubBranchCreate,
                answers: [.ok(Shapes.gitHubBranchCreated)],
                handle: createBranch
            ),
            Route(
                .post,
                "github/repos/{owner}/{repo}/pulls",
                operation: "createGitHubPull",
                summary: "Open a pull request in a connected repository",
                details: "An open one with the same branches and title counts as created.",
                demand: .write,
                body: Schemas.gitHubPullCreate,
                answers: [.ok(Shapes.gitHubPullCreated)],
                handle: createPull
            ),
        ]
    }

    private var webhookRoute: Route {
        Route(
            .post,
            "github/webhooks/github",
            operation: "receiveGitHubDelivery",
            summary: "Take a delivery of GitHub's webhook",
            details: """
                Needs no token but X-Hub-Signature-256, made with the webhook_secret of a project that is connected to \
                the repository. A delivery that was taken before (X-GitHub-Delivery) changes nothing. Commits and pull \
                requests that name a ticket, ABC-12 or ticket-<id>, appear in its links; unlike in the earlier system \
                a merge completes neither task nor ticket: results with their evidence do.
                """,
            demand: .open,
            body: .any,
            answers: [.ok(Shapes.gitHubReceipt)],
            handle: receive
        )
    }
}
