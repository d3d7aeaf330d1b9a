import Contracts
import Glibc
import Kernel
import Storage
import ServiceKit
import TestSupport
import Testing

@testable import Orchestrator

@Suite(.timeLimit(.minutes(5))) struct SupervisionLoopTests {
    /// Starts one sandbox and runs the supervision around `body`.
    private func withSandbox(
        _ worker: StandInWorker,
        time: any TimeSource = SystemTime(),
        _ body: @Sendable (Bed, Identifier, SupervisionLoop) async throws -> Void
    ) async throws {
        try await withBed(worker, slots: 1, time: time) { bed in
            let workflow = FakeWorkflow(ready: 1)
            try await DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }.fill()
            let id = try #require(workflow.asked.first)
            let loop = SupervisionLoop(fleet: bed.fleet, interval: .milliseconds(20))
            try await bed.running([loop]) { try await body(bed, id, loop) }
        }
    }

    @Test func `a worker that ends without a result fails its sandbox`() async throws {
        try await withSandbox(.broken) { bed, id, _ in
            try await soon("it failed") { try await bed.state(id) == .failed }
            #expect(try await bed.types(id) == [.sandboxCreated, .sandboxRunning, .sandboxFailed])
            #expect(try await bed.events().last?.data.sandbox?.reason == "worker-exited")
        }
    }

    @Test func `an unanswered result is submitted again and again before the end is reported`() async throws {
        let worker = StandInWorker(
            run: "echo {} > spool/result.json",
            submit: "[ $(wc -l < submissions) -ge 2 ] && touch spool/answer.json"
        )
        try await withSandbox(worker) { bed, id, _ in
            try await soon("it is completed") { try await bed.state(id) == .completed }
            #expect(Written.lines("\(bed.fleet.directory(id).path)/submissions").count == 2)
            #expect(
                try await bed.types(id) == [.sandboxCreated, .sandboxRunning, .sandboxCompleting, .sandboxCompleted]
            )
        }
    }

    @Test func `a sandbox with an unanswered result keeps its slot and is in the inventory`() async throws {
        try await withSandbox(StandInWorker(run: "echo {} > spool/result.json", submit: "exit 1")) { bed, id, _ in
            try await soon("it is completing") { try await bed.state(id) == .completing }
            #expect(bed.fleet.freeSlots == 0)
            #expect(try await bed.fleet.store.live().map(\.id) == [id])
        }
    }

    @Test(arguments: ["rm -rf spool", "rm token", "rm sandbox.json"])
    func `a result that can never be submitted ends the waiting`(loss: String) async throws {
        let worker = StandInWorker(run: "echo {} > spool/result.json", submit: "\(loss); exit 1")
        try await withSandbox(worker) { bed, id, _ in
            try await soon("it failed") { try await bed.state(id) == .failed }
            #expect(try await bed.fleet.store.find(id)?.failure == "spool-lost")
        }
    }

    @Test func `the end of a worker frees its slot within tens of milliseconds`() async throws {
        try await withSandbox(.patient) { bed, id, _ in
            try await soon("it runs") { Written.exists(bed.fleet.directory(id).pidFile) }
            // What the machine takes to run a program and to notice its end now, under whatever load there is.
            let clock = ContinuousClock()
            let launcher = WorkerLauncher(environment: [:])
            let baseline = try await clock.measure { _ = try await launcher.run(["/bin/true"], limit: .seconds(60)) }
            let taken = try await clock.measure {
                try Written.touch("\(bed.fleet.directory(id).path)/finish")
                try await soon("the slot is free", every: .milliseconds(1)) { bed.fleet.freeSlots == 1 }
            }
            #expect(taken < baseline * 20 + .seconds(1))
        }
    }

    @Test func `the agent of a worker that was killed is killed too`() async throws {
        let worker = StandInWorker(
            run: "OMOI_TASK_FILE=$PWD/task.md setsid sleep 1000 & echo $! > agent; wait"
        )
        try await withSandbox(worker) { bed, id, _ in
            let directory = bed.fleet.directory(id)
            let agent = try await soon("the agent runs") {
                Written.lines("\(directory.path)/agent").first.flatMap { pid_t($0) }
            }
            let pid = try #require(Written.lines(directory.pidFile).first.flatMap { pid_t($0) })
            kill(pid, SIGKILL)
            try await soon("it failed") { try await bed.state(id) == .failed }
            #expect(ProcessTable.entry(of: agent)?.hasEnded ?? true)
        }
    }

    @Test func `a sandbox without activity is stopped as stalled, whatever the wall clock does`() async throws {
        let time = ManualTime()
        try await withSandbox(.endless, time: time) { bed, id, loop in
            try await soon("its first sign is seen") { bed.fleet.activity(of: id) != nil }
            time.jump(by: .seconds(86_400))
            try await loop.look()
            #expect(try await bed.fleet.store.find(id)?.stopReason == nil)
            time.advance(by: .seconds(590))
            try await loop.look()
            #expect(try await bed.fleet.store.find(id)?.stopReason == nil)
            time.advance(by: .seconds(20))
            try await soon("it failed") { try await bed.state(id) == .failed }
            #expect(try await bed.fleet.store.find(id)?.failure == "stalled")
        }
    }

    @Test func `activity keeps a sandbox going`() async throws {
        let time = ManualTime()
        try await withSandbox(.endless, time: time) { bed, id, loop in
            try await soon("its first sign is seen") { bed.fleet.activity(of: id) != nil }
            for round in 1...3 {
                time.advance(by: .seconds(590))
                try await soon("sign \(round) is seen") {
                    // Repeated, because times of files move in steps of some milliseconds.
                    try Written.touch("\(bed.fleet.directory(id).path)/activity")
                    try await loop.look()
                    return bed.fleet.activity(of: id) == time.now()
                }
            }
            #expect(try await bed.fleet.store.find(id)?.stopReason == nil)
        }
    }

    @Test func `a stop kills the worker, keeps its spool, and is harmless when repeated`() async throws {
        try await withSandbox(
            StandInWorker(run: "echo {} > spool/result.json; while true; do sleep 0.05; done")
        ) { bed, id, _ in
            try await soon("it has a result") { bed.fleet.directory(id).spool == .unanswered }
            for _ in 1...3 {
                try await bed.store.write { database in
                    let transaction = Transaction(
                        database,
                        now: .now(),
                        actor: .service("test"),
                        source: bed.fleet.store.source
                    )
                    _ = try StopSandboxHandler(fleet: bed.fleet)(
                        StopSandbox(sandboxID: id, reason: "cancelled"),
                        transaction
                    )
                    transaction.committed()
                }
            }
            try await soon("it failed") { try await bed.state(id) == .failed }
            #expect(
                try await bed.types(id) == [.sandboxCreated, .sandboxRunning, .sandboxCompleting, .sandboxFailed]
            )
            #expect(try await bed.fleet.store.find(id)?.failure == "cancelled")
            #expect(bed.fleet.directory(id).spool == .answered)
        }
    }
}
