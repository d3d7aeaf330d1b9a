import FoundationEssentials
import Glibc
import Kernel

/// A directory of its own below the system's temporary folder, removed when the body ends.
///
/// Set `OMOI_KEEP_TEST_FILES=1` to keep it for a look after a failure.
package func withTemporaryDirectory<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let path = try TemporaryDirectory.make()
    defer { TemporaryDirectory.remove(path) }
    return try await body(path)
}

package enum TemporaryDirectory {
    /// Creates a directory only its owner can enter.
    package static func make() throws -> String {
        let root = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(root)/omoi-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Fault(.internalError, "cannot create a temporary directory: \(String(cString: strerror(errno)))")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes it with everything inside.
    package static func remove(_ path: String) {
        guard getenv("OMOI_KEEP_TEST_FILES") == nil else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            // A leftover in the temporary folder is worth a line, not a red test.
            let line = Array("cannot remove \(path): \(error)\n".utf8)
            _ = Glibc.write(STDERR_FILENO, line, line.count)
        }
    }
}
