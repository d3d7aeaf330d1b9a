import FoundationEssentials
import GRDB
import Glibc
import Kernel

/// A complete copy of a database beside it, `<path>.before-<migration>`, made before its schema changes.
struct Snapshot {
    /// Snapshots kept per database.
    private static let kept = 2

    let path: String
    let name: String

    private var target: String { path + ".before-" + name }

    /// Copies the database, makes the copy durable and removes old copies.
    ///
    /// - Throws: ``Fault`` `unavailable`; the migration must not run then.
    func take(_ database: Database) throws {
        let partial = target + ".partial"
        do {
            try removeIfPresent(partial)
            try database.execute(sql: "VACUUM INTO ?", arguments: [partial])
            try synchronize(partial)
            guard rename(partial, target) == 0 else { throw Fault(.unavailable, "rename: \(errorText())") }
            try synchronize(folder)
            try removeOld()
        } catch {
            throw Fault(
                .unavailable,
                "cannot save \(target) before changing the schema, so nothing was changed: \(oneLine(error))",
                cause: error
            )
        }
    }

    private var folder: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private func removeOld() throws {
        let prefix = path.split(separator: "/").last.map { "\($0).before-" } ?? ""
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix(prefix) }
        let byAge = names.map { name in
            var status = stat()
            _ = stat("\(folder)/\(name)", &status)
            return (name, status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        }.sorted { ($0.1, $0.2) > ($1.1, $1.2) }
        for (name, _, _) in byAge.dropFirst(Self.kept) {
            try removeIfPresent("\(folder)/\(name)")
        }
    }

    private func removeIfPresent(_ file: String) throws(Fault) {
        guard unlink(file) == 0 || errno == ENOENT else {
            throw Fault(.unavailable, "cannot remove \(file): \(errorText())")
        }
    }

    private func synchronize(_ file: String) throws(Fault) {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Fault(.unavailable, "cannot open \(file): \(errorText())") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Fault(.unavailable, "cannot sync \(file): \(errorText())") }
    }

    private func errorText() -> String { String(cString: strerror(errno)) }
}
