import Contracts
import GRDB
import Kernel
import Logging
import Metrics
import ServiceKit
import ServiceLifecycle
import Storage

/// Watches the time: timers of the store, and the leases of open attempts.
final class WorkflowClock: Service {
    private static let interval: Duration = .milliseconds(250)
    /// Expired leases ended in one transaction.
    private static let leaseBatch = 100

    private let store: Store
    private let source: String
    private let environment: WorkflowEnvironment
    private let logger = Logger(label: "clock")
    private let lost = Counter(label: "omoi_attempts_lost")
    private let open = Gauge(label: "omoi_attempts_open")

    /// - Parameter source: CloudEvents `source` of what follows from a timer.
    init(store: Store, source: String, environment: WorkflowEnvironment) {
        self.store = store
        self.source = source
        self.environment = environment
    }

    /// Looks at the time until the process stops.
    ///
    /// - Throws: when the store failed.
    func run() async throws {
        try await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                do {
                    // More than one batch may be due after a long stop.
                    while try await tick() { try Task.checkCancellation() }
                    open.record(environment.leases.count)
                    try await Task.sleep(for: Self.interval)
                } catch is CancellationError {
                    return
                }
            }
        }
    }

    /// Acts once on what is due.
    ///
    /// - Returns: whether there may be more.
    func tick() async throws -> Bool {
        let now = environment.time.now()
        let hasDue = try await store.read { try !Timers.due(at: now, limit: 1, in: $0).isEmpty }
        if hasDue { try await write { try $0.fireTimers() } }
        let expired = environment.leases.expired(uptime: environment.time.uptime()).prefix(Self.leaseBatch)
        if !expired.isEmpty {
            logger.warning("leases ran out", metadata: ["sandboxes": "\(expired.count)"])
            try await write { unit in
                for sandbox in expired { try unit.lose(sandbox: sandbox, why: "lost: no heartbeat in time") }
            }
            lost.increment(by: expired.count)
        }
        return hasDue || !expired.isEmpty
    }

    private func write(_ body: @escaping @Sendable (UnitOfWork) throws -> Void) async throws {
        let actions = try await store.write { [source, environment] database in
            let transaction = Transaction(
                database,
                now: environment.time.now(),
                actor: .service("ticket-workflow"),
                source: source
            )
            let unit = UnitOfWork(transaction, environment)
            try body(unit)
            try unit.settle()
            return transaction.actions
        }
        for action in actions { action() }
    }
}
