import Contracts
import Glibc
import Kernel

/// The directory a worker shares with its orchestrator.
package struct SandboxFiles: Sendable {
    /// Absolute.
    package let path: String

    /// - Throws: ``Fault`` `not-found` when there is no such directory.
    package init(path: String) throws(Fault) {
        guard let resolved = realpath(path, nil) else { throw Fault.notFound("directory", path) }
        defer { free(resolved) }
        self.path = String(cString: resolved)
    }

    package var spool: Spool { Spool(path: "\(path)/spool") }
    var workingCopy: String { "\(path)/work" }
    /// The worker's own repository, outside the agent's reach.
    var repository: String { "\(path)/repository.git" }
    var home: String { "\(path)/home" }
    var taskFile: String { "\(path)/task.md" }
    var activity: String { "\(path)/activity" }

    /// Whether the directory is still there, with the orchestrator's instructions in it.
    var isThere: Bool { AtomicFile.exists("\(path)/\(SandboxLaunch.fileName)") }

    /// Makes the directories the agent gets.
    func makePlaces() throws(Fault) {
        for directory in [workingCopy, home, spool.directory] { try AtomicFile.makeDirectory(directory) }
    }

    /// The orchestrator's instructions.
    ///
    /// - Throws: ``Fault`` that names what is missing or wrong.
    package func launch() throws -> SandboxLaunch {
        let file = "\(path)/\(SandboxLaunch.fileName)"
        guard let bytes = try AtomicFile.read(file, limit: 1 << 20) else { throw Fault.notFound("launch file", file) }
        return try ContractCoder.decode(SandboxLaunch.self, from: bytes)
    }

    /// The bearer token. Secret.
    package func token(_ launch: SandboxLaunch) throws -> String {
        guard let bytes = try AtomicFile.read(launch.tokenFile, limit: 64 << 10) else {
            throw Fault.notFound("token file", launch.tokenFile)
        }
        let token = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        guard !token.isEmpty else { throw Fault(.invalid, "the token file \(launch.tokenFile) is empty") }
        return token
    }

    func writeProcessID() throws {
        try AtomicFile.write(Array("\(getpid())\n".utf8), to: "\(path)/pid")
    }

    /// Locks the directory for as long as this process lives.
    ///
    /// - Throws: ``Fault`` `conflict` when another worker has it.
    package func lock() throws(Fault) -> DirectoryLock {
        let file = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw AtomicFile.failure("open", "\(path)/lock") }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let isTaken = errno == EWOULDBLOCK
            close(file)
            if isTaken { throw Fault(.conflict, "another worker is at work in \(path)") }
            throw AtomicFile.failure("lock", "\(path)/lock")
        }
        return DirectoryLock(file: file)
    }
}

/// Holds a sandbox directory; let go of with its last reference.
package final class DirectoryLock: Sendable {
    private let file: CInt

    fileprivate init(file: CInt) {
        self.file = file
    }

    deinit {
        close(file)
    }
}
