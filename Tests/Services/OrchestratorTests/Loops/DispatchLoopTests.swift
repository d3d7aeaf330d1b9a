import Contracts
import Kernel
import TestSupport
import Testing

@testable import Orchestrator

@Suite(.timeLimit(.minutes(5))) struct DispatchLoopTests {
    @Test func `ready tasks are claimed until there is nothing, each in a sandbox of its own`() async throws {
        try await withBed(slots: 4) { bed in
            let workflow = FakeWorkflow(ready: 10)
            let dispatch = DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }
            try await bed.running([dispatch, SupervisionLoop(fleet: bed.fleet)]) {
                try await soon("all ten are completed") {
                    try await bed.events().filter { $0.type == .sandboxCompleted }.count == 10
                }
            }
            #expect(workflow.claimed == 10)
            for id in try await bed.sandboxes() {
                #expect(try await bed.types(id) == [.sandboxCreated, .sandboxRunning, .sandboxCompleted])
            }
            #expect(bed.fleet.freeSlots == 4)
            #expect(try await bed.fleet.store.live().isEmpty)
        }
    }

    @Test func `there is one event per version, without holes`() async throws {
        try await withBed { bed in
            let workflow = FakeWorkflow(ready: 3)
            let dispatch = DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }
            try await bed.running([dispatch, SupervisionLoop(fleet: bed.fleet)]) {
                try await soon("all are completed") {
                    try await bed.events().filter { $0.type == .sandboxCompleted }.count == 3
                }
            }
            for id in try await bed.sandboxes() {
                let versions = try await bed.events().compactMap(\.data.sandbox).filter { $0.id == id }.map(\.version)
                #expect(versions == [1, 2, 3])
            }
            #expect(try await bed.events().allSatisfy { $0.source == "/orchestrator/test" })
        }
    }

    @Test func `no more is claimed than there are slots, and a freed slot is filled without a wake-up`() async throws {
        try await withBed(.patient, slots: 2) { bed in
            let workflow = FakeWorkflow(ready: 3)
            let dispatch = DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }
            try await bed.running([dispatch, SupervisionLoop(fleet: bed.fleet)]) {
                try await soon("two run") {
                    try await bed.fleet.store.live().filter { $0.state == .running }.count == 2
                }
                #expect(workflow.asked.count == 2)
                let first = try #require(try await bed.fleet.store.live().first)
                try Written.touch("\(bed.fleet.directory(first.id).path)/finish")
                try await soon("the third runs") { workflow.claimed == 3 }
            }
        }
    }

    @Test func `a look costs an idle system one question and does not cause the next look`() async throws {
        try await withBed(slots: 4) { bed in
            let workflow = FakeWorkflow(ready: 0)
            let dispatch = DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }
            try await dispatch.fill()
            #expect(workflow.asked.count == 1)
            #expect(bed.fleet.freeSlots == 4)
            #expect(!bed.fleet.wake.isRaised)
            #expect(bed.fleet.room.isRaised)
        }
    }

    @Test func `a row exists before the question, and is gone when there is nothing`() async throws {
        try await withBed { bed in
            let workflow = FakeWorkflow(ready: 0)
            let dispatch = DispatchLoop(fleet: bed.fleet) { question in
                #expect(try await bed.state(question.sandboxID) == .pending)
                return try workflow.answer(question)
            }
            try await dispatch.fill()
            #expect(workflow.asked.count > 0)
            #expect(try await bed.fleet.store.live().isEmpty)
            #expect(try await bed.events().isEmpty)
            #expect(bed.fleet.freeSlots == 4)
        }
    }

    @Test(arguments: [Fault.Code.unavailable, .timeout, .internalError])
    func `a question without an answer keeps its row and is asked again with the same id`(
        code: Fault.Code
    ) async throws {
        try await withBed(slots: 1) { bed in
            let workflow = FakeWorkflow(ready: 1)
            workflow.fail(with: Fault(code, "away"))
            let dispatch = DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }
            try await dispatch.fill()
            #expect(try await bed.fleet.store.live().map(\.state) == [.pending])
            #expect(bed.fleet.freeSlots == 0)
            try await dispatch.fill()
            #expect(Set(workflow.asked).count == 1)
            #expect(workflow.claimed == 1)
            try await soon("it was started") { try await bed.fleet.store.live().first?.handle != nil }
        }
    }

    @Test func `a task whose claim was decided but not heard is not lost and not taken twice`() async throws {
        try await withBed(slots: 2) { bed in
            let workflow = FakeWorkflow(ready: 1)
            workflow.loseAnswers(1)
            let dispatch = DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }
            try await bed.running([dispatch, SupervisionLoop(fleet: bed.fleet)]) {
                try await soon("it is completed") {
                    try await bed.events().contains { $0.type == .sandboxCompleted }
                }
            }
            #expect(workflow.claimed == 1)
            #expect(try await bed.sandboxes().count == 1)
        }
    }

    @Test func `a claim that was closed meanwhile is forgotten`() async throws {
        try await withBed(slots: 1) { bed in
            let workflow = FakeWorkflow(ready: 1)
            workflow.loseAnswers(1)
            let dispatch = DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }
            try await dispatch.fill()
            workflow.supersede(try #require(workflow.asked.first))
            try await dispatch.fill()
            #expect(try await bed.events().isEmpty)
            #expect(try await bed.fleet.store.live().isEmpty)
            #expect(bed.fleet.freeSlots == 1)
        }
    }

    @Test func `defect 31: a worker that cannot start fails the sandbox and holds further claims back`() async throws {
        try await withBed(slots: 2) { bed in
            try LocalFile.createDirectory(bed.home)
            try LocalFile.write([], to: "\(bed.home)/stand-in-worker", mode: 0o600)
            let workflow = FakeWorkflow(ready: 50)
            let dispatch = DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }
            try await dispatch.fill()
            #expect(workflow.claimed <= 2)
            let id = try #require(workflow.asked.first)
            #expect(try await bed.types(id) == [.sandboxCreated, .sandboxFailed])
            #expect(try await bed.fleet.store.find(id)?.failure == "start-failed")
            #expect(bed.fleet.freeSlots == 2)
        }
    }

    @Test func `the launch file and the token are there before the worker, and for its owner only`() async throws {
        try await withBed(.patient, slots: 1) { bed in
            let workflow = FakeWorkflow(ready: 1)
            try await DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }.fill()
            let id = try #require(workflow.asked.first)
            let directory = bed.fleet.directory(id)
            let bytes = try #require(LocalFile.read(directory.launchFile))
            let launch = try ContractCoder.decode(SandboxLaunch.self, from: bytes)
            #expect(launch.sandboxID == id)
            #expect(launch.tokenFile == directory.tokenFile)
            #expect(launch.isolation == .init(kind: .process, prefix: []))
            #expect(Written.lines(directory.tokenFile) == ["secret-\(id)"])
            for file in [directory.launchFile, directory.tokenFile] { #expect(Written.mode(file) == 0o600) }
            #expect(Written.mode(directory.path) == 0o700)
        }
    }
}
