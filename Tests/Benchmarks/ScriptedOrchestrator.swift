import Contracts
import HTTPClient
import Kernel
import Messaging
import Synchronization
import TestSupport

/// An orchestrator whose sandboxes finish at once: it is woken and claims over AMQP and its results go in over HTTP,
/// exactly as the real one's do; only the agent's work is missing.
final class ScriptedOrchestrator: Sendable {
    private let requester: Requester
    private let consumer: Consumer
    private let client = WebClient()
    private let system: OmoiSystem
    private let wakeUps = WakeUps()
    private let finished = Mutex(0)
    private let claims = Mutex<[Identifier: ContinuousClock.Instant]>([:])
    private let answers = Mutex<[Identifier: ContinuousClock.Instant]>([:])

    init(system: OmoiSystem) throws {
        self.system = system
        requester = Requester(try BrokerConfiguration(url: system.broker.url, connectionName: "bench claims"))
        let queue = QueueDeclaration(
            name: "bench.wake-up",
            kind: .classic,
            durable: true,
            autoDelete: true,
            exclusive: false,
            bindings: [Binding(exchange: Topic.events, routingKey: EventType.taskPending.rawValue)]
        )
        let wakeUps = wakeUps
        consumer = Consumer(
            try BrokerConfiguration(url: system.broker.url, connectionName: "bench wake-ups"),
            subscriptions: [
                Subscription(queue: queue, prefetch: 400, maxBatch: 200) { _ in wakeUps.ring() }
            ]
        )
    }

    /// When each task was claimed, and when each result was accepted.
    var times: (claimed: [Identifier: ContinuousClock.Instant], accepted: [Identifier: ContinuousClock.Instant]) {
        (claims.withLock { $0 }, answers.withLock { $0 })
    }

    /// Runs `body` while `slots` scripted sandboxes work, then waits until `total` tasks are through.
    func work(slots: Int, total: Int, _ body: @Sendable @escaping () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.requester.run() }
            group.addTask { try await self.consumer.run() }
            await requester.waitUntilConnected()
            await consumer.waitUntilConsuming()
            try await withThrowingTaskGroup(of: Void.self) { slotsGroup in
                for _ in 0..<slots { slotsGroup.addTask { try await self.runSlot(total: total) } }
                slotsGroup.addTask { try await body() }
                try await slotsGroup.waitForAll()
            }
            requester.stop()
            consumer.stop()
            try await group.waitForAll()
        }
        client.close()
    }

    private func runSlot(total: Int) async throws {
        while finished.withLock({ $0 < total }) {
            let seen = wakeUps.count
            do {
                let claim = try await requester.request(
                    ClaimTask(sandboxID: .make(), orchestrator: "bench"),
                    to: Topic.workflow(),
                    context: RequestContext(actor: .service("bench"))
                ).reply
                claims.withLock { $0[claim.taskID] = .now }
                try await finish(claim)
                if finished.withLock({ done in
                    done += 1
                    return done == total
                }) {
                    wakeUps.ring()
                }
            } catch let fault as Fault where fault.code == .nothingToClaim {
                await wakeUps.wait(after: seen)
            }
        }
    }

    private func finish(_ claim: Claim) async throws {
        let api = APIClient(
            client: client,
            baseURL: "http://127.0.0.1:\(system.gatewayPort)",
            token: claim.token
        )
        let _: ResultResponse = try await api.post(
            "/api/v1/sandbox/task/\(claim.taskID)/results",
            body: ResultSubmission(status: .completed, summary: "done"),
            idempotencyKey: nil
        )
        answers.withLock { $0[claim.taskID] = .now }
    }
}

/// Lets idle slots sleep until something is ready.
private final class WakeUps: Sendable {
    private struct State {
        var count = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.count } }

    func ring() {
        let waiting = state.withLock { state in
            state.count += 1
            defer { state.waiting.removeAll() }
            return state.waiting
        }
        waiting.forEach { $0.resume() }
    }

    /// Returns at once when it rang since `count` was read.
    func wait(after count: Int) async {
        await withCheckedContinuation { continuation in
            let rang = state.withLock { state in
                if state.count != count { return true }
                state.waiting.append(continuation)
                return false
            }
            if rang { continuation.resume() }
        }
    }
}
