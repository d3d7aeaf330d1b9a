import Contracts
import Kernel
import Testing

@testable import TicketWorkflow

@Suite(.timeLimit(.minutes(1)))
struct ProjectSettingsTests {
    @Test(arguments: [
        (#"{}"#, 7, ["building": 2]),
        (#"{"concurrency":9}"#, 9, ["building": 2]),
        (#"{"concurrency":null}"#, Limits.projectConcurrency, ["building": 2]),
        (#"{"wip_limits":{"testing":3}}"#, 7, ["building": 2, "testing": 3]),
        (#"{"wip_limits":{"building":null}}"#, 7, [:]),
        (#"{"wip_limits":null}"#, 7, [:]),
    ])
    func `a change of settings leaves the others as they are`(
        patch: String,
        concurrency: Int,
        limits: [String: Int]
    ) async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { settings in
                settings.concurrency = 7
                settings.wipLimits = ["building": 2]
                settings.autoStart = false
            }
            var body = ProjectPatch()
            body.settings = try ContractCoder.decode(from: Array(patch.utf8))
            let settings = try await workflow.run(UpdateProject(id: project.id, body: body)).settings
            #expect(settings.concurrency == concurrency)
            #expect(settings.wipLimits == limits)
            #expect(!settings.autoStart)
            #expect(settings.evidence == project.settings.evidence)
        }
    }

    @Test func `settings that do not fit are refused and change nothing`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            var body = ProjectPatch()
            body.name = "Renamed"
            body.settings = .object(["concurrency": .string("many")])
            try await workflow.expectRefusal(UpdateProject(id: project.id, body: body), .invalid)
            body.settings = .object([:])
            body.name = nil
            #expect(try await workflow.run(UpdateProject(id: project.id, body: body)) == project)
        }
    }
}
