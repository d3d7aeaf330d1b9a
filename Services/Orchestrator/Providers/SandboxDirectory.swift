import Contracts
import Kernel

/// The folder that orchestrator and worker share: `$OMOI_HOME/sandboxes/<sandbox id>`.
package struct SandboxDirectory: Sendable, Hashable {
    /// Absolute, without a trailing slash.
    package let path: String

    /// - Parameter home: `OMOI_HOME`, absolute.
    package init(home: String, id: Identifier) {
        path = "\(home)/sandboxes/\(id)"
    }

    package var launchFile: String { "\(path)/\(SandboxLaunch.fileName)" }
    package var tokenFile: String { "\(path)/token" }
    package var workingCopy: String { "\(path)/work" }
    package var agentHome: String { "\(path)/home" }
    package var taskFile: String { "\(path)/task.md" }
    package var log: String { "\(path)/worker.log" }
    /// Written by the worker as the first thing it does.
    package var pidFile: String { "\(path)/pid" }
    package var result: String { "\(path)/spool/result.json" }
    package var answer: String { "\(path)/spool/answer.json" }

    package var exists: Bool { LocalFile.modified(path) != nil }

    /// Whether a worker has begun to work here.
    package var wasEntered: Bool { LocalFile.modified(pidFile) != nil || spool != .empty }

    /// Whether the start of a worker got as far as its log.
    package var wasOpened: Bool { LocalFile.modified(log) != nil }

    /// Whether what a submission needs beside the result is there.
    package var canSubmit: Bool { LocalFile.modified(launchFile) != nil && LocalFile.modified(tokenFile) != nil }

    /// What lies in the spool now.
    package var spool: SandboxStateMachine.Spool {
        if LocalFile.modified(answer) != nil { return .answered }
        return LocalFile.modified(result) != nil ? .unanswered : .empty
    }

    /// A number that changes whenever the worker or the agent does something; nil before the worker's first sign.
    ///
    /// It is the newest modification time of what they write: pid file, log, spool, the file `activity` that the worker
    /// touches while agent or checks produce output, working copy (top level and git's) and the agent's home. Only
    /// *whether* it changes matters, at which time is measured on the monotonic clock: a step of the wall clock
    /// neither ages nor rejuvenates a sandbox.
    package func sign() -> Int64? {
        guard let started = LocalFile.modified(pidFile) else { return nil }
        let watched = [
            log, "\(path)/activity", "\(path)/spool", workingCopy, "\(workingCopy)/.git", agentHome,
        ]
        return watched.compactMap(LocalFile.modified).reduce(started, max)
    }

    /// Creates the folder, readable by its owner only, with the launch file and the token.
    ///
    /// - Throws: ``Fault`` that names the file.
    package func prepare(_ launch: SandboxLaunch, token: String) throws {
        try LocalFile.createDirectory(path)
        try LocalFile.write(Array(token.utf8), to: tokenFile)
        try LocalFile.write(try ContractCoder.encode(launch), to: launchFile)
    }
}
