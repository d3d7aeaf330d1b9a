import Glibc

/// Questions about files.
enum Files {
    /// Whether there is a program at this path.
    static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    /// Free bytes for ordinary users on the file system of the nearest existing folder; nil when it cannot be asked.
    static func freeBytes(at path: String) -> UInt64? {
        var folder = path
        var status = statvfs()
        while statvfs(folder, &status) != 0 {
            guard let slash = folder.lastIndex(of: "/"), folder.count > 1 else { return nil }
            folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
        }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }
}
