import ArgumentParser
import Contracts
import HTTPClient
import Kernel

/// `omoi ticket create`
struct TicketCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a ticket, or several, with their tasks in one step.",
        discussion: """
            From a plan: --file plan.json holds one ticket ({"title": ..., "tasks": [...]}) or a batch \
            ({"tickets": [...]}); tasks refer to each other by "ref" and "depends_on". \
            By hand: --title, --description and --task for each task; every --task depends on the one before it \
            only with --in-order.
            """
    )

    @Option(help: "The project (key, name or id); may be left out when there is only one or the plan names it.")
    var project: String?

    @Option(help: "JSON file with the plan; '-' reads standard input.")
    var file: String?

    @Option(help: "Title of the ticket.")
    var title: String?

    @Option(help: "What is to be done.")
    var description: String?

    @Option(help: "CRITICAL, HIGH, MEDIUM or LOW.")
    var priority: Priority?

    @Option(help: ArgumentHelp("A task of the ticket; may be repeated.", valueName: "title"))
    var task: [String] = []

    @Flag(help: "Each --task depends on the one before.")
    var inOrder = false

    @OptionGroup var connection: Connection

    func validate() throws {
        guard (file == nil) != (title == nil) else {
            throw ValidationError("Give either --file or --title.")
        }
        if file != nil, description != nil || priority != nil || !task.isEmpty || inOrder {
            throw ValidationError("--description, --priority, --task and --in-order belong to --title.")
        }
        if inOrder, task.isEmpty { throw ValidationError("--in-order needs --task.") }
    }

    func run() async throws {
        let client = try connection.gateway()
        let created: TicketBatchResponse = try await client.post(
            "/api/v1/tickets/batch",
            body: JSONValue.object(try await body(client)),
            idempotencyKey: Identifier.make().description
        )
        try connection.show(
            json: ["tickets": JSONOutput.value(created.tickets), "tasks": JSONOutput.value(created.tasks)]
        ) {
            created.tickets.map { ticket in
                let tasks = created.tasks.count { $0.ticketID == ticket.id }
                return "\(ticket.key)  \(ticket.status.rawValue)  \(tasks) tasks  \(ticket.title)"
            }
        }
    }

    /// The body of the batch route, whichever way the ticket was given. What the plan says is passed on unread, so that
    /// the server names every mistake in it.
    private func body(_ client: APIClient) async throws -> [String: JSONValue] {
        guard let file else { return try await batch([fromOptions()], projectID: nil, client) }
        guard case .object(let plan) = try InputFile.json(file, option: "--file") else {
            throw Fault.invalid("--file", "must hold a JSON object")
        }
        if let tickets = plan["tickets"] {
            var body = plan
            body["project_id"] = try await projectID(plan["project_id"], client)
            body["tickets"] = tickets
            return body
        }
        var ticket = plan
        ticket["project_id"] = nil
        return try await batch([.object(ticket)], projectID: plan["project_id"], client)
    }

    private func batch(
        _ tickets: [JSONValue],
        projectID: JSONValue?,
        _ client: APIClient
    ) async throws -> [String: JSONValue] {
        ["project_id": try await self.projectID(projectID, client), "tickets": .array(tickets)]
    }

    private func projectID(_ planned: JSONValue?, _ client: APIClient) async throws -> JSONValue {
        if let planned, project == nil { return planned }
        return .string(try await Lookup(client).project(project).id.description)
    }

    private func fromOptions() throws -> JSONValue {
        let tasks = task.enumerated().map { index, title in
            TaskSpecification(
                ref: "task-\(index + 1)",
                title: title,
                dependsOn: inOrder && index > 0 ? ["task-\(index)"] : nil
            )
        }
        return try JSONOutput.value(
            TicketCreate(
                title: title ?? "",
                description: description,
                priority: priority,
                tasks: tasks.isEmpty ? nil : tasks
            )
        )
    }
}

extension Priority: ExpressibleByArgument {}
