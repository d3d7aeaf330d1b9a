import Contracts
import Glibc
import Kernel
import SandboxWorker
import TestSupport
import Testing

/// The result reaches the gateway exactly once, whatever happens in between.
@Suite(.timeLimit(.minutes(5)))
struct DeliveryTests {
    private let agent = shell("echo 1 > f")

    @Test func `a gateway that is away is waited for`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let port = try FreePort.find()
            try sandbox.prepare(gateway: "http://127.0.0.1:\(port)")
            let worker = try sandbox.start(environment: ["OMOI_LOG_LEVEL": "debug"])
            try await eventually("the worker has failed to reach it") {
                sandbox.content("sandbox/worker.log")?.contains("could not be fetched") == true
            }
            try await StandInGateway.serve(sandbox.assignment(agent: agent), port: port) { gateway, _ in
                let exit = try await worker.end()
                #expect(exit == .answered)
                #expect(gateway.seen.results.first?.status == .completed)
            }
        }
    }

    @Test func `the same result is submitted until there is a final answer`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let behaviour = StandInGateway.Behaviour(taskStatuses: [503, 429, 500], resultStatuses: [503, 429, 500])
            try await StandInGateway.serve(sandbox.assignment(agent: agent), behaviour) { gateway, url in
                try sandbox.prepare(gateway: url)
                #expect(try await sandbox.run() == .answered)
                #expect(gateway.seen.taskRequests == 4)
                #expect(gateway.seen.results.count == 4)
                #expect(gateway.seen.results.allSatisfy { $0 == gateway.seen.results[0] })
                #expect(try sandbox.answer()?.status == 200)
            }
        }
    }

    @Test(arguments: [409, 401, 403, 404])
    func `a final refusal of the result ends the work`(status: Int) async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let behaviour = StandInGateway.Behaviour(resultStatuses: [status])
            try await StandInGateway.serve(sandbox.assignment(agent: agent), behaviour) { gateway, url in
                try sandbox.prepare(gateway: url)
                #expect(try await sandbox.run() == .answered)
                #expect(gateway.seen.results.count == 1)
                let answer = try #require(try sandbox.answer())
                #expect(answer.status == status)
                if status == 409 { #expect(answer.body?["code"] == .string("attempt-superseded")) }
            }
        }
    }

    @Test(arguments: [[422], [422, 503], [422, 422]])
    func `a malformed result is replaced by a minimal one, once`(statuses: [Int]) async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let behaviour = StandInGateway.Behaviour(resultStatuses: statuses)
            try await StandInGateway.serve(sandbox.assignment(agent: agent), behaviour) { gateway, url in
                try sandbox.prepare(gateway: url)
                #expect(try await sandbox.run() == .answered)
                let results = gateway.seen.results
                #expect(results.count == (statuses == [422, 503] ? 3 : 2))
                #expect(results.first?.status == .completed)
                for minimal in results.dropFirst() {
                    #expect(minimal.status == .failed)
                    #expect(minimal.failure?.code == "result-refused")
                    #expect(minimal.commits == nil && minimal.filesChanged.isEmpty)
                }
                #expect(try sandbox.answer()?.status == (statuses == [422, 422] ? 422 : 200))
            }
        }
    }

    @Test func `a worker killed after the spool was written loses nothing`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            try await StandInGateway.serve(sandbox.assignment(agent: agent)) { gateway, url in
                try sandbox.prepare(gateway: url)
                let worker = try sandbox.start(environment: ["OMOI_FAULT_POINT": "worker-after-spool"])
                let killed = try await worker.waitForExit()
                #expect(killed == 128 + SIGKILL)
                #expect(gateway.seen.results.isEmpty)
                #expect(try await sandbox.run("submit") == .answered)
                #expect(gateway.seen.results.map(\.status) == [.completed])
                #expect(try sandbox.answer()?.status == 200)
                #expect(try await sandbox.run("submit") == .answered)
                #expect(try await sandbox.run("run") == .answered)
                #expect(gateway.seen.results.count == 1)
            }
        }
    }

    @Test func `a worker killed while it submits loses nothing`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let behaviour = StandInGateway.Behaviour(resultStatuses: .init(repeating: 503, count: 3))
            try await StandInGateway.serve(sandbox.assignment(agent: agent), behaviour) { gateway, url in
                try sandbox.prepare(gateway: url)
                let worker = try sandbox.start()
                try await eventually("a submission was tried") { !gateway.seen.results.isEmpty }
                try await worker.kill()
                #expect(try sandbox.answer() == nil)
                #expect(try await sandbox.run("submit") == .answered)
                #expect(gateway.seen.results.allSatisfy { $0 == gateway.seen.results[0] })
            }
        }
    }

    @Test func `a stopped submit says that the result is still there`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let behaviour = StandInGateway.Behaviour(resultStatuses: .init(repeating: 503, count: 1000))
            try await StandInGateway.serve(sandbox.assignment(agent: agent), behaviour) { gateway, url in
                try sandbox.prepare(gateway: url)
                let worker = try sandbox.start()
                try await eventually("a submission was tried") { !gateway.seen.results.isEmpty }
                worker.signal(SIGTERM)
                #expect(try await worker.end() == .unanswered)
                let tried = gateway.seen.results.count
                let submit = try sandbox.start("submit")
                try await eventually("submit has tried") { gateway.seen.results.count > tried }
                submit.signal(SIGTERM)
                #expect(try await submit.end() == .failed)
                #expect(try sandbox.answer() == nil)
            }
        }
    }

    @Test func `a worker whose directory is removed ends, with its agent`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let assignment = sandbox.assignment(agent: shell("echo $$ > \(root)/agent; exec sleep 1000"))
            try await StandInGateway.serve(assignment) { gateway, url in
                try sandbox.prepare(gateway: url)
                let worker = try sandbox.start()
                let agent = try await eventually("the agent works") {
                    sandbox.content("agent").flatMap { pid_t($0.dropLast()) }
                }
                try await sh("rm -rf sandbox", in: root)
                _ = try await worker.end()
                #expect(kill(agent, 0) != 0)
            }
        }
    }

    @Test func `a worker whose directory is removed no longer waits for its gateway`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            try sandbox.prepare(gateway: "http://127.0.0.1:\(try FreePort.find())")
            let worker = try sandbox.start()
            try await eventually("the worker has begun") { sandbox.content("sandbox/pid") != nil }
            try await sh("rm -rf sandbox", in: root)
            #expect(try await worker.end() == .stopped)
        }
    }

    @Test func `there may be nothing to submit`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            try sandbox.prepare(gateway: "http://127.0.0.1:1")
            #expect(try await sandbox.run("submit") == .nothingToSubmit)
        }
    }

    @Test(arguments: [401, 403, 404, 409])
    func `a task that is not handed out is not worked on`(status: Int) async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let behaviour = StandInGateway.Behaviour(taskStatuses: [status])
            try await StandInGateway.serve(sandbox.assignment(agent: agent), behaviour) { gateway, url in
                try sandbox.prepare(gateway: url)
                #expect(try await sandbox.run() == .refused)
                #expect(gateway.seen.results.isEmpty)
            }
        }
    }

    @Test(arguments: [403, 422, 500])
    func `activities that fail never fail the task`(status: Int) async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let behaviour = StandInGateway.Behaviour(eventStatus: status)
            try await StandInGateway.serve(sandbox.assignment(agent: agent), behaviour) { gateway, url in
                try sandbox.prepare(gateway: url)
                #expect(try await sandbox.run() == .answered)
                #expect(gateway.seen.results.map(\.status) == [.completed])
            }
        }
    }

    @Test func `a second worker in the same directory is refused`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let assignment = sandbox.assignment(agent: shell("while [ ! -e go ]; do sleep 0.05; done; rm go"))
            try await StandInGateway.serve(assignment) { gateway, url in
                try sandbox.prepare(gateway: url)
                let worker = try sandbox.start()
                try await eventually("the agent works") {
                    gateway.seen.activities.contains { $0.eventType == .agentStarted }
                }
                #expect(sandbox.content("sandbox/pid") == "\(worker.processID)\n")
                #expect(try await sandbox.run() == .busy)
                #expect(try await sandbox.run("submit") == .busy)
                #expect(sandbox.content("sandbox/pid") == "\(worker.processID)\n")
                try sandbox.write([], to: "work/go")
                #expect(try await worker.end() == .answered)
                #expect(gateway.seen.results.map(\.status) == [.completed])
            }
        }
    }

    @Test func `an attempt interrupted in the middle is not begun again`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let assignment = sandbox.assignment(agent: shell("echo x >> ../runs; echo $$ > ../agent; exec sleep 1000"))
            try await StandInGateway.serve(assignment) { gateway, url in
                try sandbox.prepare(gateway: url)
                let worker = try sandbox.start()
                let agent = try await eventually("the agent works") {
                    sandbox.content("sandbox/agent").flatMap { pid_t($0.dropLast()) }
                }
                defer { kill(agent, SIGKILL) }
                try await worker.kill()
                #expect(try await sandbox.run() == .answered)
                #expect(gateway.seen.results.map { $0.failure?.code } == ["worker-lost"])
                #expect(sandbox.content("sandbox/runs") == "x\n")
            }
        }
    }

    @Test(arguments: [["run"], [], ["fly", "/tmp"], ["run", "/nonexistent/directory"], ["run", "/tmp", "more"]])
    func `a wrong command line is refused`(arguments: [String]) async throws {
        try await withTemporaryDirectory { root in
            let worker = try ChildProcess(
                try BuiltExecutable.path("omoi-sandbox-worker"),
                arguments,
                logPath: "\(root)/log"
            )
            #expect(try await worker.end() == .usage)
        }
    }

    @Test(arguments: ["sandbox.json", "token"])
    func `a directory without its files is refused`(missing: String) async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            try sandbox.prepare(gateway: "http://127.0.0.1:1")
            #expect(unlink("\(sandbox.directory)/\(missing)") == 0)
            #expect(try await sandbox.run() == .usage)
            #expect(sandbox.content("sandbox/worker.log")?.contains(missing) == true)
        }
    }
}
