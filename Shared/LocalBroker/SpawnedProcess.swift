import Glibc
import Kernel

/// A process told apart from a later one with the same number by its start time.
struct ProcessMark: Codable, Sendable, Equatable {
    var pid: Int32
    /// Field 22 of `/proc/<pid>/stat`: clock ticks since boot.
    var started: UInt64

    /// The mark of a running process; nil when there is none.
    init?(pid: Int32) {
        guard let started = Self.startTime(of: pid) else { return nil }
        self.pid = pid
        self.started = started
    }

    /// Whether this very process still runs; a zombie does not.
    var isAlive: Bool { Self.startTime(of: pid) == started }

    /// Kills the process and the session it leads.
    func kill(_ signal: Int32) {
        guard isAlive else { return }
        // Both, because a process that has not become leader yet has no group of its own.
        Glibc.kill(-pid, signal)
        Glibc.kill(pid, signal)
    }

    private static func startTime(of pid: Int32) -> UInt64? {
        guard let text = TextFile.read("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        // After the command name in parentheses: state is field 3, the start time field 22.
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return UInt64(fields[19])
    }
}

/// Starts a program as leader of a session of its own.
func spawn(
    _ arguments: [String],
    environment: [String: String],
    input: Int32? = nil,
    outputFile: String
) throws(Fault) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input {
        posix_spawn_file_actions_adddup2(&actions, input, 0)
    } else {
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    posix_spawn_file_actions_addopen(&actions, 1, outputFile, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGCHLD] { sigaddset(&signals, signal) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    // POSIX_SPAWN_SETSID, which glibc shows only with _GNU_SOURCE.
    let newSession: Int32 = 0x80
    let flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | newSession
    posix_spawnattr_setflags(&attributes, Int16(flags))

    var argv = arguments.map { strdup($0) } + [nil]
    var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (argv + envp).forEach { free($0) } }
    var pid: pid_t = 0
    let result = posix_spawn(&pid, arguments[0], &actions, &attributes, &argv, &envp)
    guard result == 0 else {
        throw Fault(.unavailable, "cannot start \(arguments[0]): \(String(cString: strerror(result)))")
    }
    return pid
}

/// The exit status of a child that has ended, as a shell tells it (128 + signal when killed); nil while it runs.
func exitStatus(ofChild pid: Int32) -> Int32? {
    var status: Int32 = 0
    let result = waitpid(pid, &status, WNOHANG)
    if result == 0 { return nil }
    guard result == pid else { return errno == ECHILD ? 0 : nil }
    return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
}
