import Contracts
import HTTPClient
import Kernel
import Logging

/// Asks the gateway what to do.
struct AssignmentFetcher: Sendable {
    /// Asking again cannot help.
    struct Refused: Error {
        var fault: Fault
    }

    let api: APIClient
    let stop: StopSignal
    let logger: Logger

    /// Asks until there is an answer.
    ///
    /// - Throws: ``Refused``; ``StopSignal/Requested``.
    func fetch() async throws -> Assignment {
        let backoff = Backoff(base: .milliseconds(200), cap: .seconds(10), jitter: 0.5)
        for attempt in 1... {
            do {
                return try await stop.unlessRequested { [api] in
                    try await api.get("/api/v1/sandbox/task", as: Assignment.self)
                }
            } catch let fault as Fault {
                let isTransient = fault.code == .rateLimited || fault.code.status >= 500
                guard isTransient else { throw Refused(fault: fault) }
                logger.log(
                    level: attempt == 1 ? .warning : .debug,
                    "the task could not be fetched",
                    metadata: ["fault": "\(fault.message)"]
                )
                let delay = backoff.delay(afterAttempt: attempt, random: .random(in: 0..<1))
                await stop.pause(max(delay, min(fault.retryAfter ?? .zero, .seconds(10))))
            }
        }
        throw StopSignal.Requested()
    }
}
