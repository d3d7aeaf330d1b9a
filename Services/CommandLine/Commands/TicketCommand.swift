import ArgumentParser
import Contracts
import HTTPClient
import Kernel

/// `omoi ticket`
struct TicketCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ticket",
        abstract: "Tickets: work items on the board.",
        subcommands: [TicketCreateCommand.self, List.self, Show.self]
    )

    /// `omoi ticket list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List tickets.")

        @Option(help: "Only of this project (key, name or id).")
        var project: String?

        @Option(help: "Only in this column, such as building.")
        var status: TicketStatus?

        @Option(help: "At most this many.")
        var limit = 100

        @OptionGroup var connection: Connection

        func run() async throws {
            let lookup = Lookup(try connection.gateway())
            var projectID: String?
            if let project { projectID = try await lookup.project(project).id.description }
            let tickets: [Ticket] = try await lookup.list(
                "/api/v1/tickets",
                query: [("project_id", projectID), ("status", status?.rawValue)],
                member: "tickets",
                limit: limit
            )
            try connection.show(json: ["tickets": JSONOutput.value(tickets)]) {
                var table = Table("KEY", "STATUS", "PRIORITY", "TASKS", "BLOCKED", "TITLE")
                for ticket in tickets {
                    table.add(
                        ticket.key,
                        ticket.status.rawValue,
                        ticket.priority.rawValue,
                        "\(ticket.completedTaskCount)/\(ticket.taskCount)",
                        ticket.block?.reason.rawValue ?? "-",
                        ticket.title
                    )
                }
                return table.lines(empty: "no tickets")
            }
        }
    }

    /// `omoi ticket show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show a ticket with its tasks and its way so far.")

        @Argument(help: "Key or id.")
        var ticket: String

        @OptionGroup var connection: Connection

        func run() async throws {
            let lookup = Lookup(try connection.gateway())
            let ticket = try await lookup.ticket(ticket)
            let tasks: [WorkTask] = try await lookup.list(
                "/api/v1/tasks",
                query: [("ticket_id", ticket.id.description)],
                member: "tasks"
            )
            let history: [Transition] = try await lookup.list(
                "/api/v1/tickets/\(ticket.id)/history",
                member: "transitions"
            )
            try connection.show(
                json: [
                    "ticket": JSONOutput.value(ticket), "tasks": JSONOutput.value(tasks),
                    "transitions": JSONOutput.value(history),
                ]
            ) {
                lines(ticket, tasks: tasks, history: history)
            }
        }

        private func lines(_ ticket: Ticket, tasks: [WorkTask], history: [Transition]) -> [String] {
            var lines = [
                "\(ticket.key)  \(ticket.title)", "id        \(ticket.id)",
                "status    \(ticket.status.rawValue) (\(ticket.phase.rawValue))",
                "priority  \(ticket.priority.rawValue)",
            ]
            if let block = ticket.block { lines.append("blocked   \(block.reason.rawValue): \(block.detail)") }
            if let description = ticket.description, !description.isEmpty { lines += ["", description] }
            lines.append("")
            lines += TaskTable.lines(tasks)
            lines.append("")
            var table = Table("TIME", "FROM", "TO", "CAUSE", "REASON")
            for transition in history.sorted(by: { $0.id < $1.id }) {
                table.add(
                    transition.at.description,
                    transition.fromStatus.rawValue,
                    transition.toStatus.rawValue,
                    transition.cause.rawValue,
                    transition.reason ?? "-"
                )
            }
            return lines + table.lines(empty: "no transitions yet")
        }
    }
}

extension TicketStatus: ExpressibleByArgument {}
