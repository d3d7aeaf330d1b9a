import Contracts
import FoundationEssentials
import Glibc
import Kernel
import SandboxWorker
import Subprocess
import Synchronization
import TestSupport

/// A sandbox directory as an orchestrator prepares it, with a real git repository as the project's.
///
/// What was started and still runs is stopped with the last reference, and by the end of its directory.
final class SandboxFixture: Sendable {
    let root: String
    private let started = Mutex<[ChildProcess]>([])
    let sandboxID = Identifier.make()
    let taskID = Identifier.make()

    var directory: String { "\(root)/sandbox" }
    var origin: String { "\(root)/origin" }
    var workerLog: String { "\(directory)/worker.log" }

    /// Makes the project's repository with one commit on `main`.
    init(_ root: String, isEmpty: Bool = false) async throws {
        self.root = root
        try await sh("mkdir -m 700 sandbox && git init -q -b main origin", in: root)
        guard !isEmpty else { return }
        try await sh(
            "echo hello > greeting.txt && echo '*.log' > .gitignore && git add . && \(commit("first"))",
            in: origin
        )
    }

    deinit {
        for worker in started.withLock({ $0 }) { worker.signal(SIGTERM) }
    }

    func assignment(
        agent: [String],
        repository: String?? = .none,
        bases: [String] = [],
        checks: [CheckSettings] = [],
        timeout: Int = 60,
        description: String = "Say it louder."
    ) -> Assignment {
        let task = WorkTask(
            id: taskID,
            ticketID: .make(),
            projectID: .make(),
            phase: .implementation,
            title: "Shout",
            description: description,
            createdAt: .now()
        )
        return Assignment(
            sandboxID: sandboxID,
            task: task,
            ticketKey: "ABC-12",
            ticketTitle: "Louder",
            attempt: 2,
            fence: 7,
            repository: repository ?? origin,
            defaultBranch: "main",
            branch: "omoi/ABC-12/deadbeef-2",
            baseBranches: bases,
            agent: AgentSettings(command: agent),
            checks: checks,
            timeoutSeconds: timeout
        )
    }

    /// Writes launch file and token.
    func prepare(gateway: String, prefix: [String] = []) throws {
        let launch = SandboxLaunch(
            sandboxID: sandboxID,
            gatewayURL: gateway,
            tokenFile: "\(directory)/token",
            isolation: .init(kind: .process, prefix: prefix)
        )
        try write(ContractCoder.encode(launch), to: "sandbox.json")
        try write(Array(StandInGateway.token.utf8), to: "token")
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(filePath: "\(directory)/\(name)"))
    }

    func content(_ name: String) -> String? {
        FileManager.default.contents(atPath: "\(root)/\(name)").map { String(decoding: $0, as: UTF8.self) }
    }

    /// Starts the built worker.
    func start(_ command: String = "run", environment: [String: String] = [:]) throws -> ChildProcess {
        let worker = try ChildProcess(
            try BuiltExecutable.path("omoi-sandbox-worker"),
            [command, directory],
            environment: environment,
            logPath: workerLog
        )
        started.withLock { $0.append(worker) }
        return worker
    }

    /// Runs the worker to its end.
    ///
    /// - Returns: its exit status.
    func run(_ command: String = "run", environment: [String: String] = [:]) async throws -> WorkerExit? {
        try await start(command, environment: environment).end()
    }

    func answer() throws -> Spool.Answer? { try Spool(path: "\(directory)/spool").answer() }

    /// Output of git in the project's repository.
    func git(_ arguments: String) async throws -> String { try await sh("git \(arguments)", in: origin) }

    /// The part of a shell line that commits what is staged.
    func commit(_ message: String) -> String { "git -c user.name=T -c user.email=t@t commit -qm '\(message)'" }
}

extension ChildProcess {
    /// Waits for the worker's end; nil for a status it does not have.
    func end() async throws -> WorkerExit? {
        WorkerExit(rawValue: try await waitForExit(within: .seconds(60)))
    }
}

/// Runs a shell line and returns its output.
///
/// - Throws: ``Fault`` with the error output when it fails.
@discardableResult
func sh(_ line: String, in directory: String) async throws -> String {
    let result = try await Subprocess.run(
        .path("/bin/sh"),
        arguments: ["-c", line],
        workingDirectory: .init(directory),
        output: .string(limit: 1 << 20),
        error: .string(limit: 1 << 20)
    )
    guard result.terminationStatus.isSuccess else { throw Fault(.internalError, "\(line): \(result.standardError)") }
    return result.standardOutput
}

/// An agent that is a shell script.
func shell(_ script: String) -> [String] { ["/bin/sh", "-ec", script] }

extension [ActivityReport.Item] {
    func texts(of type: ActivityType) -> [String] {
        filter { $0.eventType == type }.compactMap {
            guard case .string(let text)? = $0.eventData?["text"] else { return nil }
            return text
        }
    }
}
