import Glibc
import Kernel
import TestSupport

/// A real git repository made by a test.
struct GitRepository {
    let path: String

    /// Creates a repository with one commit on `main`.
    init(at path: String, files: [String: String]) async throws {
        self.path = path
        mkdir(path, 0o700)
        try await git("init", "--quiet", "--initial-branch=main", ".")
        for (name, text) in files {
            try SmallFile.write(text, to: "\(path)/\(name)", mode: name.hasSuffix(".sh") ? 0o755 : 0o644)
        }
        try await git("add", "--all")
        try await git("-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "--quiet", "-m", "Start")
    }

    /// Runs git in the repository.
    ///
    /// - Returns: what it printed.
    @discardableResult
    func git(_ arguments: String...) async throws -> String {
        let log = "\(path).\(Identifier.make()).log"
        let process = try ChildProcess("git", ["-C", path] + arguments, logPath: log)
        let status = try await process.waitForExit()
        let output = try SmallFile.read(log)
        unlink(log)
        guard status == 0 else { throw Fault(.internalError, "git \(arguments.joined(separator: " ")): \(output)") }
        return output
    }
}
