import FoundationEssentials
import SandboxWorker

@main
struct Main {
    static func main() {
        WorkerCommand.main(CommandLine.arguments, environment: ProcessInfo.processInfo.environment)
    }
}
