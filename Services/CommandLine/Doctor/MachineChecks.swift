import Glibc
import Kernel

/// What a machine needs before anything runs.
package enum MachineChecks {
    /// All of them, in the order they are shown.
    package static func run(home: Home) async throws -> [Finding] {
        [
            try await swift(), library(), server(), try await bubblewrap(), try await git(), disk(home),
        ]
    }

    private static func swift() async throws -> Finding {
        let fix = "install Swift 6.1 or newer from https://www.swift.org/install (only needed to build)"
        switch try await Tool.run("swift", ["--version"]) {
        case .missing: return .warn("swift", "is not in the PATH", fix: fix)
        case .broken(let text): return .warn("swift", "does not run: \(text)", fix: fix)
        case .works(let text):
            guard let version = version(in: text) else { return .warn("swift", "says '\(text)'", fix: fix) }
            return version >= (6, 1) ? .ok("swift", text) : .warn("swift", "is too old: \(text)", fix: fix)
        }
    }

    /// The first `<major>.<minor>` after the word "version".
    static func version(in text: String) -> (Int, Int)? {
        let words = text.split(separator: " ")
        guard let index = words.firstIndex(of: "version"), index + 1 < words.count else { return nil }
        let numbers = words[index + 1].split(separator: ".").map { $0.prefix { $0.isNumber } }.compactMap { Int($0) }
        return numbers.count >= 2 ? (numbers[0], numbers[1]) : nil
    }

    private static func library() -> Finding {
        guard let handle = dlopen("librabbitmq.so.4", RTLD_LAZY) else {
            return .fail("librabbitmq", "is missing", fix: "apt-get install librabbitmq4")
        }
        defer { dlclose(handle) }
        typealias Version = @convention(c) () -> UnsafePointer<CChar>
        guard let symbol = dlsym(handle, "amqp_version") else { return .ok("librabbitmq", "is there") }
        return .ok("librabbitmq", String(cString: unsafeBitCast(symbol, to: Version.self)()))
    }

    private static func server() -> Finding {
        let places = ["/usr/lib/rabbitmq/bin/rabbitmq-server"] + [Tool.path(of: "rabbitmq-server")].compactMap { $0 }
        if let path = places.first(where: Files.isExecutable) { return .ok("rabbitmq-server", path) }
        guard Surroundings.current.variable("OMOI_AMQP_URL") == nil else {
            return .ok("rabbitmq-server", "is not installed; OMOI_AMQP_URL names a broker elsewhere")
        }
        return .fail(
            "rabbitmq-server",
            "is not installed",
            fix: "apt-get install rabbitmq-server, or set OMOI_AMQP_URL to a broker that runs"
        )
    }

    /// Starts a process in namespaces of its own, as the orchestrator does for agents.
    private static func bubblewrap() async throws -> Finding {
        guard Surroundings.current.variable("OMOI_SANDBOX_PROVIDER") != "process" else {
            return .warn(
                "bwrap",
                "is not used: OMOI_SANDBOX_PROVIDER=process runs agents without isolation",
                fix: "unset OMOI_SANDBOX_PROVIDER"
            )
        }
        let arguments = [
            "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
            "--tmpfs", "/tmp", "/bin/true",
        ]
        switch try await Tool.run("bwrap", arguments) {
        case .works: return .ok("bwrap", "makes sandboxes")
        case .missing: return .fail("bwrap", "is not installed", fix: "apt-get install bubblewrap")
        case .broken(let text):
            return .fail(
                "bwrap",
                "cannot make a sandbox: \(text)",
                fix: "allow user namespaces: sysctl -w kernel.unprivileged_userns_clone=1"
                    + " (and kernel.apparmor_restrict_unprivileged_userns=0 where that exists)"
            )
        }
    }

    private static func git() async throws -> Finding {
        switch try await Tool.run("git", ["--version"]) {
        case .works(let text): .ok("git", text)
        case .missing: .fail("git", "is not installed", fix: "apt-get install git")
        case .broken(let text): .fail("git", "does not run: \(text)", fix: "apt-get install --reinstall git")
        }
    }

    private static func disk(_ home: Home) -> Finding {
        guard let free = Files.freeBytes(at: home.path) else {
            return .warn("disk", "cannot tell the free space at \(home.path)", fix: "check OMOI_HOME")
        }
        let text = "\(free >> 20) MiB free at \(home.path)"
        let fix = "make room, or set OMOI_HOME to a larger disk"
        if free < 200 << 20 { return .fail("disk", text, fix: fix) }
        return free < 2 << 30 ? .warn("disk", text, fix: fix) : .ok("disk", text)
    }
}
