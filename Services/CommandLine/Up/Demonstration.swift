import Contracts
import FoundationEssentials
import HTTPClient
import Kernel
import Subprocess

/// The main job on a real input: a small program with failing tests, a ticket with a diamond of four tasks, agents that
/// edit files, checks that run.
///
/// The input is a directory with `repository/` (made a git repository in `$OMOI_HOME/demo`), `project.json` (the body
/// of a project without its repository) and `plan.json` (the body of a ticket).
package struct Demonstration: Sendable {
    private static let deadline: Duration = .seconds(600)

    let directory: String

    package init(directory: String) { self.directory = directory }

    /// Runs the job on a running system.
    ///
    /// - Throws: ``Ending`` with `failure` when the ticket is not done.
    func run(on instance: Instance) async throws {
        let console = instance.surroundings.console
        let repository = "\(instance.home.path)/demo"
        try await prepare(repository)
        let token = try Connection.token(file: instance.home.adminTokenFile)
        let client = WebClient()
        let gateway = APIClient(client: client, baseURL: instance.gatewayURL, token: token)
        let relay = APIClient(client: client, baseURL: instance.relayURL, token: token)
        let project = try await project(gateway, repository: repository)
        let watcher = Watcher(
            gateway: gateway,
            relay: relay,
            print: { _, line in console.print(line) },
            console: console
        )
        let (ticket, outcome) = try await withThrowingTaskGroup(of: (Ticket, Watcher.Outcome).self) { group in
            group.addTask { try await work(gateway, watcher, project) }
            group.addTask {
                try await Task.sleep(for: Self.deadline)
                throw Fault(.timeout, "the demonstration is not done after \(Int(Self.deadline.seconds)) s")
            }
            guard let first = try await group.next() else { throw CancellationError() }
            group.cancelAll()
            return first
        }
        try await showResult(of: ticket, gateway, repository, console)
        guard outcome == .done else {
            if case .stopped(let reason) = outcome { console.note("omoi: \(ticket.key) is \(reason)") }
            throw Ending(status: .failure)
        }
        console.print("\(ticket.key) is done")
    }

    /// Creates the ticket once the stream is open, so that every transition from the first is shown.
    private func work(
        _ gateway: APIClient,
        _ watcher: Watcher,
        _ project: Project
    ) async throws -> (Ticket, Watcher.Outcome) {
        var created: Ticket?
        let outcome = try await watcher.follow(
            [("type", "ticket.*"), ("type", "task.*"), ("project_id", project.id.description)],
            keys: [:],
            decide: { $0.id == created?.id ? Watcher.outcome(of: $0) : nil }
        ) {
            if let created { return try await gateway.get("/api/v1/tickets/\(created.id)") }
            created = try await ticket(gateway, project)
            return created
        }
        guard let created, let outcome else { throw CancellationError() }
        return (created, outcome)
    }

    private func ticket(_ gateway: APIClient, _ project: Project) async throws -> Ticket {
        let body: JSONValue = .object([
            "project_id": .string(project.id.description),
            "tickets": .array([try InputFile.json("\(directory)/plan.json", option: "--demo")]),
        ])
        let response: TicketBatchResponse = try await gateway.post(
            "/api/v1/tickets/batch",
            body: body,
            idempotencyKey: Identifier.make().description
        )
        guard let ticket = response.tickets.first else { throw Fault(.internalError, "no ticket was created") }
        return ticket
    }

    /// The project of an earlier demonstration in the same home, or a new one.
    private func project(_ gateway: APIClient, repository: String) async throws -> Project {
        guard case .object(var body) = try InputFile.json("\(directory)/project.json", option: "--demo") else {
            throw Fault.invalid("--demo", "'\(directory)/project.json' must hold an object")
        }
        if case .string(let key) = body["key"] {
            let projects: [Project] = try await Lookup(gateway).list("/api/v1/projects", member: "projects")
            if let project = projects.first(where: { $0.key == key }) { return project }
        }
        body["repository"] = .string(repository)
        return try await gateway.post(
            "/api/v1/projects",
            body: JSONValue.object(body),
            idempotencyKey: Identifier.make().description
        )
    }

    private func prepare(_ repository: String) async throws {
        let manager = FileManager.default
        guard !manager.fileExists(atPath: "\(repository)/.git") else { return }
        do {
            if manager.fileExists(atPath: repository) { try manager.removeItem(atPath: repository) }
            try manager.copyItem(atPath: "\(directory)/repository", toPath: repository)
        } catch {
            throw Fault.invalid("--demo", "cannot copy '\(directory)/repository' to '\(repository)'")
        }
        try await git(["init", "--quiet", "--initial-branch=main"], in: repository)
        try await git(["add", "--all"], in: repository)
        try await git(["commit", "--quiet", "--message", "A small program with failing tests"], in: repository)
    }

    /// The history of the branch that joins all others, and what it changed.
    private func showResult(
        of ticket: Ticket,
        _ gateway: APIClient,
        _ repository: String,
        _ console: Console
    ) async throws {
        let tasks: [WorkTask] = try await Lookup(gateway)
            .list("/api/v1/tasks", query: [("ticket_id", ticket.id.description)], member: "tasks")
        let needed = Set(tasks.flatMap(\.dependsOn))
        guard let branch = tasks.last(where: { !needed.contains($0.id) && $0.branch != nil })?.branch else { return }
        console.print("git log --graph \(branch)   (in \(repository))")
        for line in try await git(["log", "--graph", "--oneline", "--decorate", branch], in: repository) {
            console.print(line)
        }
        for line in try await git(["diff", "--stat", "main", branch], in: repository) { console.print(line) }
    }

    /// Runs git.
    ///
    /// - Returns: the lines it printed.
    @discardableResult
    private func git(_ arguments: [String], in repository: String) async throws -> [String] {
        let identity = ["-C", repository, "-c", "user.name=Omoi demonstration", "-c", "user.email=demo@omoi.invalid"]
        let result = try await Subprocess.run(
            .name("git"),
            arguments: Arguments(identity + arguments),
            input: .none,
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 16)
        )
        guard result.terminationStatus.isSuccess else {
            throw Fault(.internalError, "git \(arguments.first ?? ""): \(result.standardError)")
        }
        return result.standardOutput.split(separator: "\n").map(String.init)
    }
}
