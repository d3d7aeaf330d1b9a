import Orchestrator

@main
struct Main {
    static func main() async {
        await OrchestratorProcess.run()
    }
}
