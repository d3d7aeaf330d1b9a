import Glibc
import Kernel

/// Files that are either there completely or not at all, also after a power cut.
enum AtomicFile {
    /// Writes to a temporary name, syncs, renames, and syncs the directory. Mode 0600.
    ///
    /// - Throws: ``Fault`` `internal-error` that names the file.
    static func write(_ bytes: [UInt8], to path: String) throws(Fault) {
        let temporary = "\(path).new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("create", temporary) }
        do {
            defer { close(file) }
            var written = 0
            while written < bytes.count {
                let count = bytes[written...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
                guard count > 0 || errno == EINTR else { throw failure("write", temporary) }
                written += max(0, count)
            }
            guard fsync(file) == 0 else { throw failure("sync", temporary) }
        }
        guard rename(temporary, path) == 0 else { throw failure("rename", temporary) }
        try syncDirectory(of: path)
    }

    /// - Returns: nil when there is no such file.
    /// - Throws: ``Fault`` `internal-error` when it cannot be read, `body-too-large` beyond `limit` bytes.
    static func read(_ path: String, limit: Int) throws(Fault) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("open", path)
        }
        defer { close(file) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count == 0 { return content }
            guard count > 0 else { throw failure("read", path) }
            content += buffer[..<count]
            guard content.count <= limit else { throw Fault(.tooLarge, "\(path) is larger than \(limit) bytes") }
        }
    }

    /// Creates a directory only its owner can enter, if it is not there.
    static func makeDirectory(_ path: String) throws(Fault) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("create", path) }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    private static func syncDirectory(of path: String) throws(Fault) {
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw failure("open", parent) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw failure("sync", parent) }
    }

    static func failure(_ verb: String, _ path: String) -> Fault {
        Fault(.internalError, "cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
