import Kernel
import ServiceKit

/// What the ticket workflow can be told, beside what every service can.
package struct WorkflowConfiguration: Sendable {
    /// Time without a heartbeat's confirmation after which an attempt is lost (`OMOI_LEASE_SECONDS`).
    package var lease: Duration
    /// Where the first admin token goes, readable by its owner only (`OMOI_ADMIN_TOKEN_FILE`).
    package var adminTokenFile: String
    /// Added to a task's timeout before the workflow ends the attempt itself: for the start of the sandbox, and for the
    /// worker, which ends the agent on time, to report.
    package var deadlineGrace: Duration
    /// The model that writes titles; nil: titles are made by rule.
    package var model: ModelConfiguration?
    package var gitHub: GitHubConfiguration
    /// Compares tickets by meaning too; nil: by words only.
    package var embeddings: EmbeddingConfiguration?

    /// The documented keys.
    package static let keys =
        [
            ConfigurationKey(
                "lease.seconds",
                .seconds(1...3600),
                default: "30",
                "time without a heartbeat's confirmation after which an attempt is lost"
            ),
            ConfigurationKey(
                "admin.token.file",
                .path,
                "file for the first admin token; default $OMOI_HOME/admin.token"
            ),
            ConfigurationKey(
                "deadline.grace.seconds",
                .seconds(0...3600),
                default: "60",
                "added to a task's timeout before the workflow itself ends the attempt"
            ),
        ]
        + ModelConfiguration.keys + GitHubConfiguration.keys + EmbeddingConfiguration.keys

    package init(
        lease: Duration = Limits.lease,
        adminTokenFile: String,
        deadlineGrace: Duration = .seconds(60),
        model: ModelConfiguration? = nil,
        gitHub: GitHubConfiguration = GitHubConfiguration(),
        embeddings: EmbeddingConfiguration? = nil
    ) {
        self.lease = lease
        self.adminTokenFile = adminTokenFile
        self.deadlineGrace = deadlineGrace
        self.model = model
        self.gitHub = gitHub
        self.embeddings = embeddings
    }

    /// - Throws: ``ConfigurationError`` that names the variable.
    package init(_ settings: Settings, _ common: CommonConfiguration) throws {
        lease = try settings.duration("lease.seconds")
        adminTokenFile = settings.optionalText("admin.token.file") ?? common.home + "/admin.token"
        deadlineGrace = try settings.duration("deadline.grace.seconds")
        model = try ModelConfiguration(settings)
        gitHub = try GitHubConfiguration(settings)
        embeddings = try EmbeddingConfiguration(settings)
    }
}
