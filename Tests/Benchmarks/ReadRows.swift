import Contracts
import HTTPClient
import Kernel
import TestSupport

/// Queries: one entity beside a static route of the same HTTP server, and the board as it grows.
enum ReadRows {
    private static let clients = 64
    private static let requests = 8000

    /// - Parameter sizes: numbers of tickets at which the board is measured, ascending.
    static func measure(runs: Int, sizes: [Int]) async throws -> [Row] {
        var options = OmoiSystem.Options()
        options.members = [.workflow, .relay, .gateway]
        return try await OmoiSystem.run(options) { system in
            let project = try await BenchProject.create(in: system, concurrency: 1, autoStart: false)
            let gateway = try system.gateway
            let first = try await project.addTickets(1, tasksPerTicket: 1)
            let tasks: [WorkTask] = try await gateway.get("/api/v1/tasks?project_id=\(project.id)")
            guard let ticket = first.first, let task = tasks.first else { throw Fault.notFound("task", "any") }
            var rows = try await singleReads(
                ["tasks": task.id, "tickets": ticket.id, "projects": project.id],
                gateway,
                runs: runs
            )
            rows.append(try await graph(system))
            var tickets = 1
            var smallest: Double?
            for size in sizes {
                _ = try await project.addTickets(size - tickets, tasksPerTicket: 1)
                tickets = size
                let board = try await board(of: project.id, gateway, tickets: size, smallest: smallest)
                smallest = smallest ?? board.first?.value
                rows += board
            }
            return rows
        }
    }

    private static func singleReads(_ ids: [String: Identifier], _ gateway: APIClient, runs: Int) async throws -> [Row]
    {
        var figures: [String: [Double]] = [:]
        for _ in 0..<runs {
            for (name, id) in ids {
                let load = try await Load.run(clients: clients, requests: requests) {
                    // The bytes are not decoded, neither here nor below: that would measure the client.
                    guard try await gateway.perform("GET", "/api/v1/\(name)/\(id)").status == 200 else {
                        throw Fault.notFound(name, id)
                    }
                }
                figures[name, default: []].append(load.perSecond)
            }
            let plain = try await StaticServer.run { url in
                let client = WebClient()
                defer { client.close() }
                let request = HTTPRequest(url: url)
                return try await Load.run(clients: clients, requests: requests) { _ = try await client.send(request) }
            }
            figures["static", default: []].append(plain.perSecond)
        }
        return ids.keys.sorted().map { name in
            Row(
                name: "GET /\(name)/{id}, \(clients) clients",
                value: Statistics.median(figures[name] ?? []),
                unit: "requests/s",
                baseline: "static route",
                baselineValue: Statistics.median(figures["static"] ?? []),
                goal: "ratio >= 0.6"
            )
        }
    }

    private static func board(
        of project: Identifier,
        _ gateway: APIClient,
        tickets: Int,
        smallest: Double?
    ) async throws -> [Row] {
        let path = "/api/v1/board/view?project_id=\(project)"
        let load = try await Load.run(clients: 1, requests: 300) { _ = try await gateway.perform("GET", path) }
        return [
            Row(
                name: "GET /board/view, \(tickets) tickets, p50",
                value: Statistics.percentile(load.latencies, 0.5) * 1000,
                unit: "ms",
                baseline: smallest == nil ? nil : "fewest tickets",
                baselineValue: smallest
            ),
            Row(
                name: "GET /board/view, \(tickets) tickets, p99",
                value: Statistics.percentile(load.latencies, 0.99) * 1000,
                unit: "ms",
                goal: tickets == 10_000 ? "< 20 ms" : nil
            ),
        ]
    }

    /// 5,000 tasks in chains of 100.
    private static func graph(_ system: OmoiSystem) async throws -> Row {
        let gateway = try system.gateway
        let project = try await BenchProject.create(in: system, concurrency: 1, autoStart: false)
        for number in 0..<50 {
            let batch = TicketBatch(projectID: project.id, tickets: [ReactionRows.chain(number, length: 100)])
            let _: JSONValue = try await gateway.post("/api/v1/tickets/batch", body: batch, idempotencyKey: nil)
        }
        let path = "/api/v1/graph/dependency-graph/project/\(project.id)"
        let load = try await Load.run(clients: 1, requests: 30) {
            guard try await gateway.perform("GET", path).status == 200 else { throw Fault.notFound("graph", path) }
        }
        return Row(
            name: "GET /graph, 5,000 tasks, p50",
            value: Statistics.percentile(load.latencies, 0.5) * 1000,
            unit: "ms",
            goal: "< 100 ms"
        )
    }
}
