/// The routes the gateway owes its clients, `{}` for every parameter. What starts, steers or replays a sandbox is not
/// among them, nor what the relay serves.
enum Inventory {
    static let routes = tickets + tasks + specs + board + sandboxes + phases + results + others

    private static let tickets = prefixed(
        "tickets",
        """
        GET
        POST
        POST /batch
        GET /{}
        PATCH /{}
        GET /{}/history
        POST /{}/transition
        POST /{}/progress
        POST /{}/block
        POST /{}/unblock
        POST /{}/regress
        GET /{}/context
        POST /{}/update-context
        POST /approve
        POST /reject
        POST /check-duplicates
        POST /detect-blocking
        GET /pending-review-count
        GET /approval-status
        """
    )

    private static let tasks = prefixed(
        "tasks",
        """
        GET
        POST
        GET /{}
        PATCH /{}
        GET /{}/dependencies
        POST /{}/dependencies
        PUT /{}/dependencies
        DELETE /{}/dependencies/{}
        POST /{}/check-circular
        POST /{}/cancel
        POST /{}/fail
        POST /{}/retry
        GET /{}/attempts
        GET /{}/explain
        GET /{}/timeout-status
        POST /{}/set-timeout
        POST /{}/generate-title
        POST /{}/register-conversation
        GET /timed-out
        GET /cancellable
        POST /cleanup-timed-out
        POST /generate-titles
        GET /{}/results
        """
    )

    private static let specs = prefixed(
        "specs",
        """
        POST
        GET /project/{}
        GET /{}
        PATCH /{}
        DELETE /{}
        POST /{}/requirements
        PATCH /{}/requirements/{}
        DELETE /{}/requirements/{}
        POST /{}/requirements/{}/criteria
        PATCH /{}/requirements/{}/criteria/{}
        PUT /{}/design
        POST /{}/approve-requirements
        POST /{}/approve-design
        POST /{}/tasks
        GET /{}/tasks
        POST /{}/materialize
        GET /{}/trace
        GET /{}/versions
        """
    )

    private static let board = prefixed(
        "board",
        """
        GET /view
        POST /move
        GET /column/{}
        GET /stats
        GET /wip-violations
        POST /auto-transition/{}
        """
    )

    private static let sandboxes =
        prefixed(
            "sandboxes",
            """
            GET
            GET /health
            GET /capacity
            GET /{}
            GET /{}/task
            POST /{}/events
            """
        ) + ["GET /api/v1/sandbox/task", "POST /api/v1/sandbox/task/{}/results"]

    private static let phases =
        prefixed(
            "tickets/{}",
            """
            POST /validate-gate
            GET /gate-status
            POST /artifacts
            POST /phase-transition
            POST /check-advance
            GET /can-transition/{}
            """
        ) + ["GET /api/v1/phases"]

    private static let results = prefixed(
        "",
        """
        POST /report_results
        POST /submit_result
        POST /submit_result_validation
        GET /workflows/{}/results
        GET /results
        GET /results/{}
        """
    )

    private static let others = prefixed(
        "",
        """
        GET /projects
        POST /projects
        GET /projects/{}
        PATCH /projects/{}
        DELETE /projects/{}
        GET /projects/{}/stats
        GET /graph/dependency-graph/ticket/{}
        GET /graph/dependency-graph/project/{}
        GET /graph/dependency-graph/task/{}/blocked
        GET /graph/dependency-graph/task/{}/blocking
        POST /github/connect
        GET /github/connected
        POST /github/webhooks/github
        GET /github/connection-status
        GET /github/repos
        GET /github/repos/{}/{}/branches
        GET /github/repos/{}/{}/pulls
        POST /github/repos/{}/{}/pulls
        DELETE /github/disconnect
        GET /agents
        GET /tokens
        POST /tokens
        DELETE /tokens/{}
        GET /meta
        """
    )

    private static func prefixed(_ prefix: String, _ lines: String) -> [String] {
        lines.split(separator: "\n").map { line in
            let parts = line.split(separator: " ")
            let path = parts.count > 1 ? String(parts[1]) : ""
            return "\(parts[0]) /api/v1\(prefix.isEmpty ? "" : "/" + prefix)\(path)"
        }
    }
}
