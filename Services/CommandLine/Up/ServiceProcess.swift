import FoundationEssentials
import Glibc
import Kernel
import Subprocess
import SystemPackage

/// Keeps one service running: starts it, and starts it again with a growing pause when it ends.
package final class ServiceProcess: Sendable {
    /// Executable and name of the service, such as `omoi-event-relay`.
    package let name: String
    package let healthPort: Int
    private let executable: String
    private let environment: [String: String]
    private let home: Home
    private let console: Console
    private let backoff = Backoff(base: .milliseconds(500), cap: .seconds(30), jitter: 0.2)

    /// A run at least this long counts as a success: the next pause is short again.
    private static let steadyRun: Duration = .seconds(60)
    /// A log longer than this is put aside when its service starts.
    private static let logBytes = 32 << 20
    /// How long a service may take to stop.
    private static let patience: Duration = .seconds(15)

    package init(
        name: String,
        executable: String,
        healthPort: Int,
        environment: [String: String],
        home: Home,
        console: Console
    ) {
        self.name = name
        self.executable = executable
        self.healthPort = healthPort
        self.environment = environment
        self.home = home
        self.console = console
    }

    /// Runs until cancelled, then stops the service: SIGTERM, and SIGKILL when it does not obey.
    ///
    /// - Throws: ``Fault`` when the service refuses its configuration: starting it again would not help.
    package func run() async throws {
        defer { ProcessRecord.remove(name, in: home) }
        var failures = 0
        while !Task.isCancelled {
            let started = ContinuousClock.now
            let ending = try await once()
            if Task.isCancelled { return }
            if case .exited(2) = ending {
                throw Fault(.invalid, "\(name): \(lastLogLine() ?? "refused its configuration")")
            }
            failures = started.duration(to: .now) < Self.steadyRun ? failures + 1 : 1
            let pause = backoff.delay(afterAttempt: failures, random: Double.random(in: 0..<1))
            console.note(
                "omoi: \(name) ended (\(Self.text(ending))); starting it again in \(pause.milliseconds) ms"
                    + " (log: \(home.logFile(name)))"
            )
            do {
                try await Task.sleep(for: pause)
            } catch is CancellationError {
                return
            }
        }
    }

    private func once() async throws -> TerminationStatus {
        shelveLongLog()
        let log = try FileDescriptor.open(
            FilePath(home.logFile(name)),
            .writeOnly,
            options: [.create, .append, .closeOnExec],
            permissions: [.ownerReadWrite]
        )
        var options = PlatformOptions()
        // A group of its own: Ctrl-C in the terminal reaches `up` alone, which stops the services in order.
        options.processGroupID = 0
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: Self.patience)]
        let variables = environment.map { (Environment.Key(stringLiteral: $0), $1) }
        let name = name, home = home, healthPort = healthPort
        let result = try await Subprocess.run(
            .path(FilePath(executable)),
            environment: .custom(Dictionary(uniqueKeysWithValues: variables)),
            platformOptions: options,
            input: .none,
            output: .fileDescriptor(log, closeAfterSpawningProcess: true),
            error: .combinedWithOutput
        ) { execution in
            try ProcessRecord(processID: execution.processIdentifier.value, healthPort: healthPort)?
                .write(name, in: home)
        }
        return result.terminationStatus
    }

    /// Keeps one older log beside the current one, so that logs do not grow for ever over restarts.
    private func shelveLongLog() {
        let file = home.logFile(name)
        var status = stat()
        guard stat(file, &status) == 0, status.st_size > Self.logBytes else { return }
        // When it fails, the log only goes on growing.
        _ = rename(file, "\(file).1")
    }

    private func lastLogLine() -> String? {
        guard let data = FileManager.default.contents(atPath: home.logFile(name)) else { return nil }
        return String(decoding: data.suffix(2000), as: UTF8.self).split(separator: "\n").last.map(String.init)
    }

    private static func text(_ status: TerminationStatus) -> String {
        switch status {
        case .exited(let code): "exit status \(code)"
        case .signaled(let signal): "signal \(signal)"
        }
    }
}
