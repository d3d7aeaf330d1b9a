import Contracts
import HTTPClient
import Kernel
import TestSupport

/// Tasks in tickets, by default sixty in ten, whose agents leave a mark when they run: the work that must survive every
/// fault.
struct Workload {
    static let tasksPerTicket = 6

    let project: Project
    let taskIDs: [Identifier]
    let ticketIDs: [Identifier]
    /// Each agent appends `<task id> <attempt>` here: the side effects.
    let effectsPath: String

    /// Creates project, tickets and tasks. Per ticket: a diamond of four implementation tasks, then two for testing.
    static func submit(
        to system: OmoiSystem,
        agentSeconds: Double = 1,
        tickets: Int = 10
    ) async throws -> Workload {
        let name = Identifier.make().description
        let effectsPath = "\(system.home)/\(name).effects"
        try SmallFile.write("", to: effectsPath)
        let agent = "\(system.home)/\(name).sh"
        try SmallFile.write(
            """
            #!/bin/sh
            echo "$OMOI_TASK_ID $OMOI_ATTEMPT" >> \(effectsPath)
            exec sleep \(agentSeconds)
            """,
            to: agent,
            mode: 0o700
        )
        var settings = ProjectSettings()
        settings.concurrency = tickets * tasksPerTicket
        settings.wipLimits = ["analyzing": 0, "building": 0, "testing": 0]
        settings.agent = AgentSettings(command: ["/bin/sh", agent])
        settings.evidence = EvidenceSettings(commit: false, checks: false)
        let gateway = try system.gateway
        let project: Project = try await gateway.post(
            "/api/v1/projects",
            body: ProjectCreate(name: "Faults", settings: settings),
            idempotencyKey: name
        )
        let batch = TicketBatch(projectID: project.id, tickets: (1...tickets).map(ticket))
        let created: TicketBatchResponse = try await gateway.post(
            "/api/v1/tickets/batch",
            body: batch,
            idempotencyKey: name
        )
        return Workload(
            project: project,
            taskIDs: created.tasks.map(\.id),
            ticketIDs: created.tickets.map(\.id),
            effectsPath: effectsPath
        )
    }

    private static func ticket(_ number: Int) -> TicketCreate {
        func ref(_ name: String) -> String { "\(number)-\(name)" }
        return TicketCreate(
            title: "Ticket \(number)",
            tasks: [
                TaskSpecification(ref: ref("a"), title: "a", phase: .implementation),
                TaskSpecification(ref: ref("b"), title: "b", phase: .implementation, dependsOn: [ref("a")]),
                TaskSpecification(ref: ref("c"), title: "c", phase: .implementation, dependsOn: [ref("a")]),
                TaskSpecification(ref: ref("d"), title: "d", phase: .implementation, dependsOn: [ref("b"), ref("c")]),
                TaskSpecification(ref: ref("e"), title: "e", phase: .testing),
                TaskSpecification(ref: ref("f"), title: "f", phase: .testing),
            ]
        )
    }

    /// Tasks of the workload by status, as the gateway sees them.
    func tasks(of system: OmoiSystem) async throws -> [WorkTask] {
        let tasks: [WorkTask] = try await system.gateway.get(
            "/api/v1/tasks?project_id=\(project.id)&limit=200"
        )
        return tasks.filter { taskIDs.contains($0.id) }
    }

    /// What the agents have left behind: a line `<task id> <attempt>` for each run.
    func effects() throws -> [String] {
        try SmallFile.read(effectsPath).split(separator: "\n").map(String.init)
    }

    /// Waits until some work is done and some is under way, so that a fault meets everything in flight.
    func waitUntilInFlight(in system: OmoiSystem) async throws {
        try await eventually("tasks are in flight", within: .seconds(60)) {
            let tasks = try await tasks(of: system)
            return tasks.count { $0.status == .completed } >= 3 && tasks.count { $0.status == .running } >= 3
        }
    }

    /// Waits until every ticket is done.
    func waitUntilDone(in system: OmoiSystem, within limit: Duration = .seconds(180)) async throws {
        var open: [String] = []
        try await eventually("every ticket is done; open: \(open)", within: limit, every: .milliseconds(200)) {
            let list: TicketList = try await system.gateway.get("/api/v1/tickets?project_id=\(project.id)&limit=200")
            open = list.tickets.filter { $0.status != .done }.map { "\($0.key) \($0.status.rawValue)" }
            return list.tickets.count == ticketIDs.count && open.isEmpty
        }
    }
}
