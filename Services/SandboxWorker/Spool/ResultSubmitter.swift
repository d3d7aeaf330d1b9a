import Contracts
import HTTPClient
import Kernel
import Logging

/// Delivers the result in the spool. Being killed at any point is harmless: the next one goes on from the spool, and
/// the gateway knows a repeated result.
package struct ResultSubmitter: Sendable {
    package enum Outcome: Sendable, Equatable {
        /// The answer is in the spool.
        case answered
        /// There is no result.
        case empty
        /// A stop came first; the result is still in the spool.
        case stopped
    }

    private let api: APIClient
    private let spool: Spool
    private let stop: StopSignal
    private let logger: Logger

    package init(api: APIClient, spool: Spool, stop: StopSignal, logger: Logger) {
        self.api = api
        self.spool = spool
        self.stop = stop
        self.logger = logger
    }

    /// Submits until a final answer comes: anything but 429, 5xx and no answer at all. At least one try, also when a
    /// stop was requested before.
    ///
    /// - Throws: ``Fault`` when the spool cannot be read or written.
    package func submit() async throws -> Outcome {
        guard var entry = try spool.entry() else { return .empty }
        if spool.isAnswered { return .answered }
        let backoff = Backoff(base: .milliseconds(200), cap: .seconds(10), jitter: 0.5)
        var failures = 0
        while true {
            let response = await send(entry, isFirst: failures == 0)
            if let response, Self.isFinal(response.status) {
                guard response.status == 422, !entry.isMinimal else { return try keep(response) }
                entry = Self.minimal(entry, refusedWith: response)
                logger.error("the result was refused as malformed", metadata: ["detail": "\(Self.detail(response))"])
                try spool.store(entry)
                failures = 0
                continue
            }
            guard !stop.isRequested else { return .stopped }
            failures += 1
            let delay = backoff.delay(afterAttempt: failures, random: .random(in: 0..<1))
            let asked = response.flatMap { APIClient.fault(of: $0).retryAfter } ?? .zero
            await stop.pause(max(delay, min(asked, .seconds(10))))
            guard !stop.isRequested else { return .stopped }
        }
    }

    static func isFinal(_ status: Int) -> Bool { status != 429 && status < 500 }

    /// nil: no answer.
    private func send(_ entry: Spool.Entry, isFirst: Bool) async -> HTTPResponse? {
        do {
            let body = try ContractCoder.encode(entry.submission)
            return try await api.perform("POST", "/api/v1/sandbox/task/\(entry.taskID)/results", body: body)
        } catch {
            logger.log(
                level: isFirst ? .warning : .debug,
                "the result could not be submitted",
                metadata: ["error": "\((error as? Fault)?.message ?? "\(error)")"]
            )
            return nil
        }
    }

    private func keep(_ response: HTTPResponse) throws -> Outcome {
        // A body that is not JSON is worth nothing to anybody who reads the answer.
        let body = try? ContractCoder.decode(JSONValue.self, from: response.body)
        try spool.store(Spool.Answer(status: response.status, body: body, answeredAt: .now()))
        logger.info("the result was answered", metadata: ["status": "\(response.status)"])
        return .answered
    }

    private static func minimal(_ entry: Spool.Entry, refusedWith response: HTTPResponse) -> Spool.Entry {
        let failure = TaskFailure(
            .sandbox,
            "result-refused",
            "the gateway refused the result as malformed: \(detail(response))"
        )
        return Spool.Entry(
            taskID: entry.taskID,
            attempt: entry.attempt,
            isMinimal: true,
            submission: ResultSubmission(status: .failed, summary: failure.message, failure: failure.reported)
        )
    }

    private static func detail(_ response: HTTPResponse) -> String {
        String(APIClient.fault(of: response).message.withoutControlCharacters.prefix(Limits.reasonLineLength))
    }
}
