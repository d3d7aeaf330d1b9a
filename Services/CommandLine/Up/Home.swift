import FoundationEssentials
import Glibc
import Kernel

/// The directory of one instance, `OMOI_HOME`.
package struct Home: Sendable {
    package let path: String

    package init(path: String) { self.path = path }

    package var brokerDirectory: String { "\(path)/broker" }
    package var brokerAddressFile: String { "\(path)/amqp.url" }
    package var adminTokenFile: String { "\(path)/admin.token" }
    package var runDirectory: String { "\(path)/run" }
    package var lockFile: String { "\(path)/up.lock" }

    /// Where a service's output goes.
    package func logFile(_ service: String) -> String { "\(path)/logs/\(service).log" }

    /// Creates the home and what `up` needs in it; the home itself is readable by its owner only.
    ///
    /// - Throws: ``Fault`` that names OMOI_HOME.
    package func create() throws(Fault) {
        do {
            let manager = FileManager.default
            let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
            try manager.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: attributes)
            for folder in ["logs", "run", "data", "sandboxes"] {
                try manager.createDirectory(
                    atPath: "\(path)/\(folder)",
                    withIntermediateDirectories: true,
                    attributes: attributes
                )
            }
        } catch {
            throw Fault(.unavailable, "OMOI_HOME: cannot create '\(path)'", cause: error)
        }
        guard chmod(path, 0o700) == 0, access(path, W_OK | X_OK) == 0 else {
            throw Fault(.forbidden, "OMOI_HOME: '\(path)' belongs to somebody else or cannot be written")
        }
    }

    /// Writes a file only its owner can read, all of it or nothing.
    package func writeSecret(_ text: String, to file: String) throws {
        let temporary = "\(file).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Fault(.unavailable, "cannot write '\(file)'") }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count, rename(temporary, file) == 0 else {
            throw Fault(.unavailable, "cannot write '\(file)'")
        }
    }

    /// The text of a small file without surrounding blanks; nil when it cannot be read.
    package static func text(of file: String) -> String? {
        guard let data = FileManager.default.contents(atPath: file) else { return nil }
        let text = String(decoding: data, as: UTF8.self)
        return String(text.drop(while: \.isWhitespace).prefix { !$0.isNewline })
    }
}

/// The lock that keeps a second `omoi up` away from a home. Gone with the process, however it ends.
package final class HomeLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock.
    ///
    /// - Throws: ``Fault`` `conflict` when another process holds it.
    package init(_ home: Home) throws(Fault) {
        let descriptor = open(home.lockFile, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Fault(.unavailable, "OMOI_HOME: cannot write '\(home.lockFile)'") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            let holder = Home.text(of: home.lockFile).map { " (process \($0))" } ?? ""
            throw Fault(.conflict, "OMOI_HOME: another `omoi up` runs on '\(home.path)'\(holder)")
        }
        let text = Array("\(getpid())\n".utf8)
        // The number is only for the message above; the lock counts.
        if ftruncate(descriptor, 0) == 0 { _ = write(descriptor, text, text.count) }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Whether a process holds the lock of this home.
    package static func isHeld(_ home: Home) -> Bool {
        let descriptor = open(home.lockFile, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) != 0
    }
}
