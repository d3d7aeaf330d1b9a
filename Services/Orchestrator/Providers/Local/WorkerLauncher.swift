import Glibc
import Kernel
import Synchronization

/// Starts programs that outlive the orchestrator: in an OS session of their own, with no open file of ours, output to a
/// file, and an environment that is listed here.
///
/// One thread per child waits for its end, so a slot is free within a millisecond of it.
package final class WorkerLauncher: Sendable {
    /// Variables a worker inherits. It runs outside the isolation and needs what `git` and the system's libraries need;
    /// nothing of the orchestrator's own configuration is among them.
    static let inherited: Set<String> = [
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SSH_AUTH_SOCK",
        "SSL_CERT_FILE", "SSL_CERT_DIR",
    ]

    private let environment: [String]
    /// Ends of our own children that nobody has asked for yet.
    private let exits = Mutex<[ProcessIdentity: AsyncStream<Int32>]>([:])

    init(environment: [String: String]) {
        var chosen = environment.filter { Self.inherited.contains($0.key) }
        chosen["PATH"] = chosen["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        chosen["LANG"] = chosen["LANG"] ?? "C.UTF-8"
        self.environment = chosen.map { "\($0.key)=\($0.value)" }.sorted()
    }

    /// Starts `command[0]` with the rest as arguments.
    ///
    /// - Parameters:
    ///   - directory: working directory of the child.
    ///   - log: file its output is appended to.
    /// - Throws: ``Fault`` when it was not started.
    func start(_ command: [String], in directory: String, log: String) throws(Fault) -> ProcessIdentity {
        let pid = try spawn(command, in: directory, log: log)
        // Nobody but the thread started below reaps this child, so its entry is there even if it has already ended.
        guard let entry = ProcessTable.entry(of: pid) else {
            throw Fault(.internalError, "/proc does not show process \(pid), which was just started")
        }
        let identity = ProcessIdentity(entry)
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        exits.withLock { $0[identity] = stream }
        startThread(named: "reap-\(pid)") {
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
            continuation.yield(status)
            continuation.finish()
        }
        return identity
    }

    /// Returns the wait status when the process has ended; nil when it is not our child, when its end was handed out
    /// before, or when the calling task is cancelled.
    func waitForExit(of identity: ProcessIdentity) async -> Int32? {
        guard let stream = exits.withLock({ $0.removeValue(forKey: identity) }) else {
            await poll(identity)
            return nil
        }
        for await status in stream { return status }
        return nil
    }

    /// Runs `command` to its end, with the same care as a worker.
    ///
    /// - Parameter limit: it and its process group are killed after this time.
    /// - Returns: its exit status; nil when it was killed, or goes on because the calling task was cancelled.
    /// - Throws: ``Fault`` when it was not started.
    func run(
        _ command: [String],
        in directory: String = "/",
        log: String = "/dev/null",
        limit: Duration
    ) async throws(Fault) -> Int32? {
        let identity = try start(command, in: directory, log: log)
        let status = await withTaskGroup(of: Int32?.self) { group in
            group.addTask { await self.waitForExit(of: identity) }
            group.addTask {
                // A cancelled sleep ends early, which is what it is cancelled for.
                try? await Task.sleep(for: limit)
                guard !Task.isCancelled else { return nil }
                kill(-identity.pid, SIGKILL)
                return nil
            }
            let status = await group.next() ?? nil
            group.cancelAll()
            return status
        }
        // The wait status: the low seven bits name a signal, the next byte is the exit status.
        guard let status, status & 0x7f == 0 else { return nil }
        return status >> 8 & 0xff
    }

    /// Of processes that are not our children the kernel does not tell the end.
    private func poll(_ identity: ProcessIdentity) async {
        while identity.entry != nil, !Task.isCancelled {
            // A cancelled sleep ends early, and so does the loop.
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    private func spawn(_ command: [String], in directory: String, log: String) throws(Fault) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        guard let extensions = SpawnExtensions.shared else {
            throw Fault(.unavailable, "the C library is too old to start workers safely: glibc 2.34 is needed")
        }
        _ = extensions.changeDirectory(&actions, directory)
        // Above all our store's lock: a worker that held it would keep the next orchestrator out.
        _ = extensions.closeFrom(&actions, 3)
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = SpawnExtensions.newSession | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var pid: pid_t = 0
        let arguments = CStrings(command)
        let variables = CStrings(environment)
        let result = posix_spawn(&pid, command[0], &actions, &attributes, arguments.pointers, variables.pointers)
        guard result == 0 else {
            throw Fault(.unavailable, "cannot start \(command[0]): \(String(cString: strerror(result)))")
        }
        return pid
    }
}

/// Parts of `posix_spawn` that glibc has (`<spawn.h>`, since 2.34) but does not show to Swift.
private struct SpawnExtensions: Sendable {
    typealias ChangeDirectory =
        @convention(c) (
            UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafePointer<CChar>
        ) -> Int32
    typealias CloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32

    /// `POSIX_SPAWN_SETSID`.
    static let newSession: Int32 = 0x80
    static let shared = SpawnExtensions()

    let changeDirectory: ChangeDirectory
    let closeFrom: CloseFrom

    private init?() {
        guard let changeDirectory = dlsym(nil, "posix_spawn_file_actions_addchdir_np"),
            let closeFrom = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np")
        else { return nil }
        self.changeDirectory = unsafeBitCast(changeDirectory, to: ChangeDirectory.self)
        self.closeFrom = unsafeBitCast(closeFrom, to: CloseFrom.self)
    }
}

/// A NULL-terminated array of C strings, freed with its owner.
private final class CStrings {
    private(set) var pointers: [UnsafeMutablePointer<CChar>?]

    init(_ strings: [String]) {
        pointers = strings.map { strdup($0) } + [nil]
    }

    deinit {
        for pointer in pointers { free(pointer) }
    }
}
