import Glibc
import Kernel
import LocalBroker
import Synchronization

/// A program started by a test, in a process group of its own, with its output in a file.
package final class ChildProcess: Sendable {
    package let executable: String
    package let processID: pid_t
    /// Where standard output and error go.
    package let logPath: String
    private let status = Mutex<Int32?>(nil)

    /// Starts the program.
    ///
    /// - Parameter environment: the whole environment; only `PATH` and `HOME` are added when absent.
    package init(
        _ executable: String,
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        logPath: String
    ) throws {
        self.executable = executable
        self.logPath = logPath
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, logPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        posix_spawnattr_setpgroup(&attributes, 0)

        var whole = environment
        for name in ["PATH", "HOME"] where whole[name] == nil {
            whole[name] = getenv(name).map { String(cString: $0) }
        }
        let argumentPointers: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
        let environmentPointers: [UnsafeMutablePointer<CChar>?] = whole.map { strdup("\($0)=\($1)") } + [nil]
        defer { (argumentPointers + environmentPointers).forEach { free($0) } }
        var processID = pid_t()
        let result = posix_spawnp(
            &processID,
            executable,
            &actions,
            &attributes,
            argumentPointers,
            environmentPointers
        )
        guard result == 0 else {
            throw Fault(.unavailable, "cannot start \(executable): \(String(cString: strerror(result)))")
        }
        self.processID = processID
    }

    /// Sends a signal to the process alone.
    package func signal(_ number: Int32) {
        guard isRunning else { return }
        Glibc.kill(processID, number)
    }

    package var isRunning: Bool { exitStatus == nil }

    /// The exit status, 128 + number after a signal; nil while it runs.
    package var exitStatus: Int32? {
        status.withLock { status in
            if let status { return status }
            var raw: Int32 = 0
            guard waitpid(processID, &raw, WNOHANG) == processID else { return nil }
            status = raw & 0x7f == 0 ? raw >> 8 & 0xff : 128 + raw & 0x7f
            return status
        }
    }

    /// Waits for the end.
    ///
    /// - Returns: the exit status.
    @discardableResult
    package func waitForExit(within limit: Duration = .seconds(30)) async throws -> Int32 {
        try await eventually("\(executable) ends", within: limit) { exitStatus }
    }

    /// `kill -9`, and waits until it is gone.
    package func kill() async throws {
        signal(SIGKILL)
        try await waitForExit()
    }
}

/// The executables of this package, beside the running test bundle.
package enum BuiltExecutable {
    /// - Returns: the absolute path of a product of this package.
    package static func path(_ name: String) throws -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { throw Fault(.internalError, "cannot find the test bundle") }
        let bundle = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let path = bundle.split(separator: "/").dropLast().reduce(into: "") { $0 += "/" + $1 } + "/" + name
        guard access(path, X_OK) == 0 else {
            throw Fault(.unavailable, "\(path) is not built: run `swift build` first")
        }
        return path
    }
}

/// Ports for servers that a test starts and stops.
package enum FreePort {
    /// A free TCP port on loopback, never one the kernel gives to outgoing connections: a client that tries again and
    /// again while the server is away could otherwise get the server's own port, even connected to itself.
    package static func find() throws -> Int { try LoopbackPort.choose() }
}
