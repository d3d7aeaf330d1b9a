import Contracts
import Glibc
import Kernel
import Logging
import TestSupport
import Testing

@testable import Orchestrator

/// What every provider has to do, run against each.
@Suite(.timeLimit(.minutes(5))) struct ProviderConformanceTests {
    enum Kind: String, CaseIterable, Sendable { case process, bubblewrap }

    /// Runs `body` with a provider, a sandbox directory and its launch file's content.
    private func withProvider(
        _ kind: Kind,
        _ worker: StandInWorker?,
        _ body: (any SandboxProvider, SandboxDirectory, SandboxLaunch) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { home in
            let script = try worker?.install(in: home) ?? "\(home)/missing"
            let environment = ["PATH": "/usr/bin:/bin", "HOME": "/home/somebody", "OMOI_AMQP_URL": "amqp://secret"]
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let provider: any SandboxProvider =
                switch kind {
                case .process: ProcessProvider(worker: script, environment: environment, logger: logger)
                case .bubblewrap:
                    try BubblewrapProvider(
                        worker: script,
                        home: home,
                        readOnly: [],
                        environment: environment,
                        logger: logger
                    )
                }
            let id = Identifier.make()
            let directory = SandboxDirectory(home: home, id: id)
            let launch = SandboxLaunch(
                sandboxID: id,
                gatewayURL: "http://127.0.0.1:1",
                tokenFile: directory.tokenFile,
                isolation: provider.isolation
            )
            do {
                try await body(provider, directory, launch)
            } catch {
                await provider.stop(nil, in: directory)
                throw error
            }
            await provider.stop(provider.find(in: directory), in: directory)
        }
    }

    @Test(arguments: Kind.allCases) func `it proves that it works here`(kind: Kind) async throws {
        try await withProvider(kind, .quick) { provider, _, _ in
            try await provider.verify()
            #expect(provider.name == kind.rawValue)
            #expect(provider.isolation.kind.rawValue == kind.rawValue)
        }
    }

    @Test(arguments: Kind.allCases) func `a missing worker is refused in one line`(kind: Kind) async throws {
        try await withProvider(kind, nil) { provider, _, _ in
            let fault = try await #require(throws: Fault.self) { try await provider.verify() }
            #expect(fault.message.contains("OMOI_WORKER"))
            #expect(!fault.message.contains("\n"))
        }
    }

    @Test(arguments: Kind.allCases)
    func `the worker runs in a session of its own, apart from our files, input, output and secrets`(
        kind: Kind
    ) async throws {
        let worker = StandInWorker(
            run: """
                ls -l /proc/self/fd > descriptors; env > environment; cat > input; echo said; echo failed >&2
                until [ -e finish ]; do sleep 0.02; done
                """
        )
        try await withProvider(kind, worker) { provider, directory, launch in
            // Not close-on-exec, as a careless library would open it.
            let careless = open("/etc/passwd", O_RDONLY)
            defer { close(careless) }
            let handle = try await provider.create(launch, token: "secret", in: directory)
            try await soon("it said something") { Written.lines(directory.log).count == 2 }
            let identity = try #require(ProcessIdentity(handle))
            #expect(identity.entry?.session == identity.pid)
            #expect(Written.lines(directory.log) == ["said", "failed"])
            #expect(Written.mode(directory.log) == 0o600)
            #expect(LocalFile.read("\(directory.path)/input") == [])
            let variables = Written.lines("\(directory.path)/environment")
            #expect(variables.contains("HOME=/home/somebody"))
            #expect(!variables.contains { $0.hasPrefix("OMOI_") })
            #expect(!Written.lines("\(directory.path)/descriptors").contains { $0.contains("passwd") })
            try Written.touch("\(directory.path)/finish")
            await provider.waitForExit(of: handle)
            #expect(provider.liveness(of: handle) == .gone)
        }
    }

    @Test(arguments: Kind.allCases) func `a worker is found again by its directory alone`(kind: Kind) async throws {
        try await withProvider(kind, .patient) { provider, directory, launch in
            #expect(provider.find(in: directory) == nil)
            let handle = try await provider.create(launch, token: "secret", in: directory)
            // The kernel shows a process's command line a moment after it let its starter go on.
            try await soon("it is found") { provider.find(in: directory) == handle }
            #expect(provider.liveness(of: handle) == .alive)
            #expect(provider.find(in: SandboxDirectory(home: "/nowhere", id: launch.sandboxID)) == nil)
            try Written.touch("\(directory.path)/finish")
            await provider.waitForExit(of: handle)
            #expect(provider.find(in: directory) == nil)
        }
    }

    @Test(arguments: Kind.allCases) func `a second worker in the same directory refuses`(kind: Kind) async throws {
        try await withProvider(kind, .patient) { provider, directory, launch in
            let first = try await provider.create(launch, token: "secret", in: directory)
            try await soon("it runs") { Written.exists(directory.pidFile) }
            let second = try await provider.create(launch, token: "secret", in: directory)
            await provider.waitForExit(of: second)
            #expect(provider.liveness(of: first) == .alive)
            #expect(Written.lines("\(directory.path)/started").count == 1)
        }
    }

    @Test(arguments: Kind.allCases)
    func `a stop ends the whole session, also a child that ignores SIGTERM and has lost its parent`(
        kind: Kind
    ) async throws {
        let worker = StandInWorker(
            run: """
                trap '' TERM
                (trap '' TERM; (trap '' TERM; echo $BASHPID > orphan; while true; do sleep 0.05; done) & ) &
                wait
                while true; do sleep 0.05; done
                """
        )
        try await withProvider(kind, worker) { provider, directory, launch in
            let handle = try await provider.create(launch, token: "secret", in: directory)
            let orphan = try await soon("the orphan runs") {
                Written.lines("\(directory.path)/orphan").first.flatMap { pid_t($0) }
            }
            let start = ContinuousClock.now
            await provider.stop(handle, in: directory)
            #expect(ContinuousClock.now - start < ProcessTree.patience * 3)
            #expect(provider.liveness(of: handle) == .gone)
            #expect(ProcessTable.entry(of: orphan)?.hasEnded ?? true)
            #expect(Written.exists(directory.launchFile))
            await provider.stop(handle, in: directory)
        }
    }

    @Test(arguments: Kind.allCases) func `a worker that obeys SIGTERM is not killed`(kind: Kind) async throws {
        let worker = StandInWorker(run: "trap 'echo stopped > word; exit 0' TERM; while true; do sleep 0.02; done")
        try await withProvider(kind, worker) { provider, directory, launch in
            let handle = try await provider.create(launch, token: "secret", in: directory)
            try await soon("it runs") { Written.exists("\(directory.path)/home") }
            await provider.stop(handle, in: directory)
            #expect(Written.lines("\(directory.path)/word") == ["stopped"])
        }
    }

    @Test(arguments: Kind.allCases) func `a submission says whether something is left`(kind: Kind) async throws {
        let worker = StandInWorker(run: "true", submit: "[ -e gateway ]")
        try await withProvider(kind, worker) { provider, directory, launch in
            let handle = try await provider.create(launch, token: "secret", in: directory)
            await provider.waitForExit(of: handle)
            #expect(await !provider.submit(in: directory))
            try Written.touch("\(directory.path)/gateway")
            #expect(await provider.submit(in: directory))
        }
    }

    @Test(arguments: Kind.allCases)
    func `a directory is removed with write-protected folders in it, and removing it again is fine`(
        kind: Kind
    ) async throws {
        let worker = StandInWorker(
            run: "mkdir -p home/cache/module; touch home/cache/module/file; chmod -R a-w home/cache"
        )
        try await withProvider(kind, worker) { provider, directory, launch in
            let handle = try await provider.create(launch, token: "secret", in: directory)
            await provider.waitForExit(of: handle)
            try await provider.remove(directory)
            #expect(!directory.exists)
            try await provider.remove(directory)
        }
    }
}
