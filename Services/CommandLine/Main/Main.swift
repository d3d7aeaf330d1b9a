import CommandLineTool
import Glibc

/// The command line, `omoi`.
@main
struct Main {
    static func main() async {
        let status = await OmoiCommand.execute(Array(CommandLine.arguments.dropFirst()), in: .process)
        exit(status.rawValue)
    }
}
