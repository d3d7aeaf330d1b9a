import Contracts
import Kernel
import Logging

/// Agent and checks run in namespaces of their own, made by `bwrap`: the default.
package struct BubblewrapProvider: LocalSandboxProvider {
    package let name = SandboxLaunch.Isolation.Kind.bubblewrap.rawValue
    package let workers: WorkerLauncher
    package let worker: String
    package let logger: Logger
    private let home: String
    private let prefix: BubblewrapPrefix

    /// - Parameters:
    ///   - worker: path of `omoi-sandbox-worker`.
    ///   - home: `OMOI_HOME`, absolute.
    ///   - readOnly: further paths that agents may read.
    ///   - environment: the orchestrator's own; `bwrap` is looked for in its `PATH`.
    ///   - searchPath: where else `bwrap` is looked for.
    /// - Throws: ``Fault`` with one line that names the fix, when `bwrap` is missing or a path cannot be right.
    package init(
        worker: String,
        home: String,
        readOnly: [String],
        environment: [String: String],
        searchPath: [String] = ["/usr/bin", "/bin"],
        logger: Logger
    ) throws(Fault) {
        try BubblewrapPrefix.check(readOnly: readOnly, home: home)
        let folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init) + searchPath
        let candidates = folders.filter { $0.hasPrefix("/") }.map { "\($0)/bwrap" }
        guard let program = candidates.first(where: LocalFile.isExecutable) else {
            throw Fault(
                .unavailable,
                "OMOI_SANDBOX_PROVIDER: the program bwrap is missing: apt-get install bubblewrap"
            )
        }
        self.home = home
        self.worker = worker
        self.logger = logger
        workers = WorkerLauncher(environment: environment)
        prefix = BubblewrapPrefix(program: program, readOnly: readOnly, accounts: "\(home)/data/bubblewrap")
    }

    package var isolation: SandboxLaunch.Isolation { .init(kind: .bubblewrap, prefix: prefix.arguments) }

    /// Writes the two account files and runs an isolated `true`.
    package func verify() async throws {
        try verifyWorker()
        try LocalFile.createDirectory(prefix.accounts)
        let user = BubblewrapPrefix.user
        try LocalFile.write(
            Array("omoi:x:\(user):\(user):agent:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n".utf8),
            to: "\(prefix.accounts)/passwd",
            mode: 0o644
        )
        try LocalFile.write(
            Array("omoi:x:\(user):\nnogroup:x:65534:\n".utf8),
            to: "\(prefix.accounts)/group",
            mode: 0o644
        )
        try LocalFile.createDirectory("\(prefix.accounts)/probe/work")
        try LocalFile.createDirectory("\(prefix.accounts)/probe/home")
        let probe = "\(prefix.accounts)/probe"
        try LocalFile.write([], to: "\(probe)/task.md")
        try LocalFile.write([], to: "\(probe)/output")
        let command = isolation.commandLine(
            for: ["/bin/sh", "-c", "exit 0"],
            workingCopy: "\(probe)/work",
            home: "\(probe)/home",
            taskFile: "\(probe)/task.md"
        )
        guard try await workers.run(command, log: "\(probe)/output", limit: .seconds(20)) != 0 else { return }
        let said = String(decoding: LocalFile.read("\(probe)/output", limit: 500) ?? [], as: UTF8.self)
        throw Fault(
            .unavailable,
            "OMOI_SANDBOX_PROVIDER: bwrap does not work here (\(Self.line(said))): \(Self.fix(said))"
        )
    }

    /// What to do about a `bwrap` that fails with this message.
    static func fix(_ message: String) -> String {
        if message.contains("setting up uid map") || message.contains("loopback") {
            return "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
        }
        if message.contains("namespace") || message.contains("unshare") || message.contains("ermission") {
            return "sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000"
        }
        return "run it by hand to see why, or set OMOI_SANDBOX_PROVIDER=process to do without isolation"
    }

    private static func line(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "no message"
        return line.hasPrefix("bwrap: ") ? String(line.dropFirst(7)) : line
    }
}
