import Contracts
import Glibc
import Kernel
import SandboxWorker
import TestSupport
import Testing

/// How attempts fail: each ending has its own domain and code, and what was left is kept.
@Suite(.timeLimit(.minutes(5)))
struct EndingTests {
    /// Runs one attempt and returns the reported result.
    private func result(
        of sandbox: SandboxFixture,
        _ assignment: Assignment,
        environment: [String: String] = [:]
    ) async throws -> (ResultSubmission, [ActivityReport.Item]) {
        try await StandInGateway.serve(assignment) { gateway, url in
            try sandbox.prepare(gateway: url)
            #expect(try await sandbox.run(environment: environment) == .answered)
            #expect(gateway.seen.problems.isEmpty)
            let result = try #require(gateway.seen.results.first)
            #expect(result.status == .failed)
            return (result, gateway.seen.activities)
        }
    }

    @Test(arguments: [
        "/nonexistent/repository", "--upload-pack=touch pwned", "ext::sh -c 'touch pwned'",
        "http://user:geheim@127.0.0.1:1/repository.git",
    ])
    func `an unreachable repository is said in one line without credentials`(address: String) async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let (result, _) = try await result(
                of: sandbox,
                sandbox.assignment(agent: ["true"], repository: address)
            )
            #expect(result.failure?.domain == .task)
            #expect(result.failure?.code == "repository-unreachable")
            let message = try #require(result.failure?.message)
            #expect(!message.contains("geheim") && !message.contains("\n"))
            #expect(try await sh("find . -name pwned", in: root).isEmpty)
        }
    }

    @Test func `a conflict names the files`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            for name in ["a", "b"] {
                try await sh(
                    "git checkout -q -b omoi/x/\(name) main; echo \(name) > greeting.txt; \(sandbox.commit(name)) -a",
                    in: sandbox.origin
                )
            }
            let (result, _) = try await result(
                of: sandbox,
                sandbox.assignment(agent: ["true"], bases: ["omoi/x/a", "omoi/x/b"])
            )
            #expect(result.failure?.domain == .task)
            #expect(result.failure?.code == "merge-conflict")
            #expect(result.failure?.message.contains("greeting.txt") == true)
        }
    }

    @Test(arguments: [("no/such", "base-branch-missing"), (nil, "default-branch-missing")])
    func `a branch that is not there is named`(base: String?, code: String) async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            var assignment = sandbox.assignment(agent: ["true"], bases: base.map { [$0] } ?? [])
            if base == nil { assignment.defaultBranch = "trunk" }
            let (result, _) = try await result(of: sandbox, assignment)
            #expect(result.failure?.domain == .task)
            #expect(result.failure?.code == code)
            #expect(result.failure?.message.contains(base ?? "trunk") == true)
        }
    }

    @Test func `a failing agent's leftovers are kept on a branch of their own`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let assignment = sandbox.assignment(
                agent: shell("echo half > half.txt; exit 3"),
                checks: [CheckSettings(name: "c", command: ["true"])]
            )
            let (result, _) = try await result(of: sandbox, assignment)
            #expect(result.failure?.domain == .agent)
            #expect(result.failure?.code == "agent-exit")
            #expect(result.failure?.message.contains("3") == true)
            #expect(result.checks == [])
            #expect(result.branch == "wip/\(assignment.branch)")
            #expect(try await sandbox.git("show wip/\(assignment.branch):half.txt") == "half\n")
            #expect(try await sandbox.git("branch --list \(assignment.branch)").isEmpty)
        }
    }

    @Test func `defect 13: a failing check is named, the others run too`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let assignment = sandbox.assignment(
                agent: shell("echo 1 > f"),
                checks: [
                    CheckSettings(name: "good", command: ["true"]),
                    CheckSettings(name: "bad", command: shell("exit 9")),
                    CheckSettings(name: "after", command: ["test", "-f", "f"]),
                ]
            )
            let (result, _) = try await result(of: sandbox, assignment)
            #expect(result.failure?.domain == .agent)
            #expect(result.failure?.code == "check-failed")
            #expect(result.failure?.message.contains("'bad'") == true)
            #expect(result.checks?.map(\.exitCode) == [0, 9, 0])
            #expect(result.branch == "wip/\(assignment.branch)")
        }
    }

    @Test func `an agent that clings to life dies with everything it started`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            // A grandchild in a session of its own, and one whose parent is gone; both hold the output open.
            let script = """
                trap '' TERM; echo $$ > pids
                setsid sh -c 'trap "" TERM; echo $$ >> pids; while :; do sleep 1; done' &
                (setsid sh -c 'trap "" TERM; echo $$ >> pids; while :; do sleep 1; done' &) &
                while :; do sleep 1; done
                """
            let assignment = sandbox.assignment(agent: ["/bin/sh", "-c", script], timeout: 2)
            let (result, _) = try await result(of: sandbox, assignment)
            #expect(result.failure?.domain == .agent)
            #expect(result.failure?.code == "timeout")
            let pids = try #require(sandbox.content("sandbox/work/pids")).split(separator: "\n").compactMap {
                pid_t($0)
            }
            #expect(pids.count == 3)
            for pid in pids { #expect(kill(pid, 0) != 0, "\(pid) is alive") }
        }
    }

    @Test func `what an agent leaves running dies before the checks`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let assignment = sandbox.assignment(
                agent: ["/bin/sh", "-c", "setsid sleep 1000 & echo $! > pid"],
                checks: [CheckSettings(name: "dead", command: shell("! kill -0 $(cat pid)"))]
            )
            try await StandInGateway.serve(assignment) { gateway, url in
                try sandbox.prepare(gateway: url)
                #expect(try await sandbox.run() == .answered)
                #expect(gateway.seen.results.first?.status == .completed)
            }
        }
    }

    @Test func `an agent that is not configured says what to set`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let (result, _) = try await result(of: sandbox, sandbox.assignment(agent: []))
            #expect(result.failure?.domain == .task)
            #expect(result.failure?.code == "agent-not-configured")
            #expect(result.failure?.message.contains("settings.agent.command") == true)
        }
    }

    @Test(arguments: ["no-such-program-at-all", "./missing.sh"])
    func `an agent that cannot be started is named`(program: String) async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let (result, _) = try await result(of: sandbox, sandbox.assignment(agent: [program]))
            #expect(result.failure?.domain == .task)
            #expect(result.failure?.code == "agent-not-started")
            #expect(result.failure?.message.contains(program) == true)
        }
    }

    @Test func `SIGTERM stops the agent, keeps its work and reports`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let assignment = sandbox.assignment(agent: shell("echo half > half.txt; exec sleep 1000"))
            try await StandInGateway.serve(assignment) { gateway, url in
                try sandbox.prepare(gateway: url)
                let worker = try sandbox.start()
                try await eventually("the agent works") { sandbox.content("sandbox/work/half.txt") == "half\n" }
                worker.signal(SIGTERM)
                #expect(try await worker.end() == .answered)
                let result = try #require(gateway.seen.results.first)
                #expect(result.status == .failed)
                #expect(result.failure?.domain == .platform)
                #expect(result.failure?.code == "stopped")
                #expect(try await sandbox.git("show wip/\(assignment.branch):half.txt") == "half\n")
            }
        }
    }

    @Test func `a flood of output stays bounded and says so`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let script = """
                head -c 3000000 /dev/zero | tr '\\0' x; echo
                i=0; while [ $i -lt 20 ]; do seq 10000; i=$((i+1)); done; echo last; exit 1
                """
            let (_, activities) = try await result(of: sandbox, sandbox.assignment(agent: shell(script)))
            let lines = activities.filter { $0.eventType == .agentMessage }
            #expect(lines.count < Limits.activityBuffer)
            #expect(
                lines.allSatisfy { (try? ContractCoder.encode($0).count) ?? .max < Limits.activityLineBytes + 1000 }
            )
            #expect(lines.contains { $0.eventData?["truncated"] == .bool(true) })
            #expect(lines.contains { $0.eventData?["omitted"] != nil })
            // A report whose answer was lost comes again with the same numbers.
            let numbers = Set(activities.map(\.sequence))
            #expect(numbers.max() == numbers.count)
        }
    }
}
