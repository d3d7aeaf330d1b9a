import Contracts
import HTTPClient
import Kernel
import Logging
import Synchronization

/// Reports what happens in the sandbox to the gateway, numbered from 1 without holes.
///
/// Reporting never fails and never waits: what does not fit while the gateway is away is counted, and the count is
/// reported when there is room again.
package final class ActivityReporter: Sendable {
    private struct State {
        var waiting: [ActivityReport.Item] = []
        var nextSequence = 1
        var dropped = 0
        var isHeartbeatWaiting = false
        /// The gateway does not want to hear from this sandbox any more.
        var isRefused = false
    }

    private let api: APIClient
    private let path: String
    private let logger: Logger
    private let state = Mutex(State())
    /// Requested when the last activity has been reported.
    private let finishing = StopSignal()
    private let wake: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    /// Pause in which activities gather before a report.
    private static let gathering: Duration = .milliseconds(100)

    package init(api: APIClient, sandboxID: Identifier, logger: Logger) {
        self.api = api
        self.logger = logger
        path = "/api/v1/sandboxes/\(sandboxID)/events"
        (wake, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Queues an activity. Callable from any thread.
    package func report(_ type: ActivityType, _ data: [String: JSONValue], source: Source = .worker) {
        state.withLock { state in
            guard !state.isRefused else { return }
            if type == .sandboxHeartbeat {
                // One sign of life says as much as many.
                guard !state.isHeartbeatWaiting else { return }
                state.isHeartbeatWaiting = true
            }
            if state.waiting.count + 1 < Limits.activityBuffer { Self.tellDropped(&state) }
            guard state.waiting.count < Limits.activityBuffer else {
                state.dropped += 1
                return
            }
            Self.append(type, data, source, &state)
        }
        waker.yield()
    }

    /// Who an activity comes from.
    package enum Source: String, Sendable { case agent, worker }

    /// No further activity comes: ``run()`` sends what is left, trying once, and returns.
    package func finish() {
        state.withLock { state in
            if !state.isRefused { Self.tellDropped(&state) }
        }
        finishing.request()
        waker.yield()
    }

    /// Sends what is queued until ``finish()``.
    package func run() async {
        let backoff = Backoff(base: .milliseconds(200), cap: .seconds(10), jitter: 0.3)
        var failures = 0
        for await _ in wake {
            await finishing.pause(Self.gathering)
            while true {
                let batch = nextBatch()
                guard !batch.isEmpty else { break }
                if await send(batch) {
                    failures = 0
                } else if finishing.isRequested {
                    return logger.warning("activities not delivered", metadata: ["count": "\(batch.count)"])
                } else {
                    failures += 1
                    await finishing.pause(backoff.delay(afterAttempt: failures, random: .random(in: 0..<1)))
                }
                if Task.isCancelled { return }
            }
            if finishing.isRequested { return }
        }
    }

    private static func tellDropped(_ state: inout State) {
        guard state.dropped > 0 else { return }
        let text = "\(state.dropped) activities were dropped while the gateway was away"
        append(
            .agentMessage,
            ["text": .string(text), "dropped": .integer(Int64(state.dropped))],
            .worker,
            &state
        )
        state.dropped = 0
    }

    private static func append(
        _ type: ActivityType,
        _ data: [String: JSONValue],
        _ source: Source,
        _ state: inout State
    ) {
        state.waiting.append(
            ActivityReport.Item(
                eventType: type,
                eventData: .object(data),
                sequence: state.nextSequence,
                time: .now(),
                source: source.rawValue
            )
        )
        state.nextSequence += 1
    }

    /// The oldest waiting activities that fit in one report. They stay queued until they are delivered.
    private func nextBatch() -> [ActivityReport.Item] {
        state.withLock { state in
            var bytes = 0
            return Array(
                state.waiting.prefix(Limits.activityBatch).prefix { item in
                    let isFirst = bytes == 0
                    bytes += Self.size(of: item.eventData) + 200
                    return isFirst || bytes <= Limits.activityReportBytes
                }
            )
        }
    }

    private static func size(of value: JSONValue?) -> Int {
        switch value {
        case .string(let text): text.utf8.count * 2
        case .array(let items): items.reduce(0) { $0 + size(of: $1) }
        case .object(let members): members.reduce(0) { $0 + $1.key.utf8.count + 8 + size(of: $1.value) }
        default: 16
        }
    }

    /// Returns false when the same batch has to be sent again.
    private func send(_ batch: [ActivityReport.Item]) async -> Bool {
        do {
            let body = try ContractCoder.encode(ActivityReport(events: batch))
            let response = try await api.perform("POST", path, body: body)
            switch response.status {
            case 200..<300:
                remove(batch)
            case 429, 500...:
                return false
            case 401, 403, 404, 409, 410:
                logger.warning("the gateway refuses activities", metadata: ["status": "\(response.status)"])
                state.withLock { state in
                    state.isRefused = true
                    state.waiting = []
                }
            default:
                logger.warning("a report was refused", metadata: ["status": "\(response.status)"])
                remove(batch)
                state.withLock { $0.dropped += batch.count }
            }
            return true
        } catch {
            return false
        }
    }

    private func remove(_ batch: [ActivityReport.Item]) {
        state.withLock { state in
            state.waiting.removeFirst(min(batch.count, state.waiting.count))
            if batch.contains(where: { $0.eventType == .sandboxHeartbeat }) { state.isHeartbeatWaiting = false }
        }
    }
}
