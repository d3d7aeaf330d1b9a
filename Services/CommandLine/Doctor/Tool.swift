import Kernel
import Subprocess
import SystemPackage

/// Runs a program of the machine to see whether it works.
enum Tool {
    enum Outcome: Equatable {
        case missing
        /// It ran and succeeded; the first line it printed.
        case works(String)
        /// It ran and failed; the first line it complained with.
        case broken(String)
    }

    private static let patience: Duration = .seconds(20)

    /// - Parameter name: looked up in the PATH of the command's surroundings.
    static func run(_ name: String, _ arguments: [String]) async throws -> Outcome {
        guard let path = path(of: name) else { return .missing }
        return try await withThrowingTaskGroup(of: Outcome.self) { group in
            group.addTask {
                let result = try await Subprocess.run(
                    .path(FilePath(path)),
                    arguments: Arguments(arguments),
                    input: .none,
                    output: .string(limit: 1 << 16),
                    error: .string(limit: 1 << 16)
                )
                let output = result.standardOutput
                let text = output.isEmpty ? result.standardError : output
                return result.terminationStatus.isSuccess
                    ? .works(firstLine(text))
                    : .broken(firstLine(result.standardError.isEmpty ? text : result.standardError))
            }
            group.addTask {
                try await Task.sleep(for: patience)
                return .broken("no answer within \(Int(patience.seconds)) s")
            }
            let first = try await group.next() ?? .missing
            group.cancelAll()
            return first
        }
    }

    /// Where the PATH of the surroundings finds a program; nil when it does not.
    static func path(of name: String) -> String? {
        let folders = (Surroundings.current.variable("PATH") ?? "").split(separator: ":")
        return folders.map { "\($0)/\(name)" }.first { Files.isExecutable($0) }
    }

    private static func firstLine(_ text: String) -> String {
        String(text.prefix { !$0.isNewline })
    }
}
