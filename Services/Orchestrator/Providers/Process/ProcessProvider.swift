import Contracts
import Logging

/// No isolation: agent and checks run as this user, with this user's files and network. Only used when configured.
package struct ProcessProvider: LocalSandboxProvider {
    package let name = SandboxLaunch.Isolation.Kind.process.rawValue
    package let workers: WorkerLauncher
    package let worker: String
    package let logger: Logger

    /// - Parameters:
    ///   - worker: path of `omoi-sandbox-worker`.
    ///   - environment: the orchestrator's own; the worker gets a listed few of it.
    package init(worker: String, environment: [String: String], logger: Logger) {
        self.worker = worker
        self.workers = WorkerLauncher(environment: environment)
        self.logger = logger
    }

    package var isolation: SandboxLaunch.Isolation { .init(kind: .process, prefix: []) }

    package func verify() async throws {
        try verifyWorker()
    }
}
