import Contracts
import Kernel

/// Where sandboxes run. One type per technology; all pass the same conformance suite.
///
/// A provider keeps no record of its own: the handle in the sandbox's row and the sandbox directory say everything, so
/// a restarted orchestrator finds its sandboxes again.
package protocol SandboxProvider: Sendable {
    /// Name in rows and events.
    var name: String { get }

    /// How the worker is to keep agent and checks apart from everything else.
    var isolation: SandboxLaunch.Isolation { get }

    /// Proves that sandboxes can be created here.
    ///
    /// - Throws: ``Fault`` with one line that names the fix.
    func verify() async throws

    /// Writes the launch file and the token, and starts the worker. The caller has stored that this has begun.
    ///
    /// - Throws: ``Fault`` when the worker was not started; nothing runs then.
    func create(_ launch: SandboxLaunch, token: String, in directory: SandboxDirectory) async throws -> ProviderHandle

    /// Looks up a worker whose handle was not stored any more before the orchestrator ended.
    ///
    /// - Returns: nil when no worker of this directory is there.
    func find(in directory: SandboxDirectory) -> ProviderHandle?

    /// Whether the worker is there.
    func liveness(of handle: ProviderHandle) -> Supervision.Liveness

    /// Returns when the worker has ended, or when the calling task is cancelled.
    func waitForExit(of handle: ProviderHandle) async

    /// Ends the worker and everything it has started: SIGTERM, then SIGKILL within seconds. Keeps the files. Also
    /// removes what an ended worker left running. Idempotent.
    func stop(_ handle: ProviderHandle?, in directory: SandboxDirectory) async

    /// Submits the result in the spool.
    ///
    /// - Returns: true when nothing is left to submit.
    func submit(in directory: SandboxDirectory) async -> Bool

    /// Removes the directory with everything in it. Idempotent.
    ///
    /// - Throws: ``Fault`` when something of it is still there.
    func remove(_ directory: SandboxDirectory) async throws
}

/// The provider's own name for a sandbox, opaque to everybody else.
package struct ProviderHandle: Sendable, Hashable {
    package let text: String

    package init(text: String) {
        self.text = text
    }
}
