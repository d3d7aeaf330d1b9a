import Contracts
import Kernel

/// The result of an attempt on its way to the gateway, kept on disk until it is answered.
package struct Spool: Sendable {
    /// What `result.json` holds: all that is needed to submit it.
    package struct Entry: Codable, Sendable, Equatable {
        package var taskID: Identifier
        package var attempt: Int
        /// The shortest possible report, written after the gateway called the first one malformed. Not shortened again.
        package var isMinimal: Bool
        package var submission: ResultSubmission

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case attempt, submission
            case taskID = "task_id"
            case isMinimal = "is_minimal"
        }

        package init(taskID: Identifier, attempt: Int, isMinimal: Bool = false, submission: ResultSubmission) {
            self.taskID = taskID
            self.attempt = attempt
            self.isMinimal = isMinimal
            self.submission = submission
        }
    }

    /// What `answer.json` holds: the gateway's last word.
    package struct Answer: Codable, Sendable, Equatable {
        package var status: Int
        /// The body as it came; nil when it was not JSON.
        package var body: JSONValue?
        package var answeredAt: Timestamp

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case status, body
            case answeredAt = "answered_at"
        }

        package init(status: Int, body: JSONValue?, answeredAt: Timestamp) {
            self.status = status
            self.body = body
            self.answeredAt = answeredAt
        }
    }

    package let directory: String

    /// - Parameter path: the directory; made when something is stored.
    package init(path: String) {
        directory = path
    }

    private var resultFile: String { "\(directory)/result.json" }
    private var answerFile: String { "\(directory)/answer.json" }
    private var startedFile: String { "\(directory)/started" }

    package var isAnswered: Bool { AtomicFile.exists(answerFile) }

    /// Whether an agent was started for this attempt, by this worker or one before it.
    package var isStarted: Bool { AtomicFile.exists(startedFile) }

    package func markStarted() throws {
        try AtomicFile.makeDirectory(directory)
        try AtomicFile.write([], to: startedFile)
    }

    /// - Returns: nil when there is no result.
    package func entry() throws -> Entry? {
        guard let bytes = try AtomicFile.read(resultFile, limit: 2 * Limits.resultBytes) else { return nil }
        return try ContractCoder.decode(Entry.self, from: bytes)
    }

    /// Durable when it returns.
    package func store(_ entry: Entry) throws {
        try AtomicFile.makeDirectory(directory)
        try AtomicFile.write(try ContractCoder.encode(entry), to: resultFile)
    }

    package func store(_ answer: Answer) throws {
        try AtomicFile.write(try ContractCoder.encode(answer), to: answerFile)
    }

    package func answer() throws -> Answer? {
        guard let bytes = try AtomicFile.read(answerFile, limit: 2 * Limits.resultBytes) else { return nil }
        return try ContractCoder.decode(Answer.self, from: bytes)
    }
}
