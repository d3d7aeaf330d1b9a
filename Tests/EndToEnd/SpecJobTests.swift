import Contracts
import HTTPClient
import Kernel
import TestSupport
import Testing

/// A described feature as a user runs it: written by a planning sandbox, approved, worked off, traced to its commit.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct SpecJobTests {
    private static let agent = """
        #!/bin/sh
        set -e
        case "$OMOI_TASK_TITLE" in
        build) echo 'pay() { echo paid; }' > pay.sh ;;
        esac
        """

    @Test func `a feature goes from its description to a traced commit`() async throws {
        var options = OmoiSystem.Options()
        options.provider = "process"
        try await OmoiSystem.run(options) { system in
            let repository = try await GitRepository(at: "\(system.home)/repository", files: ["agent.sh": Self.agent])
            var settings = ProjectSettings()
            settings.agent = AgentSettings(command: ["/bin/sh", "agent.sh"])
            let project: Project = try await system.gateway.post(
                "/api/v1/projects",
                body: ProjectCreate(name: "Shop", repository: repository.path, settings: settings)
            )
            let spec: SpecView = try await system.gateway.post(
                "/api/v1/specs",
                body: SpecCreate(projectID: project.id, title: "Checkout", analyze: true)
            )
            let path = "/api/v1/specs/\(spec.spec.id)"
            let analysis = try #require(spec.spec.analysisTaskID)
            // Its sandbox lives on a token of scope plan.
            try await eventually("the analysis is done", within: .seconds(60)) {
                let task: WorkTask = try await system.gateway.get("/api/v1/tasks/\(analysis)")
                return task.status == .completed
            }
            let task = try await plan(path, in: system)
            let released: SpecMaterialization = try await system.gateway.post(path + "/materialize", body: Empty())
            #expect(released.ticketIDs == [task.ticketID])
            let done = try await eventually("the spec is completed", within: .seconds(60)) {
                let now: SpecView = try await system.gateway.get(path)
                return now.spec.status == .completed ? now : nil
            }
            #expect(done.progress == 100 && done.execution.commits == 1)
            let trace: SpecTrace = try await system.gateway.get(path + "/trace")
            let traced = try #require(trace.requirements.first?.criteria.first?.tickets.first?.tasks.first)
            let attempt = try #require(traced.attempts.last)
            let head = try await repository.git("rev-parse", try #require(attempt.branch))
            #expect(head.hasPrefix(attempt.commit ?? "none"))
        }
    }

    /// Requirement, criterion, design and a task, both approvals.
    private func plan(_ path: String, in system: OmoiSystem) async throws -> SpecTask {
        let requirement: Spec.Requirement = try await system.gateway.post(
            path + "/requirements",
            body: RequirementCreate(
                title: "Pay",
                condition: "the cart is full",
                action: "offer to pay",
                criteria: ["a receipt is shown"]
            )
        )
        #expect(requirement.text == "When the cart is full, the system shall offer to pay.")
        let design = try ContractCoder.encode(DesignBody(architecture: "One script"))
        #expect(try await system.gateway.perform("PUT", path + "/design", body: design).status == 200)
        let task: SpecTask = try await system.gateway.post(
            path + "/tasks",
            body: SpecTaskCreate(title: "build", criterionIDs: requirement.criteria.map(\.id))
        )
        #expect(task.status == .pending)
        let _: SpecMessage = try await system.gateway.post(path + "/approve-requirements", body: Empty())
        let _: SpecMessage = try await system.gateway.post(path + "/approve-design", body: Empty())
        return task
    }
}
