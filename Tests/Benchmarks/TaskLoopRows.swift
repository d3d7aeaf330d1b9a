import Contracts
import HTTPClient
import Kernel
import TestSupport

/// The main loop, `task.pending -> claim -> result -> task.completed -> ticket.transitioned`, through the real HTTP
/// API, broker and stores, with scripted agents that finish at once.
enum TaskLoopRows {
    static let tasksPerTicket = 10

    static func measure(tasks: Int, celery: String?) async throws -> [Row] {
        var options = OmoiSystem.Options()
        options.members = [.workflow, .relay, .gateway]
        let count = tasks / tasksPerTicket * tasksPerTicket
        let (elapsed, usage, events) = try await OmoiSystem.run(options) { system in
            let project = try await BenchProject.create(in: system, concurrency: 64, autoStart: false)
            let tickets = try await project.addTickets(count / tasksPerTicket, tasksPerTicket: tasksPerTicket)
            let before = try ProcessUsage.all(of: system)
            let eventsBefore = try await project.lastEventCount()
            let orchestrator = try ScriptedOrchestrator(system: system)
            let elapsed = try await Statistics.seconds {
                try await orchestrator.work(slots: 32, total: count) {
                    try await project.start(tickets)
                }
            }
            let after = try ProcessUsage.all(of: system)
            let events = try await project.lastEventCount() - eventsBefore
            return (elapsed, after.mapValues { $0 }.merging(before) { $0 - $1 }, events)
        }
        let baseline = try await CeleryBaseline.tasksPerSecond(python: celery)
        let total = usage.values.reduce(0, +)
        var rows = [
            Row(
                name: "task loop",
                value: Double(count) / elapsed,
                unit: "tasks/s",
                baseline: "Celery with stored results",
                baselineValue: baseline,
                goal: ">= 300/s, ratio >= 2"
            ),
            Row(
                name: "task loop, CPU",
                value: total / Double(count) * 1000,
                unit: "ms/task",
                goal: "<= 6 ms in all processes"
            ),
            Row(
                name: "task loop, events",
                value: Double(events) / Double(count),
                unit: "events/task",
                goal: "<= 8"
            ),
        ]
        for (name, seconds) in usage.sorted(by: { $0.key < $1.key }) {
            rows.append(
                Row(name: "task loop, CPU of \(name)", value: seconds / Double(count) * 1000, unit: "ms/task")
            )
        }
        return rows
    }
}

/// A project for scripted agents: no repository, no evidence, room for everything.
struct BenchProject {
    let system: OmoiSystem
    let id: Identifier
    private let gateway: APIClient

    static func create(in system: OmoiSystem, concurrency: Int, autoStart: Bool) async throws -> BenchProject {
        var settings = ProjectSettings()
        settings.autoStart = autoStart
        settings.concurrency = concurrency
        settings.wipLimits = ["analyzing": 0, "building": 0, "testing": 0]
        settings.evidence = EvidenceSettings(commit: false, checks: false)
        let gateway = try system.gateway
        let project: Project = try await gateway.post(
            "/api/v1/projects",
            body: ProjectCreate(name: "Bench", settings: settings),
            idempotencyKey: nil
        )
        return BenchProject(system: system, id: project.id, gateway: gateway)
    }

    /// Tickets with independent implementation tasks; nothing starts with `autoStart: false`.
    func addTickets(_ count: Int, tasksPerTicket: Int) async throws -> [Ticket] {
        var made: [Ticket] = []
        for start in stride(from: 0, to: count, by: 20) {
            let tickets = (start..<min(start + 20, count)).map { number in
                TicketCreate(
                    title: "Ticket \(number)",
                    tasks: (0..<tasksPerTicket).map { TaskSpecification(title: "Task \($0)") }
                )
            }
            let answer: TicketBatchResponse = try await gateway.post(
                "/api/v1/tickets/batch",
                body: TicketBatch(projectID: id, tickets: tickets),
                idempotencyKey: nil
            )
            made += answer.tickets
        }
        return made
    }

    /// Moves tickets to building: their tasks become ready.
    func start(_ tickets: [Ticket]) async throws {
        for ticket in tickets {
            let _: Ticket = try await gateway.post(
                "/api/v1/tickets/\(ticket.id)/transition",
                body: TicketTransition(toStatus: .building),
                idempotencyKey: nil
            )
        }
    }

    /// Events the workflow has written so far.
    func lastEventCount() async throws -> Int {
        Int(try await system.metric("omoi_outbox_appended_total", of: .workflow))
    }
}
