import Glibc
import Kernel
import Subprocess

/// A program to run without a shell, in a session of its own.
struct ProcessCommand: Sendable {
    /// Program and arguments. A program without a slash is searched on the `PATH` of ``environment``.
    var line: [String]
    var directory: String
    /// The whole environment.
    var environment: [String: String]
    var timeout: Duration
}

/// How a program ended.
struct ProcessOutcome: Sendable, Equatable {
    enum Ending: String, Sendable { case exited, timedOut = "timed-out", stopped }

    var ending: Ending
    /// 128 + number after a signal.
    var exitCode: Int
    var duration: Duration
}

/// The program could not be started.
struct ProcessNotStarted: Error, Sendable {
    var message: String
}

/// Runs a program to its end and to the end of everything it started.
struct ProcessRunner: Sendable {
    var stop: StopSignal
    /// Time between SIGTERM and SIGKILL.
    var grace: Duration = Limits.agentKillGrace

    /// - Parameter output: standard output and error in the order written; called on a thread of the runner's own.
    /// - Throws: ``ProcessNotStarted``.
    func run(
        _ command: ProcessCommand,
        output: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) async throws(ProcessNotStarted) -> ProcessOutcome {
        guard let program = command.line.first else { throw ProcessNotStarted(message: "the command is empty") }
        let pipe = try Self.makePipe()
        defer { close(pipe.read) }
        var options = PlatformOptions()
        options.createSession = true
        let configuration = Configuration(
            executable: program.contains("/") ? .path(.init(program)) : .name(program),
            arguments: Arguments(Array(command.line.dropFirst())),
            environment: .custom(command.environment.asEnvironment),
            workingDirectory: .init(command.directory),
            platformOptions: options
        )
        let start = ContinuousClock.now
        do {
            let result = try await Subprocess.run(
                configuration,
                input: .none,
                output: .fileDescriptor(.init(rawValue: pipe.write), closeAfterSpawningProcess: true),
                error: .combinedWithOutput
            ) { execution in
                let watch = ProcessWatch(
                    process: execution.processIdentifier,
                    output: pipe.read,
                    deadline: start + command.timeout,
                    stop: stop,
                    grace: grace,
                    receive: output
                )
                return await watch.untilGone()
            }
            return ProcessOutcome(
                ending: result.closureResult,
                exitCode: result.terminationStatus.exitCode,
                duration: start.duration(to: .now)
            )
        } catch {
            throw ProcessNotStarted(message: "\(program) cannot be started: \(Self.reason(error))")
        }
    }

    private static func makePipe() throws(ProcessNotStarted) -> (read: CInt, write: CInt) {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ProcessNotStarted(message: "no pipe: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? SubprocessError else { return String(describing: error).firstLine }
        if error.code == .executableNotFound { return "there is no such program" }
        if let underlying = error.underlyingError { return String(cString: strerror(underlying.rawValue)) }
        return error.description.firstLine
    }
}

/// Looks after one running program on a thread of its own.
private struct ProcessWatch: Sendable {
    let process: ProcessIdentifier
    let output: CInt
    let deadline: ContinuousClock.Instant
    let stop: StopSignal
    let grace: Duration
    let receive: @Sendable (UnsafeRawBufferPointer) -> Void

    /// Longest look at the output of a program that is gone, while a process that got away holds it open.
    private static let drain: Duration = .seconds(2)

    /// Whoever stops the worker does not wait long for it either.
    private static let stopGrace: Duration = .seconds(1)

    /// Returns when program and tree are gone and the output is read.
    func untilGone() async -> ProcessOutcome.Ending {
        await withCheckedContinuation { continuation in
            startThread(named: "omoi-process") { continuation.resume(returning: watch()) }
        }
    }

    private func watch() -> ProcessOutcome.Ending {
        var ending = ProcessOutcome.Ending.exited
        var killAt: ContinuousClock.Instant?
        var goneAt: ContinuousClock.Instant?
        var isOpen = true
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            var files = [
                pollfd(fd: isOpen ? output : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: goneAt == nil ? process.processDescriptor : -1, events: Int16(POLLIN), revents: 0),
            ]
            poll(&files, 2, 50)
            if files[0].revents != 0 { isOpen = readOutput(&buffer) }
            if files[1].revents != 0, goneAt == nil {
                ProcessTree.destroy(leader: process.value)
                goneAt = .now
            }
            let now = ContinuousClock.now
            if let goneAt {
                guard !isOpen || now > goneAt + Self.drain else { continue }
                // Whoever stops the worker may have signalled the program too: its end is no doing of its own then.
                return ending == .exited && stop.isRequested ? .stopped : ending
            } else if let kill = killAt {
                if now >= kill { ProcessTree.send(SIGKILL, leader: process.value) }
            } else if now >= deadline || stop.isRequested {
                ending = stop.isRequested ? .stopped : .timedOut
                ProcessTree.send(SIGTERM, leader: process.value)
                killAt = now + (ending == .stopped ? min(grace, Self.stopGrace) : grace)
            }
        }
    }

    /// Returns false at the end of the output.
    private func readOutput(_ buffer: inout [UInt8]) -> Bool {
        let count = read(output, &buffer, buffer.count)
        guard count > 0 else { return count < 0 && (errno == EINTR || errno == EAGAIN) }
        buffer.withUnsafeBytes { receive(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        return true
    }
}

extension TerminationStatus {
    /// 128 + number after a signal.
    var exitCode: Int {
        switch self {
        case .exited(let code): Int(code)
        case .signaled(let signal): 128 + Int(signal)
        }
    }
}

extension [String: String] {
    var asEnvironment: [Environment.Key: String] {
        reduce(into: [:]) { result, entry in
            if let key = Environment.Key(rawValue: entry.key) { result[key] = entry.value }
        }
    }
}

extension String {
    /// Up to the first line feed.
    var firstLine: String { String(prefix { !$0.isNewline }) }
}
