import Contracts
import FoundationEssentials
import Kernel

/// The agent is a command line of the project, executed in the working copy without a shell. The task comes in the
/// environment and in a file.
struct CommandAgent: AgentAdapter {
    func verify(_ settings: AgentSettings) throws(TaskFailure) {
        guard let program = settings.command.first, !program.isEmpty else {
            throw TaskFailure(
                .task,
                "agent-not-configured",
                "the project has no agent: set settings.agent.command to a command line, such as [\"./agent.sh\"]"
            )
        }
    }

    func run(_ run: AgentRun) async throws(TaskFailure) -> ProcessOutcome {
        let line = run.assignment.agent.command
        let environment = run.place.environment(run.assignment, own: ProcessInfo.processInfo.environment)
        let command = run.place.command(line, environment: environment, timeout: run.timeout)
        run.reporter.report(
            .agentStarted,
            [
                "command": .array(line.map(JSONValue.string)), "attempt": .integer(Int64(run.assignment.attempt)),
                "timeout_seconds": .integer(Int64(run.timeout.seconds)),
            ]
        )
        do {
            let output = run.output
            let outcome = try await run.place.runner.run(command) { output.receive($0) }
            output.finish()
            run.reporter.report(
                .agentCompleted,
                [
                    "exit_code": .integer(Int64(outcome.exitCode)), "ending": .string(outcome.ending.rawValue),
                    "duration_ms": .integer(outcome.duration.milliseconds),
                ]
            )
            return outcome
        } catch {
            throw TaskFailure(.task, "agent-not-started", error.message)
        }
    }
}
