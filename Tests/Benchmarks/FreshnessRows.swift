import Contracts
import HTTPClient
import Kernel
import Messaging
import Synchronization
import TestSupport

/// From the answer to a result until others know: on the relay's event stream, in an outside queue, on the board.
enum FreshnessRows {
    static func measure() async throws -> [Row] {
        var options = OmoiSystem.Options()
        options.members = [.workflow, .relay, .gateway]
        return try await OmoiSystem.run(options) { system in
            let project = try await BenchProject.create(in: system, concurrency: 64, autoStart: true)
            let gateway = try system.gateway
            let orchestrator = try ScriptedOrchestrator(system: system)
            let total = ReactionRows.chains * ReactionRows.length
            let stream = Sightings()
            let queue = Sightings()
            let board = Box<[(at: ContinuousClock.Instant, completed: Int)]>([])
            try await watch(system, project.id, stream, queue, board) {
                try await orchestrator.work(slots: 8, total: total) {
                    let chains = (0..<ReactionRows.chains).map { ReactionRows.chain($0) }
                    let batch = TicketBatch(projectID: project.id, tickets: chains)
                    let _: JSONValue = try await gateway.post("/api/v1/tickets/batch", body: batch, idempotencyKey: nil)
                }
                try await eventually("everybody has seen every result") {
                    stream.count >= total && queue.count >= total && board.value.last?.completed ?? 0 >= total
                }
            }
            let accepted = orchestrator.times.accepted
            return rows("event stream", stream.delays(after: accepted))
                + rows("outside queue", queue.delays(after: accepted))
                + rows("board", delays(of: board.value, after: accepted.values.sorted()))
        }
    }

    private static func rows(_ name: String, _ delays: [Double]) -> [Row] {
        [(0.5, "p50"), (0.99, "p99")].map { fraction, label in
            Row(
                name: "result seen by \(name), \(label)",
                value: Statistics.percentile(delays, fraction) * 1000,
                unit: "ms",
                goal: label == "p99" ? "< 100 ms" : nil
            )
        }
    }

    /// The n-th result is visible in the first look that counts n.
    private static func delays(
        of looks: [(at: ContinuousClock.Instant, completed: Int)],
        after accepted: [ContinuousClock.Instant]
    ) -> [Double] {
        var next = 0
        return accepted.enumerated().compactMap { number, instant in
            while next < looks.count, looks[next].completed <= number { next += 1 }
            return next < looks.count ? max(0, instant.duration(to: looks[next].at).seconds) : nil
        }
    }

    private static func watch(
        _ system: OmoiSystem,
        _ project: Identifier,
        _ stream: Sightings,
        _ queue: Sightings,
        _ board: Box<[(at: ContinuousClock.Instant, completed: Int)]>,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let consumer = try consumer(system, queue)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await consumer.run() }
            await consumer.waitUntilConsuming()
            try await withThrowingTaskGroup(of: Void.self) { watchers in
                watchers.addTask { try await follow(system, stream) }
                watchers.addTask { try await look(system, project, board) }
                try await body()
                watchers.cancelAll()
                // They run until they are cancelled, and say so.
                while await watchers.nextResult() != nil {}
            }
            consumer.stop()
            try await group.waitForAll()
        }
    }

    private static func consumer(_ system: OmoiSystem, _ sightings: Sightings) throws -> Consumer {
        let queue = QueueDeclaration(
            name: "bench.freshness",
            kind: .classic,
            durable: true,
            autoDelete: true,
            exclusive: false,
            bindings: [Binding(exchange: Topic.events, routingKey: EventType.taskCompleted.rawValue)]
        )
        return Consumer(
            try BrokerConfiguration(url: system.broker.url, connectionName: "bench freshness"),
            subscriptions: [
                Subscription(queue: queue, prefetch: 200, maxBatch: 100) { deliveries in
                    for delivery in deliveries { sightings.note(try ContractCoder.decode(from: delivery.body)) }
                }
            ]
        )
    }

    private static func follow(_ system: OmoiSystem, _ sightings: Sightings) async throws {
        let prefix = Array("data: ".utf8)
        var rest: [UInt8] = []
        for try await part in try system.relay.stream("/api/v1/events/stream?type=task.completed") {
            guard case .bytes(let bytes) = part else { continue }
            var lines = (rest + bytes).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            rest = Array(lines.removeLast())
            for line in lines where line.starts(with: prefix) {
                sightings.note(try ContractCoder.decode(from: Array(line.dropFirst(prefix.count))))
            }
        }
    }

    private static func look(
        _ system: OmoiSystem,
        _ project: Identifier,
        _ looks: Box<[(at: ContinuousClock.Instant, completed: Int)]>
    ) async throws {
        let gateway = try system.gateway
        while !Task.isCancelled {
            let view: BoardView = try await gateway.get("/api/v1/board/view?project_id=\(project)")
            let completed = view.columns.flatMap(\.tickets).reduce(0) { $0 + $1.completedTaskCount }
            looks.set(looks.value + [(.now, completed)])
            try await Task.sleep(for: .milliseconds(2))  // poll interval
        }
    }
}

/// When each task was first seen completed.
private final class Sightings: Sendable {
    private let seen = Mutex<[Identifier: ContinuousClock.Instant]>([:])

    var count: Int { seen.withLock { $0.count } }

    func note(_ event: Event) {
        guard event.type == .taskCompleted, let task = event.data.task else { return }
        seen.withLock { seen in
            if seen[task.id] == nil { seen[task.id] = .now }
        }
    }

    /// Seconds from each task's own instant.
    func delays(after instants: [Identifier: ContinuousClock.Instant]) -> [Double] {
        let seen = seen.withLock { $0 }
        return instants.compactMap { id, instant in
            seen[id].map { max(0, instant.duration(to: $0).seconds) }
        }
    }
}
