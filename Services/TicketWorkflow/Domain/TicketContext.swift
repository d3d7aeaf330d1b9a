import Contracts
import Kernel

/// The free content of a ticket, with what its phases brought under one reserved member.
enum TicketContext {
    static let phases = "phases"
    /// Characters of a task's summary that are taken over, and tasks per phase.
    private static let summaryLength = 500
    private static let tasksPerPhase = 20

    /// The context after an update: given members replace present ones, `null` removes one, other phases stay.
    static func merged(
        _ present: [String: JSONValue],
        adding given: [String: JSONValue],
        phase: Phase,
        tasks: [WorkTask],
        at now: Timestamp
    ) -> [String: JSONValue] {
        var context = present
        for (name, value) in given { context[name] = value == .null ? nil : value }
        var phases: [String: JSONValue] = [:]
        if case .object(let known)? = present[Self.phases] { phases = known }
        phases[phase.rawValue] = .object([
            "tasks": .array(tasks.suffix(tasksPerPhase).map(entry)),
            "total_tasks": .integer(Int64(tasks.count)),
            "completed_tasks": .integer(Int64(tasks.count { $0.status == .completed })),
            "updated_at": .string("\(now)"),
        ])
        context[Self.phases] = .object(phases)
        return context
    }

    private static func entry(_ task: WorkTask) -> JSONValue {
        var entry: [String: JSONValue] = [
            "id": .string("\(task.id)"), "title": .string(task.title), "status": .string(task.status.rawValue),
        ]
        if let summary = task.summary { entry["summary"] = .string(String(summary.prefix(summaryLength))) }
        return .object(entry)
    }
}
