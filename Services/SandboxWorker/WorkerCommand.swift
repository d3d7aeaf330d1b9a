import Glibc
import Kernel
import Logging
import Observability

/// The command line of `omoi-sandbox-worker`.
package enum WorkerCommand {
    package static let help = """
        usage: omoi-sandbox-worker run <directory>      execute the attempt the directory was made for
               omoi-sandbox-worker submit <directory>   deliver the result an earlier worker left there

        The directory holds sandbox.json and the token file it names. SIGTERM stops the agent, keeps what it left on
        the branch wip/<branch>, and reports the attempt as failed.

        exit status
          0  the result has its final answer (spool/answer.json)
          1  failed; the log says why (submit: also when stopped before an answer)
          2  wrong command line, or no valid sandbox.json and token in the directory
          3  submit: there is no result
          4  the gateway refuses to hand out the task
          5  another worker is at work in the directory
          6  stopped with a result in the spool: submit delivers it
          7  stopped before there was anything to report

        environment
          OMOI_LOG_LEVEL  trace, debug, info, notice, warning, error or critical (default info)

        """

    /// Executes the command line and ends the process. To be called on the main thread, before there is any other.
    ///
    /// The main thread takes SIGTERM and SIGINT: they are blocked before any other thread exists, so that all inherit
    /// that; programs the worker starts do not.
    package static func main(_ arguments: [String], environment: [String: String]) -> Never {
        signal(SIGPIPE, SIG_IGN)
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let stop = StopSignal()
        // Unstructured: an asynchronous main function would hand the main thread, unblocked, to the run loop.
        Task { exit(await run(arguments, environment: environment, stop: stop).rawValue) }
        var number: CInt = 0
        while true {
            if sigwait(&signals, &number) == 0 { stop.request() }
        }
    }

    private static func run(
        _ arguments: [String],
        environment: [String: String],
        stop: StopSignal
    ) async -> WorkerExit {
        if arguments.dropFirst().contains(where: { $0 == "--help" || $0 == "-h" }) {
            write(help, to: STDOUT_FILENO)
            return .answered
        }
        guard arguments.count == 3, ["run", "submit"].contains(arguments[1]) else {
            write(help, to: STDERR_FILENO)
            return .usage
        }
        let levelName = environment["OMOI_LOG_LEVEL"] ?? "info"
        guard let level = Logger.Level(rawValue: levelName) else {
            write("OMOI_LOG_LEVEL: '\(levelName)' is not a log level\n", to: STDERR_FILENO)
            return .usage
        }
        let logger = Logger(label: "sandbox-worker") { _ in JSONLogHandler(service: "sandbox-worker", level: level) }
        if !ProcessTree.adoptOrphans() { logger.warning("processes that leave the agent's tree may get away") }
        do {
            let files = try SandboxFiles(path: arguments[2])
            let worker = Worker(files: files, stop: stop, logger: logger)
            return arguments[1] == "run" ? await worker.run() : await worker.submit()
        } catch {
            logger.error("\(error.message)")
            return .usage
        }
    }

    private static func write(_ text: String, to file: CInt) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(file, bytes, bytes.count)
    }
}
