import Contracts
import Kernel

extension WorkingCopy {
    /// Takes over what the agent committed and commits what it left uncommitted. The agent must be dead.
    ///
    /// - Parameter subject: first line of the commit for what was left.
    /// - Returns: the tip; nil when there is no commit at all.
    /// - Throws: ``TaskFailure`` `repository-damaged` when the agent's repository cannot be used.
    func collect(subject: String) async throws(TaskFailure) -> String? {
        do {
            let committed = try await takeCommits()
            return try await commitLeftovers(on: committed, subject: subject)
        } catch let error as TaskFailure {
            throw error
        } catch let error as GitError {
            throw TaskFailure(.agent, "repository-damaged", "the agent's work could not be read: \(error.reason)")
        } catch {
            throw TaskFailure(.sandbox, "working-copy", "the agent's work could not be read: \(error)")
        }
    }

    /// Commits everything in the working copy on top of where the agent started, without a look at the agent's
    /// repository: for when that one cannot be used.
    func collectFilesOnly(subject: String) async -> String? {
        do {
            return try await commitLeftovers(on: start, subject: subject)
        } catch {
            return nil
        }
    }

    /// The agent's own tip, if it builds on the commit it started from; else that commit.
    private func takeCommits() async throws -> String? {
        guard try agentRepositoryIsThere() else { return start }
        let local = ["protocol.file.allow=always", "fetch.fsckObjects=true"]
        let head = try await git(["ls-remote", "--", path, "HEAD"], config: local)
        guard !head.isEmpty else { return start }
        let name = "refs/agent/head"
        try await git(["fetch", "--quiet", "--no-tags", "--", path, "+HEAD:\(name)"], config: local)
        let tip = try await text(["rev-parse", "--verify", "\(name)^{commit}"])
        guard let start else { return tip }
        do {
            try await git(["merge-base", "--is-ancestor", start, tip])
            return tip
        } catch let error as GitError where error.exitCode == 1 {
            return start
        }
    }

    /// Whether the agent still has a repository; refuses one that could point the worker to other files.
    private func agentRepositoryIsThere() throws(TaskFailure) -> Bool {
        let root = "\(path)/.git"
        switch FileKind(of: root) {
        case .nothing: return false
        case .directory: break
        case .link, .other: throw Self.damaged("'.git' is not a directory any more")
        }
        for name in ["objects/info/alternates", "objects/info/http-alternates", "commondir"]
        where FileKind(of: "\(root)/\(name)") != .nothing {
            throw Self.damaged("'.git/\(name)' was added")
        }
        guard !FileKind.containsLink(below: root) else { throw Self.damaged("'.git' contains symbolic links") }
        return true
    }

    private static func damaged(_ reason: String) -> TaskFailure {
        TaskFailure(.agent, "repository-damaged", "the agent's repository cannot be used: \(reason)")
    }

    /// Commits by plumbing only: `git commit` would look into nested repositories with the agent's configuration.
    private func commitLeftovers(on parent: String?, subject: String) async throws -> String? {
        try await git(["read-tree", parent ?? "--empty"])
        // A nested repository is never entered: not a known one (skipped), not a new one (dropped again).
        try await each(try await nestedRepositories(), of: ["update-index", "--skip-worktree", "--"])
        let known = Set(try await nestedRepositories())
        do {
            try await git(["add", "--all", "--ignore-errors", "--", "."])
        } catch let error as GitError where error.exitCode == 1 {
            // What the worker may not read stays out of the commit.
        }
        let added = try await nestedRepositories().filter { !known.contains($0) }
        try await each(added, of: ["update-index", "--force-remove", "--"])
        let tree = try await text(["write-tree"])
        if let parent {
            guard try await text(["rev-parse", "\(parent)^{tree}"]) != tree else { return parent }
        } else if tree == ChangeSet.emptyTree {
            return nil
        }
        let parents = parent.map { ["-p", $0] } ?? []
        return try await text(["commit-tree", tree] + parents + ["-m", message(subject)])
    }

    /// Paths in the index that stand for other repositories.
    private func nestedRepositories() async throws -> [String] {
        try await paths(["ls-files", "--stage", "-z"]).compactMap { entry in
            guard entry.hasPrefix("160000 "), let tab = entry.firstIndex(of: "\t") else { return nil }
            return String(entry[entry.index(after: tab)...])
        }
    }

    private func each(_ paths: [String], of command: [String]) async throws {
        var rest = paths[...]
        while !rest.isEmpty {
            try await git(command + rest.prefix(500))
            rest = rest.dropFirst(500)
        }
    }

    private func message(_ subject: String) -> String {
        """
        \(assignment.ticketKey): \(subject.withoutControlCharacters)

        Omoi-Ticket: \(assignment.ticketKey)
        Omoi-Task: \(assignment.task.id)
        Omoi-Attempt: \(assignment.attempt)
        """
    }
}
