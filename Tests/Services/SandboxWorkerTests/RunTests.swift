import Contracts
import Crypto
import Kernel
import SandboxWorker
import TestSupport
import Testing

/// The built worker, real git repositories and real agents; only the gateway is a stand-in.
@Suite(.timeLimit(.minutes(5)))
struct RunTests {
    @Test func `a task is done, checked, pushed and reported`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let script = """
                echo "starting $OMOI_TICKET_KEY"; echo oops >&2
                echo HELLO > greeting.txt; git commit -qam 'by the agent'
                printf 'a\\nb\\n' > new.txt; echo noise > ignored.log; git rm -q --cached greeting.txt; rm greeting.txt
                """
            let assignment = sandbox.assignment(
                agent: shell(script),
                checks: [CheckSettings(name: "tests", command: ["cat", "new.txt"])]
            )
            try await StandInGateway.serve(assignment) { gateway, url in
                try sandbox.prepare(gateway: url)
                #expect(try await sandbox.run() == .answered)
                let result = try #require(gateway.seen.results.first)
                #expect(gateway.seen.results.count == 1)
                #expect(gateway.seen.problems.isEmpty)
                #expect(gateway.seen.authorizations == ["Bearer \(StandInGateway.token)"])
                #expect(result.status == .completed)
                #expect(result.failure == nil)
                #expect(result.branch == assignment.branch)
                let tip = try await sandbox.git("rev-parse \(assignment.branch)")
                #expect(result.commits?.map(\.message) == ["by the agent", "ABC-12: Shout"])
                #expect(result.commits?.last.map { $0.sha + "\n" } == tip)
                #expect(
                    result.filesChanged == [
                        .init(path: "greeting.txt", action: .deleted, linesAdded: 0, linesRemoved: 1),
                        .init(path: "new.txt", action: .created, linesAdded: 2, linesRemoved: 0),
                    ]
                )
                let check = try #require(result.checks?.first)
                #expect(check.name == "tests" && check.exitCode == 0 && check.command == ["cat", "new.txt"])
                #expect(check.logDigest == SHA256.hash(data: Array("a\nb\n".utf8)).hexadecimal)
                #expect(try await sandbox.git("ls-tree --name-only \(assignment.branch)") == ".gitignore\nnew.txt\n")
                let message = try await sandbox.git("log -1 --format=%B \(assignment.branch)")
                #expect(message.contains("Omoi-Task: \(sandbox.taskID)\nOmoi-Attempt: 2\n"))
                #expect(try await sandbox.git("log --oneline main").split(separator: "\n").count == 1)
                #expect(try sandbox.answer()?.status == 200)
            }
        }
    }

    @Test func `what happens is reported, numbered without holes`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let assignment = sandbox.assignment(
                agent: shell("echo one; echo two >&2; printf three"),
                checks: [CheckSettings(name: "c", command: ["echo", "checked"])]
            )
            try await StandInGateway.serve(assignment) { gateway, url in
                try sandbox.prepare(gateway: url)
                #expect(try await sandbox.run() == .answered)
                let activities = gateway.seen.activities
                let numbers = Set(activities.map(\.sequence))
                #expect(numbers.min() == 1 && numbers.max() == numbers.count)
                #expect(activities.texts(of: .agentMessage).suffix(3) == ["one", "two", "three"])
                #expect(activities.texts(of: .commandOutput) == ["checked"])
                let kinds = Set(activities.map(\.eventType))
                #expect(
                    kinds.isSuperset(of: [
                        .sandboxHeartbeat, .agentStarted, .agentCompleted, .commandStarted, .commandCompleted,
                    ])
                )
                let completed = try #require(activities.first { $0.eventType == .agentCompleted })
                #expect(completed.eventData?["exit_code"] == .integer(0))
            }
        }
    }

    @Test func `defect 34: the agent sees its task and its place, never the token`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let script = """
                env > seen.env; cat "$OMOI_TASK_FILE" > seen.task; pwd > seen.pwd; ls -l /proc/self/fd > seen.fd
                cat /proc/$PPID/cmdline /proc/$PPID/environ > seen.parent
                """
            let prefix = ["/usr/bin/env", "SEEN={home}", "WHERE={working-copy}", "TEXT={task-file}"]
            let assignment = sandbox.assignment(agent: shell(script))
            try await StandInGateway.serve(assignment) { gateway, url in
                try sandbox.prepare(gateway: url, prefix: prefix)
                #expect(try await sandbox.run(environment: ["OMOI_SECRET": "x", "LANG": "C.UTF-8"]) == .answered)
                let branch = assignment.branch
                let seen = try await sandbox.git("show \(branch):seen.env").split(separator: "\n").map(String.init)
                let expected = [
                    "OMOI_TASK_FILE=\(sandbox.directory)/task.md", "OMOI_TASK_ID=\(sandbox.taskID)",
                    "OMOI_TASK_TITLE=Shout", "OMOI_TASK_DESCRIPTION=Say it louder.", "OMOI_TICKET_KEY=ABC-12",
                    "OMOI_TICKET_TITLE=Louder", "OMOI_PHASE=PHASE_IMPLEMENTATION", "OMOI_ATTEMPT=2",
                    "HOME=\(sandbox.directory)/home", "LANG=C.UTF-8", "SEEN=\(sandbox.directory)/home",
                    "WHERE=\(sandbox.directory)/work", "TEXT=\(sandbox.directory)/task.md",
                ]
                #expect(Set(seen).isSuperset(of: expected))
                let names = Set(seen.map { $0.prefix { $0 != "=" } })
                #expect(names.subtracting(expected.map { $0.prefix { $0 != "=" } }) == ["PATH", "PWD"])
                #expect(try await sandbox.git("show \(branch):seen.task").contains("Say it louder."))
                #expect(try await sandbox.git("show \(branch):seen.pwd") == "\(sandbox.directory)/work\n")
                for file in ["seen.env", "seen.fd", "seen.parent", "seen.task"] {
                    let text = try await sandbox.git("show \(branch):\(file)")
                    #expect(!text.contains(StandInGateway.token) && !text.contains("/token"))
                }
                #expect(sandbox.content("sandbox/worker.log")?.contains(StandInGateway.token) == false)
                #expect(gateway.seen.activities.allSatisfy { !"\($0)".contains(StandInGateway.token) })
            }
        }
    }

    @Test func `the work of the tasks before is merged in order`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            for name in ["a", "b"] {
                try await sh(
                    """
                    git checkout -q -b omoi/x/\(name) main; echo \(name) > \(name).txt
                    git add .; \(sandbox.commit(name))
                    """,
                    in: sandbox.origin
                )
            }
            try await sh("git checkout -q main", in: sandbox.origin)
            let assignment = sandbox.assignment(
                agent: shell("cat a.txt b.txt > both.txt"),
                bases: ["omoi/x/a", "omoi/x/b"]
            )
            try await StandInGateway.serve(assignment) { gateway, url in
                try sandbox.prepare(gateway: url)
                #expect(try await sandbox.run() == .answered)
                let result = try #require(gateway.seen.results.first)
                #expect(result.status == .completed)
                #expect(result.filesChanged.map(\.path) == ["both.txt"])
                #expect(result.commits?.count == 1)
                #expect(try await sandbox.git("show \(assignment.branch):both.txt") == "a\nb\n")
            }
        }
    }

    @Test func `an empty repository gets its first commit`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root, isEmpty: true)
            let assignment = sandbox.assignment(agent: shell("echo 1 > first.txt"))
            try await StandInGateway.serve(assignment) { gateway, url in
                try sandbox.prepare(gateway: url)
                #expect(try await sandbox.run() == .answered)
                #expect(gateway.seen.results.first?.status == .completed)
                #expect(gateway.seen.results.first?.filesChanged.map(\.path) == ["first.txt"])
                #expect(try await sandbox.git("ls-tree --name-only \(assignment.branch)") == "first.txt\n")
            }
        }
    }

    @Test func `a project without a repository works in an empty folder`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let assignment = sandbox.assignment(
                agent: shell("mkdir d; echo 1 > d/made.txt"),
                repository: .some(nil)
            )
            try await StandInGateway.serve(assignment) { gateway, url in
                try sandbox.prepare(gateway: url)
                #expect(try await sandbox.run() == .answered)
                let result = try #require(gateway.seen.results.first)
                #expect(result.status == .completed)
                #expect(result.filesChanged == [.init(path: "d/made.txt", action: .created)])
                #expect(result.branch == nil)
            }
        }
    }

    @Test func `a branch is pushed although nothing changed`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let assignment = sandbox.assignment(agent: ["true"])
            try await StandInGateway.serve(assignment) { gateway, url in
                try sandbox.prepare(gateway: url)
                #expect(try await sandbox.run() == .answered)
                #expect(gateway.seen.results.first?.commits == [])
                let (tip, main) = try await (
                    sandbox.git("rev-parse \(assignment.branch)"), sandbox.git("rev-parse main")
                )
                #expect(tip == main)
            }
        }
    }

    @Test func `history the agent rewrote becomes one commit on what it was given`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let script =
                "git checkout -q --orphan other; git rm -qrf .; echo 1 > only.txt; git add .; git commit -qm root"
            let assignment = sandbox.assignment(agent: shell(script))
            try await StandInGateway.serve(assignment) { gateway, url in
                try sandbox.prepare(gateway: url)
                #expect(try await sandbox.run() == .answered)
                #expect(gateway.seen.results.first?.commits?.map(\.message) == ["ABC-12: Shout"])
                let (parent, main) = try await (
                    sandbox.git("rev-parse \(assignment.branch)^"), sandbox.git("rev-parse main")
                )
                #expect(parent == main)
                #expect(try await sandbox.git("ls-tree --name-only \(assignment.branch)") == "only.txt\n")
            }
        }
    }
}

extension Digest {
    var hexadecimal: String { map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
}
