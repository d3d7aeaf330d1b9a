import Contracts
import Kernel
import Logging
import Synchronization

/// Does the work of one attempt and says what came of it. Never throws: every ending is a result.
struct TaskRunner: Sendable {
    let assignment: Assignment
    let files: SandboxFiles
    let place: Place
    let reporter: ActivityReporter
    let sign: SignOfWork
    let progress: Progress
    let logger: Logger
    let deadline: ContinuousClock.Instant

    /// What is being done, for the signs of life.
    final class Progress: Sendable {
        private let current = Mutex("preparing")
        var stage: String { current.withLock { $0 } }
        func enter(_ stage: String) { current.withLock { $0 = stage } }
    }

    private var stop: StopSignal { place.runner.stop }

    func run() async -> ResultSubmission {
        do {
            let adapter = try Agents.adapter(for: assignment.agent)
            try adapter.verify(assignment.agent)
            try AtomicFile.write(Array(taskText.utf8), to: files.taskFile)
            guard let repository = assignment.repository else {
                try files.spool.markStarted()
                let run = try await runAgent(adapter)
                return await withoutRepository(run)
            }
            var copy = WorkingCopy(
                assignment,
                repository: repository,
                path: files.workingCopy,
                gitDirectory: files.repository
            )
            try await copy.prepare(stop: stop)
            note("working copy of \(copy.repositoryName) is ready on branch \(copy.branch)")
            try files.spool.markStarted()
            return await finish(copy, try await runAgent(adapter))
        } catch {
            return ResultSubmission(failure: failure(of: error))
        }
    }

    // MARK: Agent

    private struct AgentEnd {
        var failure: TaskFailure?
        var lastLine: String
    }

    private func runAgent(_ adapter: any AgentAdapter) async throws -> AgentEnd {
        if stop.isRequested { throw StopSignal.Requested() }
        progress.enter("agent")
        let remaining = ContinuousClock.now.duration(to: deadline)
        let limit = min(.seconds(assignment.agent.timeoutSeconds), max(remaining, .zero))
        let output = OutputReporter(.agentMessage, source: .agent, to: reporter, sign: sign)
        let outcome = try await adapter.run(
            AgentRun(assignment: assignment, place: place, timeout: limit, output: output, reporter: reporter)
        )
        return AgentEnd(failure: failure(of: outcome, limit: limit), lastLine: output.lastLine)
    }

    private func failure(of outcome: ProcessOutcome, limit: Duration) -> TaskFailure? {
        switch outcome.ending {
        case .stopped: .stopped
        case .timedOut:
            TaskFailure(.agent, "timeout", "the agent did not end within \(Int(limit.seconds.rounded())) s")
        case .exited where outcome.exitCode == 0: nil
        case .exited: TaskFailure(.agent, "agent-exit", "the agent ended with exit status \(outcome.exitCode)")
        }
    }

    // MARK: After the agent

    private func finish(_ copy: WorkingCopy, _ end: AgentEnd) async -> ResultSubmission {
        progress.enter("collecting")
        var failure = end.failure
        var tip: String?
        do {
            tip = try await copy.collect(subject: failure == nil ? assignment.task.title : unfinished)
        } catch {
            failure = failure ?? error
            tip = await copy.collectFilesOnly(subject: unfinished)
        }
        var checks: [TaskResult.Check] = []
        if failure == nil { (checks, failure) = await runChecks() }
        progress.enter("publishing")
        let branch: String?
        (branch, failure) = await publish(copy, tip, failure)
        var changes = ChangeSet()
        if let tip {
            do {
                changes = try await ChangeSet.read(from: copy.start, to: tip, in: copy)
            } catch {
                failure = failure ?? TaskFailure(.sandbox, "working-copy", "the changes cannot be read: \(error)")
            }
        }
        return result(failure, changes, branch: branch, checks: checks, lastLine: end.lastLine)
    }

    private var unfinished: String { "unfinished: \(assignment.task.title)" }

    private func runChecks() async -> ([TaskResult.Check], TaskFailure?) {
        progress.enter("checks")
        let runner = CheckRunner(
            assignment: assignment,
            place: place,
            reporter: reporter,
            sign: sign,
            deadline: deadline
        )
        return await runner.run()
    }

    /// Pushes finished work to the attempt's branch, and what a failed attempt left to its `wip/` branch.
    private func publish(
        _ copy: WorkingCopy,
        _ tip: String?,
        _ failure: TaskFailure?
    ) async -> (branch: String?, failure: TaskFailure?) {
        guard let tip else { return (nil, failure) }
        if failure == nil {
            do {
                try await copy.push(tip, to: copy.branch)
                return (copy.branch, nil)
            } catch {
                return (nil, error)
            }
        }
        guard tip != copy.start else { return (nil, failure) }
        do {
            try await copy.push(tip, to: copy.leftoverBranch)
            return (copy.leftoverBranch, failure)
        } catch {
            note("what was left could not be kept: \(error.message)")
            return (nil, failure)
        }
    }

    private func withoutRepository(_ end: AgentEnd) async -> ResultSubmission {
        var failure = end.failure
        var checks: [TaskResult.Check] = []
        if failure == nil { (checks, failure) = await runChecks() }
        let changes = ChangeSet(files: FileKind.files(below: files.workingCopy, limit: Limits.filesChanged))
        return result(failure, changes, branch: nil, checks: checks, lastLine: end.lastLine)
    }

    // MARK: The result

    private func result(
        _ failure: TaskFailure?,
        _ changes: ChangeSet,
        branch: String?,
        checks: [TaskResult.Check],
        lastLine: String
    ) -> ResultSubmission {
        let counts = [
            "\(changes.commits.count) commit(s)", "\(changes.files.count) file(s) changed",
            "\(checks.count { $0.exitCode == 0 }) of \(assignment.checks.count) check(s) passed",
        ].joined(separator: ", ")
        let submission = ResultSubmission(
            status: failure == nil ? .completed : .failed,
            summary: (failure.map { "\($0.message): " } ?? "\(assignment.task.title): ") + counts,
            filesChanged: Array(changes.files.prefix(Limits.filesChanged)),
            commits: changes.commits,
            branch: branch,
            checks: checks,
            notes: lastLine.isEmpty ? nil : "last output of the agent: \(lastLine)",
            failure: failure?.reported
        )
        return submission.fitting
    }

    private func failure(of error: any Error) -> TaskFailure {
        switch error {
        case let failure as TaskFailure: return failure
        case is StopSignal.Requested: return .stopped
        case let fault as Fault: return TaskFailure(.sandbox, "sandbox-directory", fault.message)
        default:
            logger.error("unexpected failure", metadata: ["error": "\(error)"])
            return TaskFailure(.sandbox, "worker", "the worker failed: \(String(describing: error).firstLine)")
        }
    }

    private func note(_ text: String) {
        logger.info("\(text)")
        reporter.report(.agentMessage, ["text": .string(text)])
    }

    private var taskText: String {
        let task = assignment.task
        return """
            # \(assignment.ticketKey): \(task.title)

            Ticket: \(assignment.ticketTitle)
            Phase: \(task.phase.rawValue)
            Attempt: \(assignment.attempt)

            \(task.description)

            """
    }
}

extension ResultSubmission {
    /// A failed result without evidence.
    init(failure: TaskFailure) {
        self.init(status: .failed, summary: failure.message, failure: failure.reported)
    }

    /// The same result within ``Limits/resultBytes``: the last files are left out when there are too many, and the
    /// notes say how many.
    var fitting: ResultSubmission {
        var result = self
        let own = notes
        while !result.filesChanged.isEmpty, (try? ContractCoder.encode(result).count) ?? .max > Limits.resultBytes {
            result.filesChanged.removeLast((result.filesChanged.count + 1) / 2)
            let omitted = filesChanged.count - result.filesChanged.count
            result.notes = [own, "\(omitted) changed files are not listed"].compactMap(\.self).joined(separator: "\n")
        }
        return result
    }
}
