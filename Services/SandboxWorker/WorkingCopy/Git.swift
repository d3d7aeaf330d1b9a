import FoundationEssentials
import Kernel
import Subprocess

/// A git command did not succeed.
struct GitError: Error, Sendable {
    var exitCode: Int
    /// Git's own one-line reason, without control characters.
    var reason: String
}

/// Runs git on the worker's own repository, which no agent can reach.
///
/// Nothing an agent writes is executed: hooks, filters, monitors and drivers come from configuration, and the only
/// configuration read is the one of the worker's repository and, for commands that talk to the project's repository,
/// the user's. Replacement objects and pagers are off, and there is never a prompt.
struct Git: Sendable {
    var repository: String
    var workTree: String
    /// Who commits.
    var identity = Identity.worker

    struct Identity: Sendable {
        var name: String
        var email: String
        static let worker = Identity(name: "Omoi", email: "worker@omoi.invalid")
        static let agent = Identity(name: "Omoi agent", email: "agent@omoi.invalid")
    }

    /// Whose configuration counts beside the repository's own.
    enum Reach: Sendable {
        /// Nobody's.
        case local
        /// The user's: credentials, proxies and allowed directories are needed to reach the project's repository.
        case network
    }

    private static let overrides = [
        "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.quotePath=false", "core.pager=cat", "gc.auto=0",
        "maintenance.auto=false", "commit.gpgSign=false", "push.gpgSign=false", "submodule.recurse=false",
        "fetch.recurseSubmodules=false", "push.recurseSubmodules=no", "protocol.ext.allow=never",
        "advice.detachedHead=false", "core.commitGraph=false",
    ]

    /// Runs `git <arguments>` in the work tree.
    ///
    /// - Returns: standard output.
    /// - Throws: ``GitError`` when it fails, does not end in time, or says more than fits;
    ///   ``StopSignal/Requested`` when `stop` comes first.
    @discardableResult
    func callAsFunction(
        _ arguments: [String],
        reach: Reach = .local,
        config: [String] = [],
        timeout: Duration = Limits.gitTimeout,
        stop: StopSignal? = nil
    ) async throws -> [UInt8] {
        // `init` makes the repository it is told to and refuses to be told twice.
        var line = arguments.first == "init" ? [] : ["--git-dir=\(repository)", "--work-tree=\(workTree)"]
        line += (Self.overrides + config).flatMap { ["-c", $0] } + arguments
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(1))
        ]
        let configuration = Configuration(
            executable: .name("git"),
            arguments: Arguments(line),
            environment: .custom(environment(reach).asEnvironment),
            workingDirectory: .init(workTree),
            platformOptions: options
        )
        let work: @Sendable () async throws -> [UInt8] = {
            let result = try await Subprocess.run(
                configuration,
                input: .none,
                output: .bytes(limit: Limits.gitOutputBytes),
                error: .bytes(limit: Limits.gitOutputBytes)
            )
            guard result.terminationStatus.isSuccess else {
                throw GitError(
                    exitCode: result.terminationStatus.exitCode,
                    reason: Self.reason(result.standardError)
                )
            }
            return result.standardOutput
        }
        do {
            return try await Self.within(timeout) {
                guard let stop else { return try await work() }
                return try await stop.unlessRequested(work)
            }
        } catch let error as SubprocessError {
            let isMissing = error.code == .executableNotFound
            throw GitError(exitCode: -1, reason: isMissing ? "git is not installed" : error.description.firstLine)
        }
    }

    private func environment(_ reach: Reach) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment
        switch reach {
        case .local:
            environment = environment.filter { $0.key == "PATH" }
            environment["HOME"] = "/nonexistent"
            environment["GIT_CONFIG_GLOBAL"] = "/dev/null"
            environment["GIT_CONFIG_NOSYSTEM"] = "1"
            environment["GIT_ATTR_NOSYSTEM"] = "1"
        case .network:
            environment = environment.filter { !$0.key.hasPrefix("OMOI_") && Self.mayInherit($0.key) }
        }
        environment["LC_ALL"] = "C"
        environment["GIT_TERMINAL_PROMPT"] = "0"
        environment["GIT_NO_REPLACE_OBJECTS"] = "1"
        environment["GIT_OPTIONAL_LOCKS"] = "0"
        environment["GIT_AUTHOR_NAME"] = identity.name
        environment["GIT_AUTHOR_EMAIL"] = identity.email
        environment["GIT_COMMITTER_NAME"] = identity.name
        environment["GIT_COMMITTER_EMAIL"] = identity.email
        return environment
    }

    /// How to reach a repository comes from the user; which repository and with what settings does not.
    private static func mayInherit(_ variable: String) -> Bool {
        guard variable.hasPrefix("GIT_") else { return true }
        let reaching = ["GIT_SSH", "GIT_SSL_", "GIT_HTTP_", "GIT_ASKPASS", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"]
        return reaching.contains { variable.hasPrefix($0) }
    }

    private static func within<Value: Sendable>(
        _ limit: Duration,
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw GitError(exitCode: -1, reason: "it did not answer within \(Int(limit.seconds)) s")
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }

    /// The line that says why: the last one git marks as fatal, else the last marked as error, else the last.
    static func reason(_ standardError: [UInt8]) -> String {
        let lines = String(decoding: standardError, as: UTF8.self)
            .split(whereSeparator: \.isNewline).map { $0.withoutControlCharacters }.filter { !$0.isEmpty }
        for mark in ["fatal: ", "error: ", "remote: "] {
            if let line = lines.last(where: { $0.hasPrefix(mark) }) {
                return String(line.dropFirst(mark.count).prefix(Limits.reasonLineLength))
            }
        }
        return String((lines.last ?? "git gave no reason").prefix(Limits.reasonLineLength))
    }
}

extension StringProtocol {
    /// Escape sequences of other programs have no place in a message.
    var withoutControlCharacters: String {
        String(
            String.UnicodeScalarView(unicodeScalars.filter { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) })
        )
    }
}
