import Contracts

/// The tasks a phase usually has, for tickets that were given none.
enum UsualTasks {
    struct Plan: Equatable, Sendable {
        var taskType: String
        var title: String
        var priority: Priority
    }

    /// What is missing of them.
    ///
    /// - Parameter present: types of the current tasks of the phase.
    static func missing(in phase: Phase, of ticket: Ticket, present: Set<String>) -> [Plan] {
        plans(phase, ticket.title).filter { !present.contains($0.taskType) }
    }

    private static func plans(_ phase: Phase, _ title: String) -> [Plan] {
        switch phase {
        case .requirements:
            [
                Plan(taskType: "analyze_requirements", title: "Analyze requirements for: \(title)", priority: .high),
                Plan(taskType: "generate_prd", title: "Write the requirements document for: \(title)", priority: .high),
            ]
        case .design: [Plan(taskType: "create_design", title: "Design: \(title)", priority: .high)]
        case .implementation: [Plan(taskType: "implement_feature", title: "Implement: \(title)", priority: .high)]
        case .testing:
            [
                Plan(taskType: "write_tests", title: "Write tests for: \(title)", priority: .medium),
                Plan(taskType: "run_tests", title: "Run the tests of: \(title)", priority: .high),
            ]
        case .backlog, .buildingDone, .done: []
        }
    }
}
