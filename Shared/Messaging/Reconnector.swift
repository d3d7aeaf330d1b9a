import Kernel
import Logging

/// Keeps one connection alive on the calling thread: connect, serve, and after a failure again with full jitter.
struct Reconnector {
    let broker: BrokerConfiguration
    let wakeUp: WakeUp
    let metrics: MessagingMetrics
    let isStopping: () -> Bool

    private let backoff = Backoff(base: .milliseconds(400), cap: .seconds(5), jitter: 1)
    private let shortestDelay: Duration = .milliseconds(200)
    /// A connection that served this long was a good one: the next failure counts as the first.
    private let soundAfter: Duration = .seconds(5)

    init(
        broker: BrokerConfiguration,
        wakeUp: WakeUp,
        metrics: MessagingMetrics,
        isStopping: @escaping () -> Bool
    ) {
        self.broker = broker
        self.wakeUp = wakeUp
        self.metrics = metrics
        self.isStopping = isStopping
    }

    /// Blocks until told to stop. `serve` sets the connection up and uses it until it fails (by throwing) or has
    /// stopped in order (by returning); it is called with a new connection each time.
    func run(_ serve: (AMQPConnection) throws -> Void) {
        var logger = Logger(label: "omoi.messaging")
        logger[metadataKey: "connection"] = "\(broker.connectionName)"
        var failures = 0
        while !isStopping() {
            let start = ContinuousClock.now
            do {
                let connection = try AMQPConnection(broker)
                metrics.connects.increment()
                metrics.connected.record(1)
                defer { metrics.connected.record(0) }
                logger.debug("connected to the message broker", metadata: ["address": "\(broker.address)"])
                try serve(connection)
                return
            } catch {
                if start.duration(to: .now) > soundAfter { failures = 0 }
                failures += 1
                metrics.failures.increment()
                // The first failure in a row says all; the others would only repeat it.
                logger.log(
                    level: failures == 1 ? .warning : .debug,
                    "the connection to the message broker failed",
                    metadata: ["cause": "\(error)", "address": "\(broker.address)", "failures": "\(failures)"]
                )
            }
            pause(afterFailure: failures)
        }
    }

    private func pause(afterFailure count: Int) {
        let delay = backoff.delay(afterAttempt: count, random: .random(in: 0..<1))
        let deadline = ContinuousClock.now.advanced(by: max(shortestDelay, min(delay, backoff.cap)))
        while !isStopping() {
            let rest = ContinuousClock.now.duration(to: deadline)
            guard rest > .zero else { return }
            wakeUp.wait(timeout: rest + .milliseconds(1))
            wakeUp.clear()
        }
    }
}

/// Runs `body` on a thread of its own and waits for its end. Cancelling the task calls `stop`.
func withConnectionThread(
    named name: String,
    stop: @escaping @Sendable () -> Void,
    _ body: @escaping @Sendable () -> Void
) async {
    await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
            startThread(named: name) {
                body()
                continuation.resume()
            }
        }
    } onCancel: {
        stop()
    }
}
