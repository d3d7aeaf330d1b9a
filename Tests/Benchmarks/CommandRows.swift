import Contracts
import HTTPClient
import Hummingbird
import Kernel
import TestSupport

/// `POST /api/v1/tickets` at one and at 64 clients, beside a static route of the same HTTP server on this machine.
enum CommandRows {
    static func measure(runs: Int) async throws -> [Row] {
        var options = OmoiSystem.Options()
        options.members = [.workflow, .relay, .gateway]
        return try await OmoiSystem.run(options) { system in
            let project = try await BenchProject.create(in: system, concurrency: 1, autoStart: false)
            let gateway = try system.gateway
            let body = TicketCreate(projectID: project.id, title: "A ticket of the benchmark")
            let create: @Sendable () async throws -> Void = {
                let _: JSONValue = try await gateway.post("/api/v1/tickets", body: body, idempotencyKey: nil)
            }
            let read: @Sendable () async throws -> Void = {
                let _: JSONValue = try await gateway.get("/api/v1/projects/\(project.id)")
            }
            _ = try await load(clients: 8, requests: 200, create)
            let single = try await load(clients: 1, requests: 300, create)
            var many: [Double] = []
            var reads: [Double] = []
            var plain: [Double] = []
            for _ in 0..<runs {
                many.append(try await load(clients: 64, requests: 2000, create).perSecond)
                reads.append(try await load(clients: 64, requests: 4000, read).perSecond)
                plain.append(try await staticRoute())
            }
            return [
                Row(
                    name: "POST /tickets, 1 client, p50",
                    value: Statistics.percentile(single.latencies, 0.5) * 1000,
                    unit: "ms",
                    goal: "< 5 ms"
                ),
                Row(
                    name: "POST /tickets, 64 clients",
                    value: Statistics.median(many),
                    unit: "requests/s",
                    baseline: "static route",
                    baselineValue: Statistics.median(plain),
                    goal: ">= 1,000/s"
                ),
                Row(
                    name: "GET /projects/{id}, 64 clients",
                    value: Statistics.median(reads),
                    unit: "requests/s",
                    baseline: "static route",
                    baselineValue: Statistics.median(plain),
                    goal: "ratio >= 0.6"
                ),
            ]
        }
    }

    /// Latencies in seconds and the rate of a closed loop.
    struct Load {
        var latencies: [Double]
        var perSecond: Double
    }

    private static func load(
        clients: Int,
        requests: Int,
        _ send: @escaping @Sendable () async throws -> Void
    ) async throws -> Load {
        let start = ContinuousClock.now
        let latencies = try await withThrowingTaskGroup(of: [Double].self) { group in
            for _ in 0..<clients {
                group.addTask {
                    var own: [Double] = []
                    for _ in 0..<requests / clients { own.append(try await Statistics.seconds(send)) }
                    return own
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let elapsed = start.duration(to: .now).seconds
        return Load(latencies: latencies, perSecond: Double(latencies.count) / elapsed)
    }

    /// The rate of the bare HTTP server with the same client.
    private static func staticRoute() async throws -> Double {
        let router = Router()
        router.get("/static") { _, _ in "{\"ok\":true}" }
        let port = try FreePort.find()
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: port))
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            let client = WebClient()
            let request = HTTPClient.HTTPRequest(url: "http://127.0.0.1:\(port)/static")
            try await eventually("the static server answers") { try await client.send(request).status == 200 }
            let result = try await load(clients: 64, requests: 4000) { _ = try await client.send(request) }
            client.close()
            group.cancelAll()
            // Cancelling is how this server is told to stop; it reports it as an error.
            _ = await group.nextResult()
            return result.perSecond
        }
    }
}
