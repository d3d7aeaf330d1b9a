import Glibc
import Kernel

/// The few file operations that are needed with exact modes and exact errors.
enum LocalFile {
    /// The file's content, at most `limit` bytes; nil when it cannot be read.
    static func read(_ path: String, limit: Int = 1 << 20) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while content.count < limit {
            let count = Glibc.read(descriptor, &buffer, min(buffer.count, limit - content.count))
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            content += buffer[..<count]
        }
        return content
    }

    /// Modification time in nanoseconds since 1970; nil when there is no such file.
    static func modified(_ path: String) -> Int64? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }

    /// The path without symbolic links; the path as it is when it does not exist.
    static func resolved(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    /// Creates a directory and its parents, mode 0700; an existing one is fine.
    static func createDirectory(_ path: String) throws(Fault) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw failure("create", path)
        }
        try createDirectory(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("create", path) }
    }

    /// Replaces the file in one step; mode 0600 unless told.
    static func write(_ content: [UInt8], to path: String, mode: mode_t = 0o600) throws(Fault) {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("write", path) }
        var offset = 0
        while offset < content.count {
            let count = content[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let fault = failure("write", path)
                close(descriptor)
                throw fault
            }
            offset += count
        }
        close(descriptor)
        guard rename(temporary, path) == 0 else { throw failure("write", path) }
    }

    private static func failure(_ verb: String, _ path: String) -> Fault {
        Fault(.unavailable, "cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
