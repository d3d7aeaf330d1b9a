import Contracts
import Kernel
import TestSupport

/// From the answer to a result until an orchestrator has claimed the task that waited for it.
enum ReactionRows {
    // Two chains keep about a hundred tasks a second moving and leave slots free: what is measured is the reaction, not
    // a queue for slots.
    static let chains = 2
    static let length = 200

    static func measure() async throws -> [Row] {
        var options = OmoiSystem.Options()
        options.members = [.workflow, .relay, .gateway]
        let samples = try await OmoiSystem.run(options) { system in
            let project = try await BenchProject.create(in: system, concurrency: 64, autoStart: true)
            let orchestrator = try ScriptedOrchestrator(system: system)
            let gateway = try system.gateway
            let batch = TicketBatch(projectID: project.id, tickets: (0..<chains).map { chain($0) })
            let made = Box<[WorkTask]>([])
            try await orchestrator.work(slots: 8, total: chains * length) {
                let answer: TicketBatchResponse = try await gateway.post(
                    "/api/v1/tickets/batch",
                    body: batch,
                    idempotencyKey: nil
                )
                made.set(answer.tasks)
            }
            let times = orchestrator.times
            return made.value.compactMap { task -> Double? in
                guard let before = task.dependsOn.first, let accepted = times.accepted[before],
                    let claimed = times.claimed[task.id]
                else { return nil }
                return max(0, accepted.duration(to: claimed).seconds * 1000)
            }
        }
        return [
            Row(name: "reaction, p50", value: Statistics.percentile(samples, 0.5), unit: "ms", goal: "< 5 ms"),
            Row(name: "reaction, p99", value: Statistics.percentile(samples, 0.99), unit: "ms", goal: "< 50 ms"),
        ]
    }

    /// Tasks each of which waits for the one before.
    static func chain(_ number: Int, length: Int = length) -> TicketCreate {
        TicketCreate(
            title: "Chain \(number)",
            tasks: (0..<length).map { step in
                TaskSpecification(
                    ref: "\(number)-\(step)",
                    title: "Step \(step)",
                    dependsOn: step == 0 ? nil : ["\(number)-\(step - 1)"]
                )
            }
        )
    }
}
