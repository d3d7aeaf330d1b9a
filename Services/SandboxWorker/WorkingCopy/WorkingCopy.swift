import Contracts
import Glibc
import Kernel

/// The files an agent works on, and the worker's own repository behind them.
///
/// There are two repositories: the worker's, outside the agent's reach, with the history from the project's repository;
/// and one inside the working copy that belongs to the agent. What the agent commits is fetched from there as objects;
/// its configuration, hooks and index are never used.
struct WorkingCopy: Sendable {
    let assignment: Assignment
    /// Of the project.
    let repository: String
    let git: Git
    /// For messages: the address without credentials.
    let repositoryName: String

    /// The commit the agent starts from; nil when the repository is empty.
    private(set) var start: String?

    /// - Parameters:
    ///   - path: the working copy, an existing empty directory.
    ///   - gitDirectory: where the worker's repository is made.
    init(_ assignment: Assignment, repository: String, path: String, gitDirectory: String) {
        self.assignment = assignment
        self.repository = repository
        git = Git(repository: gitDirectory, workTree: path)
        repositoryName = Self.withoutCredentials(repository)
    }

    var path: String { git.workTree }
    var branch: String { assignment.branch }
    /// Where what a failed attempt left behind goes.
    var leftoverBranch: String { "wip/\(assignment.branch)" }

    // MARK: Before the agent

    /// Fetches the branches, checks out the attempt's branch, merges what it builds on, and makes the agent's
    /// repository.
    ///
    /// - Throws: ``TaskFailure``; ``StopSignal/Requested``.
    mutating func prepare(stop: StopSignal) async throws {
        do {
            let heads = try await remoteHeads(stop: stop)
            let bases = try bases(heads: heads)
            try await git(["init", "--quiet", "--bare", "--template=", "--initial-branch=\(branch)", git.repository])
            try await fetch(Set([assignment.defaultBranch] + bases).filter { heads.contains($0) }, stop: stop)
            let first = heads.contains(assignment.defaultBranch) ? assignment.defaultBranch : bases.first
            if let first {
                try await git(["checkout", "--quiet", "--no-track", "-B", branch, Self.tracking(first)], stop: stop)
                for base in bases where base != first { try await merge(base, stop: stop) }
                start = try await text(["rev-parse", "--verify", "HEAD"])
            }
            try await makeAgentRepository()
        } catch let error as GitError {
            throw TaskFailure(.sandbox, "working-copy", "the working copy could not be made: \(error.reason)")
        }
    }

    /// Branches the project's repository has.
    private func remoteHeads(stop: StopSignal) async throws -> Set<String> {
        guard !repository.hasPrefix("-"), !repository.contains(where: \.isNewline) else {
            throw TaskFailure(.task, "repository-unreachable", "the repository's address is not usable")
        }
        do {
            let lines = try await git(["ls-remote", "--heads", "--", repository], reach: .network, stop: stop)
            let names = String(decoding: lines, as: UTF8.self).split(separator: "\n").compactMap { line in
                line.split(separator: "\t").last.flatMap { $0.hasPrefix("refs/heads/") ? $0.dropFirst(11) : nil }
            }
            return Set(names.map(String.init))
        } catch let error as GitError {
            throw unreachable(error)
        }
    }

    private func unreachable(_ error: GitError) -> TaskFailure {
        TaskFailure(
            .task,
            "repository-unreachable",
            "cannot read \(repositoryName): \(withoutRepository(error.reason))"
        )
    }

    /// The branches to merge. Refuses what is not there; branches of other attempts do not make a repository non-empty.
    private func bases(heads: Set<String>) throws(TaskFailure) -> [String] {
        for base in assignment.baseBranches where !heads.contains(base) {
            throw TaskFailure(.task, "base-branch-missing", "\(repositoryName) has no branch '\(base)'")
        }
        let isEmpty = heads.allSatisfy { $0.hasPrefix("omoi/") || $0.hasPrefix("wip/") }
        guard heads.contains(assignment.defaultBranch) || !assignment.baseBranches.isEmpty || isEmpty else {
            throw TaskFailure(
                .task,
                "default-branch-missing",
                "\(repositoryName) has no branch '\(assignment.defaultBranch)': set the project's default_branch"
            )
        }
        return assignment.baseBranches
    }

    private func fetch(_ branches: Set<String>, stop: StopSignal) async throws {
        guard !branches.isEmpty else { return }
        let refs = branches.sorted().map { "+refs/heads/\($0):\(Self.tracking($0))" }
        do {
            try await git(
                ["fetch", "--quiet", "--no-tags", "--update-shallow", "--", repository] + refs,
                reach: .network,
                stop: stop
            )
        } catch let error as GitError {
            throw unreachable(error)
        }
    }

    private func merge(_ base: String, stop: StopSignal) async throws {
        do {
            try await git(
                [
                    "merge", "--quiet", "--no-edit", "--allow-unrelated-histories", "-m",
                    "\(assignment.ticketKey): merge \(base)", Self.tracking(base),
                ],
                stop: stop
            )
        } catch let error as GitError {
            let files = try await paths(["diff", "--name-only", "--diff-filter=U", "-z"])
            guard !files.isEmpty else { throw error }
            throw TaskFailure(
                .task,
                "merge-conflict",
                "'\(base)' conflicts with the work before it in \(Self.list(files))"
            )
        }
    }

    /// A repository for the agent alone: it shares no file with the worker's.
    private func makeAgentRepository() async throws {
        let agent = Git(repository: "\(path)/.git", workTree: path)
        try await agent(["init", "--quiet", "--template=", "--initial-branch=\(branch)", path])
        try await agent(["config", "user.name", Git.Identity.agent.name])
        try await agent(["config", "user.email", Git.Identity.agent.email])
        guard start != nil else { return }
        try await agent(
            [
                "fetch", "--quiet", "--no-tags", "--update-head-ok", "--", git.repository,
                "+refs/heads/\(branch):refs/heads/\(branch)", "+refs/remotes/origin/*:refs/remotes/origin/*",
            ])
        try await agent(["reset", "--quiet"])
    }

    // MARK: After the agent

    /// Publishes a commit under a branch name in the project's repository.
    ///
    /// - Throws: ``TaskFailure`` `push-failed`.
    func push(_ commit: String, to branch: String) async throws(TaskFailure) {
        let backoff = Backoff(base: .seconds(1), cap: .seconds(4), jitter: 0.2)
        for attempt in 1... {
            do {
                // The name belongs to this attempt alone, so replacing it can only replace an unfinished push.
                try await git(
                    ["push", "--quiet", "--no-verify", "--", repository, "+\(commit):refs/heads/\(branch)"],
                    reach: .network
                )
                return
            } catch {
                let reason = (error as? GitError)?.reason ?? String(describing: error)
                guard attempt < 3 else {
                    throw TaskFailure(
                        .task,
                        "push-failed",
                        "cannot push '\(branch)' to \(repositoryName): \(withoutRepository(reason))"
                    )
                }
                try? await Task.sleep(for: backoff.delay(afterAttempt: attempt, random: .random(in: 0..<1)))
            }
        }
    }

    // MARK: Small things

    func text(_ arguments: [String]) async throws -> String {
        let output = String(decoding: try await git(arguments), as: UTF8.self)
        return output.hasSuffix("\n") ? String(output.dropLast()) : output
    }

    /// Output that is a list ended by NUL characters.
    func paths(_ arguments: [String]) async throws -> [String] {
        try await git(arguments).split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    static func tracking(_ branch: String) -> String { "refs/remotes/origin/\(branch)" }

    /// At most ten, then how many more.
    static func list(_ names: [String]) -> String {
        let shown = names.prefix(10).map(\.withoutControlCharacters).joined(separator: ", ")
        return names.count > 10 ? "\(shown) and \(names.count - 10) more" : shown
    }

    /// Takes user and password out of a URL.
    static func withoutCredentials(_ address: String) -> String {
        guard let scheme = address.firstRange(of: "://") else { return address.withoutControlCharacters }
        let rest = address[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return address.withoutControlCharacters }
        return (address[..<scheme.upperBound] + rest[rest.index(after: at)...]).withoutControlCharacters
    }

    private func withoutRepository(_ reason: String) -> String {
        repository == repositoryName ? reason : reason.replacing(repository, with: repositoryName)
    }
}
