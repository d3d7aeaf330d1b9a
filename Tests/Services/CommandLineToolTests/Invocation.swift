import CommandLineTool
import Kernel
import Synchronization

/// One run of the command line in this process, and what it printed.
struct Invocation {
    var status: ExitStatus
    var output: [String]
    var errors: [String]

    var text: String { output.joined(separator: "\n") }

    /// Runs `omoi` with these arguments in an environment of its own.
    static func run(_ arguments: [String], environment: [String: String] = [:]) async -> Invocation {
        let printed = Printed()
        let console = Console(
            output: { line in printed.lines.withLock { $0.output.append(line) } },
            error: { line in printed.lines.withLock { $0.errors.append(line) } }
        )
        let status = await OmoiCommand.execute(
            arguments,
            in: Surroundings(environment: environment, console: console)
        )
        let lines = printed.lines.withLock { $0 }
        return Invocation(status: status, output: lines.output, errors: lines.errors)
    }

    private final class Printed: Sendable {
        let lines = Mutex<(output: [String], errors: [String])>(([], []))
    }
}
