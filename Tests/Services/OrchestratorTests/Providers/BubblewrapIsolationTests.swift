import Contracts
import Glibc
import Kernel
import Logging
import TestSupport
import Testing

@testable import Orchestrator

/// What a command can do inside the isolation, tried with the real `bwrap`.
@Suite(.timeLimit(.minutes(5))) struct BubblewrapIsolationTests {
    struct Place: Sendable {
        var provider: BubblewrapProvider
        var launcher: WorkerLauncher
        var home: String
        var directory: SandboxDirectory
        /// Another sandbox of the same orchestrator.
        var other: SandboxDirectory

        func line(_ script: String) -> [String] {
            provider.isolation.commandLine(
                for: ["/bin/bash", "-c", script],
                workingCopy: directory.workingCopy,
                home: directory.agentHome,
                taskFile: directory.taskFile
            )
        }

        /// Runs a script inside.
        ///
        /// - Returns: its exit status and what it said.
        func run(_ script: String) async throws -> (status: Int32?, output: String) {
            let log = "\(home)/output"
            unlink(log)
            let status = try await launcher.run(line(script), log: log, limit: .seconds(30))
            return (status, String(decoding: LocalFile.read(log) ?? [], as: UTF8.self))
        }
    }

    private func withPlace(readOnly: [String] = [], _ body: (Place) async throws -> Void) async throws {
        try await withTemporaryDirectory { home in
            let worker = try StandInWorker.quick.install(in: home)
            let provider = try BubblewrapProvider(
                worker: worker,
                home: home,
                readOnly: readOnly,
                environment: ["PATH": "/usr/bin"],
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            try await provider.verify()
            let place = Place(
                provider: provider,
                launcher: WorkerLauncher(environment: [:]),
                home: home,
                directory: SandboxDirectory(home: home, id: .make()),
                other: SandboxDirectory(home: home, id: .make())
            )
            for directory in [place.directory, place.other] {
                let launch = SandboxLaunch(
                    sandboxID: .make(),
                    gatewayURL: "",
                    tokenFile: directory.tokenFile,
                    isolation: provider.isolation
                )
                try directory.prepare(launch, token: "marker-secret")
                for folder in [directory.workingCopy, directory.agentHome, "\(directory.path)/spool"] {
                    try LocalFile.createDirectory(folder)
                }
                try LocalFile.write(Array("do it\n".utf8), to: directory.taskFile)
                try LocalFile.write([], to: directory.result)
            }
            try await body(place)
        }
    }

    @Test func `it can work in its working copy and its home, and read its task`() async throws {
        try await withPlace { place in
            let scratch = "/tmp/omoi-scratch-\(Identifier.make())"
            let script = """
                set -e; pwd; cat \(place.directory.taskFile)
                echo made > file; echo kept > \(place.directory.agentHome)/note
                echo scratch > \(scratch)
                """
            let result = try await place.run(script)
            #expect(result.status == 0, "\(result.output)")
            #expect(result.output == "\(place.directory.workingCopy)\ndo it\n")
            #expect(Written.lines("\(place.directory.workingCopy)/file") == ["made"])
            #expect(Written.lines("\(place.directory.agentHome)/note") == ["kept"])
            #expect(!Written.exists(scratch))
        }
    }

    @Test func `it cannot write anywhere else`() async throws {
        try await withPlace { place in
            let places = [
                "/", "/usr", "/bin", "/etc", "/var", "/opt", "/root", "/home", "/run", "/proc",
            ]
            for folder in places {
                let result = try await place.run("echo no > \(folder)/omoi-test")
                #expect(result.status != 0, "\(folder)")
                #expect(!Written.exists("\(folder)/omoi-test"))
            }
            let result = try await place.run("echo no > \(place.directory.taskFile)")
            #expect(result.status != 0)
            #expect(Written.lines(place.directory.taskFile) == ["do it"])
            // What it makes beside its own folders is made in a file system of its own.
            _ = try await place.run("echo no > \(place.directory.path)/omoi-test")
            #expect(!Written.exists("\(place.directory.path)/omoi-test"))
        }
    }

    @Test func `it sees neither token nor launch file nor spool nor log nor another sandbox nor our data`() async throws
    {
        try await withPlace { place in
            for path in [
                place.directory.tokenFile, place.directory.launchFile, place.directory.result, place.directory.log,
                place.other.path, place.other.tokenFile, "\(place.home)/data", "\(place.home)/stand-in-worker",
                "/root", "/home", "/etc/shadow", "/etc/hostname", "/var/lib", "/sys",
            ] {
                let result = try await place.run("cat \(path) 2>&1 || ls -A \(path)/. ")
                #expect(result.status != 0, "\(path): \(result.output)")
            }
            let listing = try await place.run("ls -A \(place.directory.path)")
            #expect(listing.output.split(separator: "\n").sorted() == ["home", "task.md", "work"])
            let search = try await place.run("grep -r marker-secret / --exclude-dir=proc --exclude-dir=usr 2>/dev/null")
            #expect(search.output.isEmpty)
        }
    }

    @Test func `it is nobody special and stays so`() async throws {
        try await withPlace { place in
            let result = try await place.run(
                "id -u; id -g; id -un; hostname; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status"
            )
            #expect(
                result.output == """
                    1000
                    1000
                    omoi
                    sandbox
                    CapEff:\t0000000000000000
                    CapBnd:\t0000000000000000
                    NoNewPrivs:\t1

                    """
            )
        }
    }

    @Test func `it has no network, not even ours on loopback, and sees no process of ours`() async throws {
        try await withPlace { place in
            let devices = try await place.run("tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '")
            #expect(devices.output == "lo\n")
            let port = try FreePort.find()
            let listener = try Listener(port: port)
            defer { listener.close() }
            #expect(try await place.run("exec 3<>/dev/tcp/127.0.0.1/\(port)").status != 0)
            #expect(try await place.run("exec 3<>/dev/tcp/192.0.2.1/80").status != 0)
            let processes = try await place.run("ls -d /proc/[0-9]* | wc -l")
            #expect((Int(processes.output.filter(\.isNumber)) ?? 99) < 6)
            #expect(try await place.run("kill -9 \(getpid())").status != 0)
        }
    }

    @Test func `configured paths are shown read-only, missing ones skipped`() async throws {
        try await withTemporaryDirectory { tools in
            try LocalFile.write(Array("tool\n".utf8), to: "\(tools)/tool")
            try await withPlace(readOnly: [tools, "/does/not/exist"]) { place in
                let result = try await place.run("cat \(tools)/tool; echo no > \(tools)/tool")
                #expect(result.output.hasPrefix("tool\n"))
                #expect(result.status != 0)
                #expect(Written.lines("\(tools)/tool") == ["tool"])
            }
        }
    }

    @Test(arguments: [
        (["relative"], "OMOI_SANDBOX_READ_ONLY"), (["/"], "OMOI_SANDBOX_READ_ONLY"),
        (["/srv"], "OMOI_SANDBOX_READ_ONLY"), (["/srv/omoi/data"], "OMOI_SANDBOX_READ_ONLY"),
        (["/srv/../srv/omoi"], "OMOI_SANDBOX_READ_ONLY"),
    ]) func `a path that would show what must stay hidden is refused`(paths: [String], name: String) throws {
        let fault = try #require(throws: Fault.self) {
            try BubblewrapPrefix.check(readOnly: paths, home: "/srv/omoi")
        }
        #expect(fault.message.contains(name))
    }

    @Test func `a home inside the readable system is refused`() throws {
        let fault = try #require(throws: Fault.self) {
            try BubblewrapPrefix.check(readOnly: [], home: "/usr/local/omoi")
        }
        #expect(fault.message.contains("OMOI_HOME"))
    }

    @Test(arguments: [
        ("bwrap: No permissions to create new namespace, likely because the kernel does not allow", "userns_clone"),
        ("bwrap: setting up uid map: Permission denied", "apparmor_restrict_unprivileged_userns"),
        ("bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", "apparmor_restrict_unprivileged_userns"),
        ("bwrap: Creating new namespace failed: nesting depth", "max_user_namespaces"),
        ("what", "OMOI_SANDBOX_PROVIDER"),
    ]) func `a bwrap that does not work is explained with its fix`(message: String, fix: String) {
        #expect(BubblewrapProvider.fix(message).contains(fix))
    }

    @Test func `everything inside dies with its worker, however it was detached`() async throws {
        try await withPlace { place in
            let script = """
                trap '' TERM HUP
                (trap '' TERM HUP; setsid bash -c 'trap "" TERM HUP; exec -a omoi-deep sleep 1000' &) &
                touch ready; while true; do sleep 0.05; done
                """
            let quoted = place.line(script).map { "'\($0.replacing("'", with: "'\\''"))'" }.joined(separator: " ")
            let worker = try place.launcher.start(
                ["/bin/bash", "-c", "\(quoted); true"],
                in: place.directory.path,
                log: place.directory.log
            )
            try await soon("it runs") { Written.exists("\(place.directory.workingCopy)/ready") }
            let tree = ProcessTree(worker: worker, directory: place.directory)
            let deep = try await soon("the detached one runs") {
                tree.members().first { ProcessTable.commandLine(of: $0.pid).first == "omoi-deep" }
            }
            kill(worker.pid, SIGKILL)
            try await soon("it is gone") { ProcessTable.entry(of: deep.pid)?.hasEnded ?? true }
        }
    }
}

/// A TCP port somebody listens on.
private struct Listener {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0, listen(descriptor, 1) == 0 else { throw Fault(.internalError, "cannot listen") }
    }

    func close() { Glibc.close(descriptor) }
}
