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
        let (elapsed, usage, counts) = try await OmoiSystem.run(options) { system in
            let project = try await BenchProject.create(in: system, concurrency: 64, autoStart: false)
            let tickets = try await project.addTickets(count / tasksPerTicket, tasksPerTicket: tasksPerTicket)
            let cpuBefore = try ProcessUsage.all(of: system)
            let before = try await counters(of: system)
            let orchestrator = try ScriptedOrchestrator(system: system)
            let elapsed = try await Statistics.seconds {
                try await orchestrator.work(slots: 32, total: count) {
                    try await project.start(tickets)
                }
            }
            let usage = try ProcessUsage.all(of: system).merging(cpuBefore) { $0 - $1 }
            return (elapsed, usage, try await counters(of: system).merging(before) { $0 - $1 })
        }
        let baseline = try await CeleryBaseline.tasksPerSecond(python: celery)
        let total = usage.values.reduce(0, +)
        let loop = Row(
            name: "task loop",
            value: Double(count) / elapsed,
            unit: "tasks/s",
            baseline: "Celery with stored results",
            baselineValue: baseline,
            goal: ">= 300/s, ratio >= 2"
        )
        let cpu = Row(
            name: "task loop, CPU of all processes",
            value: total / Double(count) * 1000,
            unit: "ms/task",
            goal: "<= 6 ms"
        )
        return [loop, cpu]
            + usage.sorted { $0.key < $1.key }.map { name, seconds in
                Row(name: "task loop, CPU of \(name)", value: seconds / Double(count) * 1000, unit: "ms/task")
            }
            + counts.sorted { $0.key < $1.key }.map { name, number in
                Row(name: "task loop, \(name)", value: number / Double(count), unit: "per task")
            }
    }

    /// Events, commits and messages so far.
    private static func counters(of system: OmoiSystem) async throws -> [String: Double] {
        var counts = ["events": try await system.metric("omoi_outbox_published_total", of: .workflow)]
        for member in [OmoiSystem.Member.workflow, .relay, .gateway] {
            for (name, metric) in [
                ("commits", "omoi_store_commits_total"), ("messages sent", "messaging_sent_messages_total"),
                ("messages received", "messaging_consumed_messages_total"),
            ] {
                counts["\(name) of \(member.rawValue)"] = try await system.metric(metric, of: member)
            }
        }
        return counts
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

    /// Moves tickets to building, some at a time, so that their tasks become ready faster than they are worked off.
    func start(_ tickets: [Ticket]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, ticket) in tickets.enumerated() {
                if index >= 8 { try await group.next() }
                group.addTask {
                    let _: Ticket = try await gateway.post(
                        "/api/v1/tickets/\(ticket.id)/transition",
                        body: TicketTransition(toStatus: .building),
                        idempotencyKey: nil
                    )
                }
            }
            try await group.waitForAll()
        }
    }
}
