import Contracts
import Glibc
import Kernel
import TestSupport
import Testing

@testable import Orchestrator

/// What a second run finds of the first, which ended without a word at each of its steps.
@Suite(.timeLimit(.minutes(5))) struct ReadoptionTests {
    /// The first run until its end, then the second one on the same home.
    private func restart(
        _ worker: StandInWorker,
        workflow: FakeWorkflow,
        first: (Bed) async throws -> Void,
        second: (Bed) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { home in
            try await withBed(home: home, worker: worker, slots: 2, keepsRunning: true) { bed in try await first(bed) }
            try await withBed(home: home, worker: worker, slots: 2) { bed in try await second(bed) }
        }
    }

    private func runAgain(_ bed: Bed, _ workflow: FakeWorkflow, _ body: @Sendable () async throws -> Void) async throws
    {
        let undecided = try await Readoption(fleet: bed.fleet).run()
        let dispatch = DispatchLoop(fleet: bed.fleet, undecided: undecided) { try workflow.answer($0) }
        try await bed.running([dispatch, SupervisionLoop(fleet: bed.fleet)], body)
    }

    @Test func `a pending sandbox asks again with the same id`() async throws {
        let workflow = FakeWorkflow(ready: 1)
        workflow.loseAnswers(1)
        try await restart(.quick, workflow: workflow) { bed in
            try await DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }.fill()
        } second: { bed in
            try await runAgain(bed, workflow) {
                try await soon("it is completed") {
                    try await bed.events().contains { $0.type == .sandboxCompleted }
                }
            }
            #expect(workflow.claimed == 1)
            #expect(try await bed.sandboxes() == [try #require(workflow.asked.first)])
        }
    }

    @Test func `a running sandbox is supervised on, not started again`() async throws {
        let workflow = FakeWorkflow(ready: 1)
        try await restart(.patient, workflow: workflow) { bed in
            try await DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }.fill()
            let id = try #require(workflow.asked.first)
            try await soon("it runs") { Written.exists(bed.fleet.directory(id).pidFile) }
        } second: { bed in
            let id = try #require(workflow.asked.first)
            try await runAgain(bed, workflow) {
                // The dispatch takes the other slot for as long as it asks.
                try await soon("the other slot is free") { bed.fleet.freeSlots == 1 }
                try Written.touch("\(bed.fleet.directory(id).path)/finish")
                try await soon("it is completed") { try await bed.state(id) == .completed }
            }
            #expect(Written.lines("\(bed.fleet.directory(id).path)/started").count == 1)
            #expect(bed.fleet.freeSlots == 2)
        }
    }

    @Test func `a worker that was started but not noted is found by its command line and not started twice`()
        async throws
    {
        let workflow = FakeWorkflow(ready: 1)
        try await restart(.patient, workflow: workflow) { bed in
            let id = try await startWithoutNote(bed, workflow)
            try await soon("it runs") { Written.exists(bed.fleet.directory(id).pidFile) }
        } second: { bed in
            let id = try #require(workflow.asked.first)
            try await runAgain(bed, workflow) {
                try await soon("it runs") { try await bed.state(id) == .running }
                try Written.touch("\(bed.fleet.directory(id).path)/finish")
                try await soon("it is completed") { try await bed.state(id) == .completed }
            }
            #expect(Written.lines("\(bed.fleet.directory(id).path)/started").count == 1)
            #expect(try await bed.types(id) == [.sandboxCreated, .sandboxRunning, .sandboxCompleted])
        }
    }

    @Test(arguments: [
        (StandInWorker.quick, Sandbox.State.completed), (.broken, .failed), (.unanswered, .completed),
    ]) func `a worker that ran and ended while nobody looked is judged by what it left`(
        worker: StandInWorker,
        state: Sandbox.State
    ) async throws {
        let workflow = FakeWorkflow(ready: 1)
        try await restart(worker, workflow: workflow) { bed in
            let id = try await startWithoutNote(bed, workflow)
            try await soon("it has ended") {
                Written.exists(bed.fleet.directory(id).pidFile)
                    && bed.fleet.provider.find(in: bed.fleet.directory(id)) == nil
            }
        } second: { bed in
            let id = try #require(workflow.asked.first)
            try await runAgain(bed, workflow) {
                try await soon("it is judged") { try await bed.state(id) == state }
            }
            #expect(Written.lines("\(bed.fleet.directory(id).path)/started").count == 1)
        }
    }

    @Test func `a sandbox whose worker was certainly never started is started now`() async throws {
        let workflow = FakeWorkflow(ready: 1)
        try await restart(.quick, workflow: workflow) { bed in
            let id = try #require(bed.fleet.reserve())
            try await bed.fleet.store.insertPending(id, provider: "process")
            let claim = try workflow.answer(ClaimTask(sandboxID: id, orchestrator: "test"))
            try await bed.fleet.apply(.claimed, to: id) { row in row.take(claim) }
        } second: { bed in
            let id = try #require(workflow.asked.first)
            try await runAgain(bed, workflow) {
                try await soon("it is completed") { try await bed.state(id) == .completed }
            }
            #expect(try await bed.types(id) == [.sandboxCreated, .sandboxRunning, .sandboxCompleted])
            #expect(workflow.claimed == 1)
        }
    }

    @Test func `a sandbox never started whose attempt was closed meanwhile has failed`() async throws {
        let workflow = FakeWorkflow(ready: 1)
        try await restart(.quick, workflow: workflow) { bed in
            let id = try #require(bed.fleet.reserve())
            try await bed.fleet.store.insertPending(id, provider: "process")
            let claim = try workflow.answer(ClaimTask(sandboxID: id, orchestrator: "test"))
            try await bed.fleet.apply(.claimed, to: id) { row in row.take(claim) }
            workflow.supersede(id)
        } second: { bed in
            let id = try #require(workflow.asked.first)
            try await runAgain(bed, workflow) {
                try await soon("it failed") { try await bed.state(id) == .failed }
            }
            #expect(try await bed.fleet.store.find(id)?.failure == "superseded")
            #expect(!bed.fleet.directory(id).exists)
        }
    }

    @Test func `a completing sandbox goes on submitting`() async throws {
        let workflow = FakeWorkflow(ready: 1)
        let worker = StandInWorker(
            run: "echo {} > spool/result.json",
            submit: "[ -e ../../gateway ] && touch spool/answer.json"
        )
        try await restart(worker, workflow: workflow) { bed in
            try await DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }.fill()
            let id = try #require(workflow.asked.first)
            try await bed.running([SupervisionLoop(fleet: bed.fleet)]) {
                try await soon("it is completing") { try await bed.state(id) == .completing }
            }
        } second: { bed in
            let id = try #require(workflow.asked.first)
            try Written.touch("\(bed.home)/gateway")
            try await runAgain(bed, workflow) {
                try await soon("it is completed") { try await bed.state(id) == .completed }
            }
        }
    }

    @Test func `defect 30: a kill that was begun is finished by the next run`() async throws {
        let workflow = FakeWorkflow(ready: 1)
        try await restart(.endless, workflow: workflow) { bed in
            try await DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }.fill()
            try await bed.fleet.apply(.stop(reason: "cancelled"), to: try #require(workflow.asked.first))
        } second: { bed in
            let id = try #require(workflow.asked.first)
            try await runAgain(bed, workflow) {
                try await soon("it failed") { try await bed.state(id) == .failed }
            }
            #expect(try await bed.fleet.store.find(id)?.failure == "cancelled")
        }
    }

    @Test func `a stranger with a used number is not taken for the worker`() throws {
        let own = try #require(ProcessTable.entry(of: getpid()))
        let handle = ProcessIdentity(own).handle
        let parts = handle.text.split(separator: ":")
        for text in ["\(parts[0]):1:\(parts[2])", "\(parts[0]):\(parts[1]):other-boot", "1:1:1", "x", ""] {
            let identity = ProcessIdentity(ProviderHandle(text: text))
            #expect(identity?.entry == nil, "\(text)")
        }
        #expect(ProcessIdentity(handle)?.entry == own)
    }

    /// Everything up to the moment in which the started worker's handle would be stored.
    private func startWithoutNote(_ bed: Bed, _ workflow: FakeWorkflow) async throws -> Identifier {
        let id = try #require(bed.fleet.reserve())
        try await bed.fleet.store.insertPending(id, provider: "process")
        let claim = try workflow.answer(ClaimTask(sandboxID: id, orchestrator: "test"))
        try await bed.fleet.apply(.claimed, to: id) { row in row.take(claim) }
        let directory = bed.fleet.directory(id)
        let launch = SandboxLaunch(
            sandboxID: id,
            gatewayURL: "http://127.0.0.1:1",
            tokenFile: directory.tokenFile,
            isolation: bed.fleet.provider.isolation
        )
        _ = try await bed.fleet.provider.create(launch, token: claim.token, in: directory)
        return id
    }
}
