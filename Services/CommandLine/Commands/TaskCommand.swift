import ArgumentParser
import Contracts
import HTTPClient
import Kernel

/// `omoi task`
struct TaskCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "task",
        abstract: "Tasks: units that agents execute.",
        subcommands: [List.self, Show.self]
    )

    /// `omoi task list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List tasks.")

        @Option(help: "Only of this ticket (key or id).")
        var ticket: String?

        @Option(help: "Only in this status, such as running.")
        var status: WorkTask.Status?

        @Option(help: "At most this many.")
        var limit = 100

        @OptionGroup var connection: Connection

        func run() async throws {
            let lookup = Lookup(try connection.gateway())
            var ticketID: String?
            if let ticket { ticketID = try await lookup.ticket(ticket).id.description }
            let tasks: [WorkTask] = try await lookup.list(
                "/api/v1/tasks",
                query: [("ticket_id", ticketID), ("status", status?.rawValue)],
                member: "tasks",
                limit: limit
            )
            try connection.show(json: ["tasks": JSONOutput.value(tasks)]) { TaskTable.lines(tasks) }
        }
    }

    /// `omoi task show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a task, its attempts and what holds it back."
        )

        @Argument(help: "Id.")
        var task: String

        @OptionGroup var connection: Connection

        func run() async throws {
            let client = try connection.gateway()
            let path = "/api/v1/tasks/\(Query.escape(task))"
            let task: WorkTask = try await client.get(path)
            let attempts: [Attempt] = try await Lookup(client).list("\(path)/attempts", member: "attempts")
            let explanation: TaskExplanation = try await client.get("\(path)/explain")
            try connection.show(
                json: [
                    "task": JSONOutput.value(task), "attempts": JSONOutput.value(attempts),
                    "holds": JSONOutput.value(explanation.holds),
                ]
            ) {
                lines(task, attempts: attempts, holds: explanation.holds)
            }
        }

        private func lines(
            _ task: WorkTask,
            attempts: [Attempt],
            holds: [TaskExplanation.Hold]
        ) -> [String] {
            var lines = [
                task.title, "id        \(task.id)", "ticket    \(task.ticketID)",
                "phase     \(task.phase.rawValue)", "status    \(task.status.rawValue)",
                "attempts  \(task.attempt), \(task.countedFailures) of \(task.maxAttempts) failed",
            ]
            if let branch = task.branch { lines.append("branch    \(branch) \(task.commit ?? "")") }
            if let summary = task.summary { lines.append("summary   \(summary)") }
            if let error = task.error { lines.append("error     \(error)") }
            if !task.description.isEmpty { lines += ["", task.description] }
            lines.append("")
            var table = Table("ATTEMPT", "STATUS", "STARTED", "ENDED", "SANDBOX", "ERROR")
            for attempt in attempts {
                table.add(
                    "\(attempt.number)",
                    attempt.status.rawValue,
                    attempt.startedAt.description,
                    attempt.endedAt?.description ?? "-",
                    attempt.sandboxID.description,
                    attempt.error ?? "-"
                )
            }
            lines += table.lines(empty: "no attempts yet")
            guard !task.status.isFinal, task.status == .pending else { return lines }
            lines.append("")
            lines += holds.isEmpty ? ["ready: waits for a free sandbox"] : ["held back by:"]
            lines += holds.map { "  \($0.condition.rawValue) \($0.subject): lifted by \($0.liftedBy)" }
            return lines
        }
    }
}

/// Tasks for people.
enum TaskTable {
    static func lines(_ tasks: [WorkTask]) -> [String] {
        var table = Table("ID", "STATUS", "PHASE", "ATTEMPT", "AFTER", "TITLE")
        for task in tasks {
            table.add(
                task.id.description,
                task.status.rawValue,
                task.phase.rawValue,
                "\(task.attempt)",
                task.dependsOn.isEmpty ? "-" : "\(task.dependsOn.count)",
                task.title
            )
        }
        return table.lines(empty: "no tasks")
    }
}

extension WorkTask.Status: ExpressibleByArgument {}
