import Contracts
import Crypto
import FoundationEssentials
import Kernel
import Synchronization

/// Runs the project's checks on what the agent left, after the agent is dead.
struct CheckRunner: Sendable {
    let assignment: Assignment
    let place: Place
    let reporter: ActivityReporter
    let sign: SignOfWork
    /// When the attempt's time is over.
    let deadline: ContinuousClock.Instant

    /// Runs all checks, also after one has failed: the next attempt should know everything.
    ///
    /// - Returns: the checks that ran, and the first failure.
    func run() async -> (checks: [TaskResult.Check], failure: TaskFailure?) {
        var checks: [TaskResult.Check] = []
        var failure: TaskFailure?
        for settings in assignment.checks.prefix(Limits.checksPerProject) {
            let result = await run(settings)
            checks.append(result.check)
            failure = failure ?? result.failure
            if place.runner.stop.isRequested { break }
        }
        return (checks, failure)
    }

    private func run(_ settings: CheckSettings) async -> (check: TaskResult.Check, failure: TaskFailure?) {
        let details: [String: JSONValue] = ["check": .string(settings.name)]
        reporter.report(
            .commandStarted,
            details.merging(["command": .array(settings.command.map(JSONValue.string))]) { $1 }
        )
        let output = OutputReporter(.commandOutput, source: .worker, details: details, to: reporter, sign: sign)
        let digest = Digest()
        let remaining = ContinuousClock.now.duration(to: deadline)
        let limit = min(.seconds(settings.timeoutSeconds), max(remaining, .zero))
        let environment = place.environment(assignment, own: ProcessInfo.processInfo.environment)
        let command = place.command(settings.command, environment: environment, timeout: limit)
        var exitCode = -1
        var duration = Duration.zero
        var failure: TaskFailure?
        do {
            let outcome = try await place.runner.run(command) { bytes in
                digest.add(bytes)
                output.receive(bytes)
            }
            exitCode = outcome.ending == .exited ? outcome.exitCode : -1
            duration = outcome.duration
            failure = self.failure(of: settings, outcome, limit: limit)
        } catch {
            failure = TaskFailure(.task, "check-not-started", "check '\(settings.name)': \(error.message)")
        }
        output.finish()
        let check = TaskResult.Check(
            name: settings.name,
            command: settings.command,
            exitCode: exitCode,
            durationMilliseconds: Int(duration.milliseconds),
            logDigest: digest.hexadecimal
        )
        reporter.report(
            .commandCompleted,
            details.merging([
                "exit_code": .integer(Int64(exitCode)), "duration_ms": .integer(duration.milliseconds),
                "log_digest": .string(check.logDigest),
            ]) { $1 }
        )
        return (check, failure)
    }

    private func failure(of settings: CheckSettings, _ outcome: ProcessOutcome, limit: Duration) -> TaskFailure? {
        switch outcome.ending {
        case .stopped: .stopped
        case .timedOut where limit < .seconds(settings.timeoutSeconds):
            TaskFailure(.agent, "timeout", "the attempt's time was over during check '\(settings.name)'")
        case .timedOut:
            TaskFailure(
                .agent,
                "check-failed",
                "check '\(settings.name)' did not end within \(settings.timeoutSeconds) s"
            )
        case .exited where outcome.exitCode == 0: nil
        case .exited:
            TaskFailure(
                .agent,
                "check-failed",
                "check '\(settings.name)' failed with exit status \(outcome.exitCode)"
            )
        }
    }
}

extension TaskFailure {
    /// Somebody stopped the worker. No fault of the agent: not counted.
    static let stopped = TaskFailure(.platform, "stopped", "the sandbox was stopped before the work was done")
}

/// SHA-256 of output as it arrives on another thread.
private final class Digest: Sendable {
    private let hash = Mutex(SHA256())

    func add(_ bytes: UnsafeRawBufferPointer) {
        hash.withLock { $0.update(bufferPointer: bytes) }
    }

    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        let bytes = hash.withLock { $0.finalize() }.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
