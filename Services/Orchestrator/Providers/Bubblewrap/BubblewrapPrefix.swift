import Contracts
import Glibc
import Kernel

/// The command line that `bwrap` puts around agent and checks.
///
/// Inside there is a read-only system, an empty `/tmp`, a private home, the task's text, and the working copy at its
/// own path, which alone (with home and `/tmp`) is writable. There is no network, no other process, no capability, and
/// nothing of `OMOI_HOME` beside what is named here: neither token nor spool nor another sandbox. The environment is
/// the worker's concern.
struct BubblewrapPrefix: Sendable {
    /// Programs and libraries, bound read-only; links are made again as links.
    static let system = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"]

    /// What programs need of `/etc`: the loader's cache, certificates, alternatives, names. Users and groups are
    /// not the machine's but two small files of ours.
    static let configuration = [
        "/etc/alternatives", "/etc/ca-certificates", "/etc/ca-certificates.conf", "/etc/host.conf", "/etc/ld.so.cache",
        "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/mime.types", "/etc/nsswitch.conf", "/etc/pki",
        "/etc/protocols", "/etc/services", "/etc/ssl", "/etc/timezone",
    ]

    static let user = 1000

    /// Path of `bwrap`.
    let program: String
    /// Further absolute paths to show read-only, such as a toolchain in `/opt`.
    let readOnly: [String]
    /// Folder with our `passwd` and `group`.
    let accounts: String

    /// The arguments, with the tokens of ``SandboxLaunch/Isolation``.
    var arguments: [String] {
        var line = [
            program, "--unshare-all", "--unshare-user", "--uid", "\(Self.user)", "--gid", "\(Self.user)",
            "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "sandbox",
        ]
        line += Self.system.flatMap(Self.show)
        line += ["--dir", "/etc"] + Self.configuration.flatMap { ["--ro-bind-try", $0, $0] }
        line += ["--ro-bind", "\(accounts)/passwd", "/etc/passwd", "--ro-bind", "\(accounts)/group", "/etc/group"]
        line += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--dir", "/run", "--tmpfs", "/var/tmp"]
        line += readOnly.flatMap { ["--ro-bind-try", $0, $0] }
        line += [
            "--bind", SandboxLaunch.Isolation.workingCopyToken, SandboxLaunch.Isolation.workingCopyToken,
            "--bind", SandboxLaunch.Isolation.homeToken, SandboxLaunch.Isolation.homeToken,
            "--ro-bind", SandboxLaunch.Isolation.taskFileToken, SandboxLaunch.Isolation.taskFileToken,
            "--remount-ro", "/", "--chdir", SandboxLaunch.Isolation.workingCopyToken, "--",
        ]
        return line
    }

    /// Makes `path` appear as it is here; nothing when it is not here.
    private static func show(_ path: String) -> [String] {
        var status = stat()
        guard lstat(path, &status) == 0 else { return [] }
        guard status.st_mode & S_IFMT == S_IFLNK else { return ["--ro-bind", path, path] }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink(path, &buffer, buffer.count - 1)
        guard length > 0 else { return [] }
        let target = String(decoding: buffer[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return ["--symlink", target, path]
    }

    /// Refuses read-only paths that would show what must stay hidden, or hide what must be shown.
    ///
    /// - Parameter home: `OMOI_HOME`.
    /// - Throws: ``Fault`` with one line that names the variable.
    static func check(readOnly: [String], home: String) throws(Fault) {
        for path in readOnly {
            guard path.hasPrefix("/"), path != "/", !path.hasSuffix("/"), !path.contains("/../") else {
                throw Fault.invalid("OMOI_SANDBOX_READ_ONLY", "'\(path)' is not an absolute path of a folder or file")
            }
            guard !contains(path, home), !contains(home, path) else {
                throw Fault.invalid(
                    "OMOI_SANDBOX_READ_ONLY",
                    "'\(path)' and OMOI_HOME '\(home)' lie within each other"
                )
            }
        }
        for path in system where contains(path, home) {
            throw Fault.invalid("OMOI_HOME", "'\(home)' lies in \(path), which every sandbox can read")
        }
    }

    private static func contains(_ folder: String, _ path: String) -> Bool {
        path == folder || path.hasPrefix(folder + "/")
    }
}
