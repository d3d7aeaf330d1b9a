import FoundationEssentials
import Glibc
import SandboxWorker

@main
struct Main {
    static func main() async {
        let arguments = CommandLine.arguments
        let exitStatus = await WorkerCommand.run(arguments, environment: ProcessInfo.processInfo.environment)
        exit(exitStatus.rawValue)
    }
}
