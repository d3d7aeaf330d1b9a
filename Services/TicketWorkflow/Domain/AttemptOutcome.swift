import Contracts
import Kernel

/// What follows from the end of an attempt without a completed task: another try, or the end of the task.
enum AttemptOutcome: Equatable {
    /// The task goes back to `pending`, not claimable before `notBefore`.
    case retry(notBefore: Timestamp)
    /// The task ends.
    case end(WorkTask.Status)

    /// How an attempt ended.
    struct Ending: Sendable, Equatable {
        var status: Attempt.Status
        var domain: FaultDomain
        var error: String
        /// Domain `provider-limit`: when the provider will answer again, if it said so.
        var resetAt: Timestamp?
    }

    /// Between counted attempts.
    static let backoff = Backoff(base: .seconds(10), cap: .seconds(300), jitter: 0.25)
    /// After a loss that was not the task's fault.
    static let afterLoss: Duration = .seconds(1)
    /// When the provider of the model has refused and not said for how long.
    static let afterProviderLimit: Duration = .seconds(300)
    /// Shortest such pause, whatever the provider says.
    static let leastProviderLimit: Duration = .seconds(10)

    /// Counts the fault on the task and decides.
    ///
    /// - Parameter random: uniform in 0..<1, for the jitter.
    static func decide(
        _ ending: Ending,
        on task: inout WorkTask,
        now: Timestamp,
        random: Double
    ) -> AttemptOutcome {
        if ending.domain.isCounted {
            task.countedFailures += 1
            guard task.countedFailures < task.maxAttempts else {
                return .end(ending.status == .timedOut ? .timedOut : .failed)
            }
            return .retry(notBefore: now + backoff.delay(afterAttempt: task.countedFailures, random: random))
        }
        if ending.domain == .providerLimit { return .retry(notBefore: parked(until: ending.resetAt, now: now)) }
        task.platformLosses += 1
        guard task.platformLosses < Limits.platformLosses else { return .end(.failed) }
        return .retry(notBefore: now + afterLoss)
    }

    private static func parked(until reset: Timestamp?, now: Timestamp) -> Timestamp {
        guard let reset else { return now + afterProviderLimit }
        return min(max(reset, now + leastProviderLimit), now + Limits.providerPark)
    }
}

/// What a broken sandbox means for its attempt.
enum SandboxFault {
    /// - Parameter reason: ``Sandbox/reason``. Only an agent that stalls or overruns its time spends an attempt of the
    ///   task; any other attempt counts as lost, so its worker may still deliver.
    static func ending(reason: String?) -> AttemptOutcome.Ending {
        let error = reason ?? "the sandbox failed"
        return switch reason {
        case "stalled": .init(status: .failed, domain: .agent, error: error)
        case "deadline": .init(status: .timedOut, domain: .task, error: error)
        case "start-timeout", "start-failed", "start-lost", "silent", "worker-exited", "spool-lost":
            .init(status: .lost, domain: .sandbox, error: error)
        default: .init(status: .lost, domain: .platform, error: error)
        }
    }
}
