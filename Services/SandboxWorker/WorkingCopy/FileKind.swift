import Contracts
import Glibc

/// What lies at a path, without following links.
enum FileKind {
    case nothing, directory, link, other

    init(of path: String) {
        var information = stat()
        guard lstat(path, &information) == 0 else {
            self = .nothing
            return
        }
        switch information.st_mode & S_IFMT {
        case S_IFDIR: self = .directory
        case S_IFLNK: self = .link
        default: self = .other
        }
    }

    /// Whether a symbolic link is anywhere below a directory.
    static func containsLink(below root: String) -> Bool {
        var pending = [root]
        while let path = pending.popLast() {
            for name in names(in: path) {
                let child = "\(path)/\(name)"
                switch FileKind(of: child) {
                case .link: return true
                case .directory: pending.append(child)
                case .nothing, .other: break
                }
            }
        }
        return false
    }

    /// Names in a directory, without `.` and `..`; empty when it cannot be read.
    static func names(in path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Regular files below a directory as created files, links not followed.
    static func files(below root: String, limit: Int) -> [TaskResult.FileChange] {
        var found: [TaskResult.FileChange] = []
        var pending = [""]
        while let prefix = pending.popLast(), found.count < limit {
            for name in names(in: "\(root)/\(prefix)").sorted() {
                switch FileKind(of: "\(root)/\(prefix)\(name)") {
                case .directory: pending.append("\(prefix)\(name)/")
                case .other: found.append(TaskResult.FileChange(path: "\(prefix)\(name)", action: .created))
                case .link, .nothing: break
                }
            }
        }
        return Array(found.prefix(limit))
    }
}
