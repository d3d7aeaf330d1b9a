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
                Subscription(queue: queue, prefetch: 400, maxBatch: 200) { wakeUps.ring($0.count) }
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
                    wakeUps.close()
                }
            } catch let fault as Fault where fault.code == .nothingToClaim {
                await wakeUps.wait()
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

/// Lets idle slots sleep until something is ready; one ready task wakes one slot.
private final class WakeUps: Sendable {
    private struct State {
        /// It rang while nobody waited. Once is enough: whoever hears it claims until there is nothing.
        var hasRung = false
        var isClosed = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func ring(_ count: Int) {
        let woken = state.withLock { state in
            let woken = Array(state.waiting.prefix(count))
            state.waiting.removeFirst(woken.count)
            if woken.count < count { state.hasRung = true }
            return woken
        }
        woken.forEach { $0.resume() }
    }

    /// Nobody waits any more.
    func close() {
        let woken = state.withLock { state in
            state.isClosed = true
            defer { state.waiting.removeAll() }
            return state.waiting
        }
        woken.forEach { $0.resume() }
    }

    /// Returns after a ring of one's own.
    func wait() async {
        await withCheckedContinuation { continuation in
            let rang = state.withLock { state in
                if state.isClosed { return true }
                if state.hasRung {
                    state.hasRung = false
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if rang { continuation.resume() }
        }
    }
}
