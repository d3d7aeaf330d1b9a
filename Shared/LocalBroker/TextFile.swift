import FoundationEssentials
import Glibc
import Kernel

/// Small files, read and written as a whole.
enum TextFile {
    /// The content, or nil when the file cannot be read.
    static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            guard count > 0 else { return count == 0 ? String(decoding: content, as: UTF8.self) : nil }
            content += buffer[..<count]
        }
    }

    /// Replaces the file in one step; only its owner may read it.
    static func write(_ content: String, to path: String, mode: mode_t = 0o600) throws(Fault) {
        let temporary = path + ".new"
        unlink(temporary)
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard file >= 0 else { throw failure("write", path) }
        let bytes = Array(content.utf8)
        let count = Glibc.write(file, bytes, bytes.count)
        close(file)
        guard count == bytes.count, rename(temporary, path) == 0 else { throw failure("write", path) }
    }

    /// Makes the directory and its parents, for the owner only.
    static func makeDirectory(_ path: String) throws(Fault) {
        var partial = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            partial += partial.isEmpty || partial.hasSuffix("/") ? String(part) : "/\(part)"
            guard mkdir(partial, 0o700) == 0 || errno == EEXIST else { throw failure("make", partial) }
        }
    }

    /// The names in a directory; none when it cannot be read.
    static func names(in path: String) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            return []
        }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Removes a directory with everything inside; an absent one is fine.
    static func removeTree(_ path: String) throws(Fault) {
        guard exists(path) else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw Fault(.unavailable, "cannot remove \(path)", cause: error)
        }
    }

    private static func failure(_ verb: String, _ path: String) -> Fault {
        Fault(.unavailable, "cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
