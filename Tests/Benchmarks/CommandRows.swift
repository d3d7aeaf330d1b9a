import Contracts
import HTTPClient
import Kernel
import Synchronization
import TestSupport

/// `POST /api/v1/tickets` at one and at 64 clients, beside a static route of the same HTTP server on this machine.
enum CommandRows {
    static func measure(runs: Int) async throws -> [Row] {
        var options = OmoiSystem.Options()
        options.members = [.workflow, .relay, .gateway]
        return try await OmoiSystem.run(options) { system in
            let project = try await BenchProject.create(in: system, concurrency: 1, autoStart: false)
            let gateway = try system.gateway
            // Every ticket is another one, but all titles are alike: the hardest case for the duplicate check.
            let number = Mutex(0)
            let post: @Sendable (Bool) async throws -> Void = { isChecked in
                let own = number.withLock { number in
                    number += 1
                    return number
                }
                var body = TicketCreate(projectID: project.id, title: "Ticket \(own) of the benchmark")
                body.checkDuplicates = isChecked
                let _: JSONValue = try await gateway.post("/api/v1/tickets", body: body, idempotencyKey: nil)
            }
            let create: @Sendable () async throws -> Void = { try await post(true) }
            _ = try await Load.run(clients: 8, requests: 200, create)
            let single = try await Load.run(clients: 1, requests: 300, create)
            let unchecked = try await Load.run(clients: 1, requests: 300) { try await post(false) }
            var many: [Double] = []
            var manyUnchecked: [Double] = []
            var plain: [Double] = []
            for _ in 0..<runs {
                manyUnchecked.append(
                    try await Load.run(clients: 64, requests: 2000) { try await post(false) }.perSecond
                )
                many.append(try await Load.run(clients: 64, requests: 2000, create).perSecond)
                let load = try await StaticServer.run { url in
                    let client = WebClient()
                    defer { client.close() }
                    return try await Load.run(clients: 64, requests: 4000) {
                        _ = try await client.send(HTTPRequest(url: url))
                    }
                }
                plain.append(load.perSecond)
            }
            return rows("POST /tickets without duplicate check", unchecked, manyUnchecked, plain)
                + rows("POST /tickets", single, many, plain)
        }
    }

    /// - Parameters:
    ///   - single: one client.
    ///   - many: requests per second of 64 clients, one figure per run.
    ///   - plain: the same of the static route.
    private static func rows(_ name: String, _ single: Load, _ many: [Double], _ plain: [Double]) -> [Row] {
        [
            Row(
                name: "\(name), 1 client, p50",
                value: Statistics.percentile(single.latencies, 0.5) * 1000,
                unit: "ms",
                goal: "< 5 ms"
            ),
            Row(
                name: "\(name), 64 clients",
                value: Statistics.median(many),
                unit: "requests/s",
                baseline: "static route",
                baselineValue: Statistics.median(plain),
                goal: ">= 1,000/s"
            ),
        ]
    }
}
