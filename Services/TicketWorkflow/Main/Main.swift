import ServiceKit
import TicketWorkflow

@main
struct Main {
    static func main() async {
        await ServiceMain.run(Workflow.service, keys: WorkflowConfiguration.keys) { settings, common, runtime in
            try await Workflow.services(settings, common, runtime)
        }
    }
}
