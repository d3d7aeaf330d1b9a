import Kernel

/// What a sandbox reported about one attempt.
package struct TaskResult: Codable, Sendable, Equatable {
    package enum Status: String, Codable, Sendable, CaseIterable { case completed, failed, partial }

    package struct FileChange: Codable, Sendable, Equatable {
        package enum Action: String, Codable, Sendable, CaseIterable { case created, modified, deleted, renamed }
        package var path: String
        package var action: Action
        package var linesAdded: Int?
        package var linesRemoved: Int?

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case path, action
            case linesAdded = "lines_added"
            case linesRemoved = "lines_removed"
        }

        package init(path: String, action: Action, linesAdded: Int? = nil, linesRemoved: Int? = nil) {
            self.path = path
            self.action = action
            self.linesAdded = linesAdded
            self.linesRemoved = linesRemoved
        }
    }

    package struct Commit: Codable, Sendable, Equatable {
        package var sha: String
        package var message: String
        package init(sha: String, message: String) {
            self.sha = sha
            self.message = message
        }
    }

    /// One check, run by the worker after the agent's processes were gone.
    package struct Check: Codable, Sendable, Equatable {
        package var name: String
        package var command: [String]
        package var exitCode: Int
        package var durationMilliseconds: Int
        /// SHA-256 of the check's output, hexadecimal; the output itself is activity.
        package var logDigest: String

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case name, command
            case exitCode = "exit_code"
            case durationMilliseconds = "duration_ms"
            case logDigest = "log_digest"
        }

        package init(name: String, command: [String], exitCode: Int, durationMilliseconds: Int, logDigest: String) {
            self.name = name
            self.command = command
            self.exitCode = exitCode
            self.durationMilliseconds = durationMilliseconds
            self.logDigest = logDigest
        }
    }

    package struct Failure: Codable, Sendable, Equatable {
        package var domain: FaultDomain
        /// Stable, for programs: `agent-exit`, `check-failed`, `merge-conflict`, `repository-unreachable`, ...
        package var code: String
        package var message: String
        /// Domain `provider-limit`: when the provider will answer again, if it said so.
        package var resetAt: Timestamp?

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case domain, code, message
            case resetAt = "reset_at"
        }

        package init(domain: FaultDomain, code: String, message: String, resetAt: Timestamp? = nil) {
            self.domain = domain
            self.code = code
            self.message = message
            self.resetAt = resetAt
        }
    }

    /// What somebody who looked at the result found.
    package struct Verification: Codable, Sendable, Equatable {
        package enum Status: String, Codable, Sendable, CaseIterable { case verified, rejected }

        package var status: Status
        package var feedback: String
        /// Anything that supports the judgement.
        package var evidence: [JSONValue]
        /// Subject of the token that judged.
        package var by: String
        package var at: Timestamp

        package init(status: Status, feedback: String, evidence: [JSONValue] = [], by: String, at: Timestamp) {
            self.status = status
            self.feedback = feedback
            self.evidence = evidence
            self.by = by
            self.at = at
        }
    }

    package var id: Identifier
    package var taskID: Identifier
    package var ticketID: Identifier
    package var sandboxID: Identifier
    package var attempt: Int
    package var fence: Int
    package var status: Status
    package var summary: String
    package var branch: String?
    package var commits: [Commit]
    package var filesChanged: [FileChange]
    package var checks: [Check]
    package var failure: Failure?
    package var notes: String?
    /// False for evidence of a superseded attempt: kept, never applied.
    package var applied: Bool
    /// nil: nobody has looked at it.
    package var verification: Verification?
    package var version: Int
    package var createdAt: Timestamp

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id, attempt, fence, status, summary, branch, commits, checks, failure, notes, applied, version
        case verification
        case taskID = "task_id"
        case ticketID = "ticket_id"
        case sandboxID = "sandbox_id"
        case filesChanged = "files_changed"
        case createdAt = "created_at"
    }

    package init(
        id: Identifier,
        taskID: Identifier,
        ticketID: Identifier,
        sandboxID: Identifier,
        attempt: Int,
        fence: Int,
        status: Status,
        summary: String,
        branch: String? = nil,
        commits: [Commit] = [],
        filesChanged: [FileChange] = [],
        checks: [Check] = [],
        failure: Failure? = nil,
        notes: String? = nil,
        applied: Bool,
        createdAt: Timestamp
    ) {
        self.id = id
        self.taskID = taskID
        self.ticketID = ticketID
        self.sandboxID = sandboxID
        self.attempt = attempt
        self.fence = fence
        self.status = status
        self.summary = summary
        self.branch = branch
        self.commits = commits
        self.filesChanged = filesChanged
        self.checks = checks
        self.failure = failure
        self.notes = notes
        self.applied = applied
        self.version = 1
        self.createdAt = createdAt
    }
}
