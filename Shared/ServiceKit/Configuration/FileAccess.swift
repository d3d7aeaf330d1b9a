import Glibc

/// The few file operations configuration needs.
enum FileAccess {
    static func isReadable(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFREG && access(path, R_OK) == 0
    }

    static func isExecutable(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    /// The content of a small text file; nil when it cannot be read.
    static func text(of path: String, limit: Int = 64 * 1024) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < limit {
            let count = read(file, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            bytes.append(contentsOf: buffer[0..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Makes a directory and its parents, for the owner only.
    ///
    /// - Throws: ``ConfigurationError`` in one line that names `variable` and the directory.
    static func makeDirectory(_ path: String, variable: String) throws(ConfigurationError) {
        var partial = ""
        for component in path.split(separator: "/", omittingEmptySubsequences: false) {
            partial += partial.isEmpty && component.isEmpty ? "/" : (partial.hasSuffix("/") ? "" : "/") + component
            if !path.hasPrefix("/") && partial.hasPrefix("/") { partial.removeFirst() }
            if partial.isEmpty || partial == "/" { continue }
            if mkdir(partial, 0o700) != 0 && errno != EEXIST {
                throw ConfigurationError(
                    "\(variable) must be a directory that can be created: \(path): \(String(cString: strerror(errno)))"
                )
            }
        }
        guard access(path, W_OK | X_OK) == 0 else {
            throw ConfigurationError("\(variable) must be a directory that can be written: \(path)")
        }
    }
}
