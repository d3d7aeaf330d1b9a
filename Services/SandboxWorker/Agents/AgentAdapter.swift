import Contracts
import Kernel

/// Runs one kind of agent on a prepared working copy.
protocol AgentAdapter: Sendable {
    /// Refuses settings the agent cannot be started with, before any work is done.
    func verify(_ settings: AgentSettings) throws(TaskFailure)

    /// Runs the agent until it and everything it started is gone.
    ///
    /// - Throws: ``TaskFailure`` when it could not be started.
    func run(_ run: AgentRun) async throws(TaskFailure) -> ProcessOutcome
}

/// The adapters by the name projects use.
enum Agents {
    static func adapter(for settings: AgentSettings) throws(TaskFailure) -> any AgentAdapter {
        switch settings.kind {
        case "command": return CommandAgent()
        default:
            throw TaskFailure(
                .task,
                "agent-unknown",
                "this worker knows no agent '\(settings.kind)': set settings.agent.kind to 'command'"
            )
        }
    }
}

/// What every agent gets.
struct AgentRun: Sendable {
    let assignment: Assignment
    let place: Place
    let timeout: Duration
    let output: OutputReporter
    let reporter: ActivityReporter
}

/// Where agent and checks run: the paths they see, and the isolation around them.
struct Place: Sendable {
    let isolation: SandboxLaunch.Isolation
    let workingCopy: String
    let home: String
    let taskFile: String
    let runner: ProcessRunner

    /// A command inside the isolation, in the working copy.
    func command(_ line: [String], environment: [String: String], timeout: Duration) -> ProcessCommand {
        ProcessCommand(
            line: isolation.commandLine(for: line, workingCopy: workingCopy, home: home, taskFile: taskFile),
            directory: workingCopy,
            environment: environment,
            timeout: timeout
        )
    }

    /// The whole environment of agents and checks: nothing of the worker's own but path and language.
    func environment(_ assignment: Assignment, own: [String: String]) -> [String: String] {
        let task = assignment.task
        return [
            "OMOI_TASK_FILE": taskFile, "OMOI_TASK_ID": "\(task.id)", "OMOI_TASK_TITLE": task.title,
            "OMOI_TASK_DESCRIPTION": Self.shortened(task.description), "OMOI_TICKET_KEY": assignment.ticketKey,
            "OMOI_TICKET_TITLE": assignment.ticketTitle, "OMOI_PHASE": task.phase.rawValue,
            "OMOI_ATTEMPT": "\(assignment.attempt)", "HOME": home,
            "PATH": own["PATH"] ?? "/usr/local/bin:/usr/bin:/bin", "LANG": own["LANG"] ?? "C.UTF-8",
        ]
    }

    /// The system refuses to start a program with a longer variable; the task file has the whole text.
    private static func shortened(_ text: String) -> String {
        guard text.utf8.count > Limits.environmentValueBytes else { return text }
        return String(decoding: text.utf8.prefix(Limits.environmentValueBytes), as: UTF8.self)
    }
}
