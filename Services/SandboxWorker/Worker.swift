import Contracts
import HTTPClient
import Kernel
import Logging
import ServiceKit

/// Exit statuses of `omoi-sandbox-worker`.
package enum WorkerExit: Int32, Sendable, CaseIterable {
    /// The result has its final answer, whatever it is; it lies in `spool/answer.json`.
    case answered = 0
    /// Something failed that the log names. `submit`: also when it was stopped before an answer came.
    case failed = 1
    /// Wrong command line, or a directory without valid `sandbox.json` and token.
    case usage = 2
    /// `submit`: there is no result.
    case nothingToSubmit = 3
    /// The gateway refuses to hand out the task (401, 403, 404, 409): nothing was done.
    case refused = 4
    /// Another worker is at work in the directory.
    case busy = 5
    /// Stopped while a result is in the spool: `submit` delivers it.
    case unanswered = 6
    /// Stopped before there was anything to report.
    case stopped = 7
}

/// Executes one attempt: fetches the task, runs agent and checks, and delivers the result.
package struct Worker: Sendable {
    private let files: SandboxFiles
    private let stop: StopSignal
    private let logger: Logger

    /// One worker per process: the programs it runs are found as the descendants of its process.
    package init(files: SandboxFiles, stop: StopSignal, logger: Logger) {
        self.files = files
        self.stop = stop
        self.logger = logger
    }

    /// Runs the attempt to its final answer.
    package func run() async -> WorkerExit {
        await guarded {
            let lock = try files.lock()
            defer { withExtendedLifetime(lock) {} }
            try files.writeProcessID()
            let launch = try files.launch()
            let api = try gateway(launch, timeout: .seconds(10))
            if try files.spool.entry() != nil { return try await submit(api) ?? .unanswered }
            let assignment = try await AssignmentFetcher(api: api, stop: stop, logger: logger).fetch()
            try await work(on: assignment, launch: launch)
            FaultPoint.reach("worker-after-spool")
            return try await submit(api) ?? .unanswered
        }
    }

    /// Delivers the result an earlier worker left in the spool.
    package func submit() async -> WorkerExit {
        await guarded {
            let lock = try files.lock()
            defer { withExtendedLifetime(lock) {} }
            if files.spool.isAnswered { return .answered }
            guard try files.spool.entry() != nil else { return .nothingToSubmit }
            return try await submit(gateway(files.launch(), timeout: .seconds(10))) ?? .failed
        }
    }

    // MARK: Parts

    /// Runs the attempt with its reports; the result is in the spool when it returns.
    private func work(on assignment: Assignment, launch: SandboxLaunch) async throws {
        let reporter = ActivityReporter(
            api: try gateway(launch, timeout: .seconds(5)),
            sandboxID: launch.sandboxID,
            logger: logger
        )
        let progress = TaskRunner.Progress()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await reporter.run() }
            let heartbeats = StopSignal()
            group.addTask {
                while !heartbeats.isRequested {
                    reporter.report(.sandboxHeartbeat, ["stage": .string(progress.stage)])
                    await heartbeats.pause(Limits.workerHeartbeat)
                }
            }
            let submission = await perform(assignment, launch, reporter, progress)
            let entry = Spool.Entry(taskID: assignment.task.id, attempt: assignment.attempt, submission: submission)
            // The result first: reports can wait and may be lost, it may not.
            let stored = Result { try files.spool.store(entry) }
            heartbeats.request()
            reporter.finish()
            try await group.waitForAll()
            try stored.get()
        }
    }

    private func perform(
        _ assignment: Assignment,
        _ launch: SandboxLaunch,
        _ reporter: ActivityReporter,
        _ progress: TaskRunner.Progress
    ) async -> ResultSubmission {
        guard !files.spool.isStarted else {
            return ResultSubmission(
                failure: TaskFailure(.sandbox, "worker-lost", "an earlier worker of this sandbox ended in the middle")
            )
        }
        do {
            try files.makePlaces()
        } catch {
            return ResultSubmission(failure: TaskFailure(.sandbox, "sandbox-directory", error.message))
        }
        let place = Place(
            isolation: launch.isolation,
            workingCopy: files.workingCopy,
            home: files.home,
            taskFile: files.taskFile,
            runner: ProcessRunner(stop: stop)
        )
        let runner = TaskRunner(
            assignment: assignment,
            files: files,
            place: place,
            reporter: reporter,
            sign: SignOfWork(path: files.activity),
            progress: progress,
            logger: logger,
            deadline: .now + .seconds(assignment.timeoutSeconds)
        )
        logger.info(
            "task fetched",
            metadata: ["task": "\(assignment.task.id)", "attempt": "\(assignment.attempt)"]
        )
        let submission = await runner.run()
        logger.info(
            "task ended",
            metadata: ["status": "\(submission.status.rawValue)", "code": "\(submission.failure?.code ?? "")"]
        )
        return submission
    }

    /// nil: stopped before an answer came.
    private func submit(_ api: APIClient) async throws -> WorkerExit? {
        let submitter = ResultSubmitter(api: api, spool: files.spool, stop: stop, logger: logger)
        return switch try await submitter.submit() {
        case .answered: .answered
        case .empty: .nothingToSubmit
        case .stopped: nil
        }
    }

    private func gateway(_ launch: SandboxLaunch, timeout: Duration) throws -> APIClient {
        var api = APIClient(
            client: WebClient(),
            baseURL: launch.gatewayURL,
            token: try files.token(launch),
            timeout: timeout
        )
        if let traceparent = launch.traceparent { api.headers = [("traceparent", traceparent)] }
        return api
    }

    /// Asks for a stop when the directory is removed: nobody waits for this worker any more.
    private func watchDirectory() async {
        while !Task.isCancelled, !stop.isRequested {
            guard files.isThere else {
                logger.error("the sandbox directory is gone")
                return stop.request()
            }
            await stop.pause(Limits.directoryWatch)
        }
    }

    /// Runs `body` while the directory is there; turns what went wrong into a log line and an exit status.
    private func guarded(_ body: @escaping @Sendable () async throws -> WorkerExit) async -> WorkerExit {
        do {
            return try await withThrowingTaskGroup(of: WorkerExit?.self) { group in
                group.addTask {
                    await watchDirectory()
                    return nil
                }
                group.addTask { try await body() }
                defer { group.cancelAll() }
                while let ended = try await group.next() {
                    if let exit = ended { return exit }
                }
                return .stopped
            }
        } catch is StopSignal.Requested {
            return .stopped
        } catch let refusal as AssignmentFetcher.Refused {
            logger.error("the gateway refuses the task", metadata: ["fault": "\(refusal.fault.message)"])
            return .refused
        } catch let fault as Fault {
            logger.error("\(fault.message)")
            switch fault.code {
            case .conflict: return .busy
            case .notFound, .malformed, .invalid: return .usage
            default: return .failed
            }
        } catch {
            logger.error("unexpected failure", metadata: ["error": "\(error)"])
            return .failed
        }
    }
}
