import Glibc
import Kernel
import Synchronization

/// An advisory lock on `<path>.lock`, held until ``release()`` or the end of the process, however it ends.
final class StoreLock: Sendable {
    private let descriptor: Mutex<CInt>

    /// - Throws: ``Fault`` `unavailable` when another process, or another store of this one, holds the lock.
    init(for path: String) throws(Fault) {
        let lockPath = path + ".lock"
        let file = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw Fault(.unavailable, "cannot create \(lockPath): \(Self.errorText()); does the folder exist?")
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let owner = Self.owner(file)
            let reason = errno == EWOULDBLOCK ? "is in use by \(owner)" : "cannot be locked: \(Self.errorText())"
            close(file)
            throw Fault(
                .unavailable,
                "the database \(path) \(reason); stop that process, or set OMOI_HOME to another folder"
            )
        }
        let text = Array("\(getpid())\n".utf8)
        if ftruncate(file, 0) == 0 {
            // Only a hint for the message above; the lock holds without it.
            _ = pwrite(file, text, text.count, 0)
        }
        descriptor = Mutex(file)
    }

    deinit { release() }

    /// Idempotent.
    func release() {
        descriptor.withLock { file in
            guard file >= 0 else { return }
            // Unlocked first: a child that is being started holds a copy of the descriptor until it executes its
            // program.
            flock(file, LOCK_UN)
            close(file)
            file = -1
        }
    }

    private static func owner(_ file: CInt) -> String {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = pread(file, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(0, count)).prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        return digits.isEmpty ? "another process" : "process \(String(decoding: digits, as: UTF8.self))"
    }

    private static func errorText() -> String { String(cString: strerror(errno)) }
}
