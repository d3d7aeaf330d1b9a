import Contracts
import Glibc
import Kernel
import SandboxWorker
import TestSupport
import Testing

/// The worker around a real isolation.
@Suite(.timeLimit(.minutes(5)), .enabled(if: access("/usr/bin/bwrap", X_OK) == 0, "needs bubblewrap"))
struct BubblewrapTests {
    private let prefix =
        [
            "/usr/bin/bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/usr", "/usr",
            "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
            "--proc", "/proc", "--dev", "/dev",
        ]
        + ["{working-copy}", "{home}"].flatMap { ["--bind", $0, $0] }
        + ["--ro-bind", "{task-file}", "{task-file}", "--chdir", "{working-copy}", "--"]

    @Test func `agent and checks run inside, the rest of the directory is not there`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            // Longer than any thread that might have started the program lives idle.
            let script = """
                ls \(sandbox.directory) > inside.txt; cat "$OMOI_TASK_FILE" > task.txt
                git add .; git commit -qm inside; sleep 2; echo done
                """
            let assignment = sandbox.assignment(
                agent: shell(script),
                checks: [CheckSettings(name: "hidden", command: shell("! ls \(sandbox.directory)/token"))]
            )
            try await StandInGateway.serve(assignment) { gateway, url in
                try sandbox.prepare(gateway: url, prefix: prefix)
                #expect(try await sandbox.run() == .answered)
                let result = try #require(gateway.seen.results.first)
                #expect(result.failure == nil)
                #expect(try await sandbox.git("show \(assignment.branch):inside.txt") == "home\ntask.md\nwork\n")
                #expect(result.commits?.map(\.message) == ["inside"])
            }
        }
    }

    @Test func `an agent that clings to life dies inside too`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let script =
                "trap '' TERM; (setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' &); while :; do sleep 1; done"
            let assignment = sandbox.assignment(agent: ["/bin/sh", "-c", script], timeout: 3)
            try await StandInGateway.serve(assignment) { gateway, url in
                try sandbox.prepare(gateway: url, prefix: prefix)
                #expect(try await sandbox.run() == .answered)
                #expect(gateway.seen.results.first?.failure?.code == "timeout")
                let left = try await sh(
                    "grep -al '\(sandbox.directory)/home' /proc/[0-9]*/environ 2>/dev/null || true",
                    in: root
                )
                #expect(left.isEmpty)
            }
        }
    }
}
