import Kernel
import TestSupport

/// Resident memory of every service when idle and after many tasks.
enum MemoryRows {
    static func measure(tasks: Int) async throws -> [Row] {
        let (idle, idleWithOrchestrator) = try await OmoiSystem.run { system in
            let usage = try memory(of: system)
            return (usage, usage[OmoiSystem.Member.orchestrator.rawValue] ?? .nan)
        }
        var options = OmoiSystem.Options()
        options.members = [.workflow, .relay, .gateway]
        let used = try await OmoiSystem.run(options) { system in
            let project = try await BenchProject.create(in: system, concurrency: 64, autoStart: false)
            let count = max(1, tasks / TaskLoopRows.tasksPerTicket)
            let tickets = try await project.addTickets(count, tasksPerTicket: TaskLoopRows.tasksPerTicket)
            let orchestrator = try ScriptedOrchestrator(system: system)
            try await orchestrator.work(slots: 32, total: count * TaskLoopRows.tasksPerTicket) {
                try await project.start(tickets)
            }
            return try memory(of: system)
        }
        var rows = [
            Row(
                name: "memory idle, omoi-orchestrator",
                value: idleWithOrchestrator,
                unit: "MB",
                goal: "< 60 MB"
            )
        ]
        for (name, after) in used.sorted(by: { $0.key < $1.key }) {
            rows.append(
                Row(name: "memory idle, \(name)", value: idle[name] ?? .nan, unit: "MB", goal: "< 60 MB")
            )
            rows.append(
                Row(
                    name: "memory after \(tasks) tasks, \(name)",
                    value: after,
                    unit: "MB",
                    baseline: "idle",
                    baselineValue: idle[name],
                    goal: "flat"
                )
            )
        }
        return rows
    }

    private static func memory(of system: OmoiSystem) throws -> [String: Double] {
        var usage: [String: Double] = [:]
        for member in OmoiSystem.Member.allCases {
            guard let process = system.process(member) else { continue }
            usage[member.rawValue] = try ProcessUsage(of: process.processID).memory
        }
        return usage
    }
}
