import Contracts
import Kernel

/// What an attempt changed, read from git and never from what an agent says.
struct ChangeSet: Sendable, Equatable {
    /// Oldest first; the last one is the tip.
    var commits: [TaskResult.Commit] = []
    var files: [TaskResult.FileChange] = []

    /// Git's name for a tree without entries.
    static let emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

    /// Everything between the commit the agent started from and the tip.
    static func read(from start: String?, to tip: String, in copy: WorkingCopy) async throws -> ChangeSet {
        let range = start.map { "\($0)..\(tip)" } ?? tip
        let log = try await copy.paths([
            "log", "-z", "--format=%H %s", "--max-count=\(Limits.commitsPerResult)", "--end-of-options", range,
        ])
        let base = start ?? emptyTree
        let options = ["-z", "-M", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all", base, tip]
        let names = try await copy.paths(["diff", "--name-status"] + options)
        let counts = try await copy.git(["diff", "--numstat"] + options)
        return ChangeSet(
            commits: log.reversed().compactMap(commit),
            files: files(names: names, counts: lines(numstat: counts))
        )
    }

    private static func commit(_ line: String) -> TaskResult.Commit? {
        guard let blank = line.firstIndex(of: " ") else { return nil }
        let message = line[line.index(after: blank)...].withoutControlCharacters
        return TaskResult.Commit(
            sha: String(line[..<blank]),
            message: String(message.prefix(Limits.reasonLineLength))
        )
    }

    /// Pairs of status and path; a rename or copy is followed by the old and the new path.
    private static func files(
        names: [String],
        counts: [String: (added: Int?, removed: Int?)]
    ) -> [TaskResult.FileChange] {
        var files: [TaskResult.FileChange] = []
        var index = 0
        while index + 1 < names.count {
            let status = names[index].first
            let isMove = status == "R" || status == "C"
            let at = index + (isMove ? 2 : 1)
            guard at < names.count else { break }
            let path = names[at]
            let action: TaskResult.FileChange.Action =
                switch status {
                case "A", "C": .created
                case "D": .deleted
                case "R": .renamed
                default: .modified
                }
            files.append(
                TaskResult.FileChange(
                    path: path,
                    action: action,
                    linesAdded: counts[path]?.added,
                    linesRemoved: counts[path]?.removed
                )
            )
            index = at + 1
        }
        return files
    }

    /// `added TAB removed TAB path`, or `added TAB removed TAB`, old path, new path; `-` for what is not text.
    private static func lines(numstat: [UInt8]) -> [String: (added: Int?, removed: Int?)] {
        let entries = numstat.split(separator: 0, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        var result: [String: (added: Int?, removed: Int?)] = [:]
        var index = 0
        while index < entries.count {
            let fields = entries[index].split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { break }
            let isMove = fields[2].isEmpty
            guard !isMove || index + 2 < entries.count else { break }
            let path = isMove ? entries[index + 2] : String(fields[2])
            result[path] = (Int(fields[0]), Int(fields[1]))
            index += isMove ? 3 : 1
        }
        return result
    }
}
