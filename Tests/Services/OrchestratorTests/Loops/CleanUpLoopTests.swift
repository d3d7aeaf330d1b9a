import Contracts
import Kernel
import TestSupport
import Testing

@testable import Orchestrator

@Suite(.timeLimit(.minutes(5))) struct CleanUpLoopTests {
    /// One sandbox that has ended.
    private func withEnded(
        _ worker: StandInWorker,
        _ body: (Bed, Identifier, ManualTime) async throws -> Void
    ) async throws {
        let time = ManualTime()
        try await withBed(worker, slots: 1, time: time) { bed in
            let workflow = FakeWorkflow(ready: 1)
            try await DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }.fill()
            let id = try #require(workflow.asked.first)
            try await bed.running([SupervisionLoop(fleet: bed.fleet)]) {
                try await soon("it ended") { try await bed.state(id)?.isLive == false }
            }
            try await body(bed, id, time)
        }
    }

    @Test(arguments: [StandInWorker.quick, .broken])
    func `the directory of an ended sandbox is removed after the grace, once`(worker: StandInWorker) async throws {
        try await withEnded(worker) { bed, id, time in
            let loop = CleanUpLoop(fleet: bed.fleet, grace: .seconds(60))
            time.advance(by: .seconds(59))
            try await loop.cleanUp()
            #expect(bed.fleet.directory(id).exists)
            time.advance(by: .seconds(2))
            try await loop.cleanUp()
            try await loop.cleanUp()
            #expect(!bed.fleet.directory(id).exists)
            #expect(try await bed.types(id).filter { $0 == .sandboxTerminated }.count == 1)
            #expect(try await bed.state(id) == .terminated)
        }
    }

    @Test func `folders that no row names and sandboxes that live are left alone`() async throws {
        try await withBed(.endless, slots: 1) { bed in
            let workflow = FakeWorkflow(ready: 1)
            try await DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }.fill()
            let stranger = SandboxDirectory(home: bed.home, id: .make())
            try LocalFile.createDirectory(stranger.path)
            try await CleanUpLoop(fleet: bed.fleet, grace: .zero).cleanUp()
            #expect(stranger.exists)
            #expect(bed.fleet.directory(try #require(workflow.asked.first)).exists)
        }
    }

    @Test func `a directory with an unanswered result is never removed`() async throws {
        try await withEnded(.broken) { bed, id, time in
            try Written.touch(bed.fleet.directory(id).result)
            time.advance(by: .seconds(1_000_000))
            try await CleanUpLoop(fleet: bed.fleet, grace: .seconds(60)).cleanUp()
            #expect(bed.fleet.directory(id).exists)
            #expect(try await bed.state(id) == .failed)
        }
    }

    @Test func `a directory that is gone already is no obstacle`() async throws {
        try await withEnded(.quick) { bed, id, time in
            try await bed.fleet.provider.remove(bed.fleet.directory(id))
            time.advance(by: .seconds(61))
            try await CleanUpLoop(fleet: bed.fleet, grace: .seconds(60)).cleanUp()
            #expect(try await bed.state(id) == .terminated)
        }
    }

    @Test func `rows of removed sandboxes are forgotten after a week`() async throws {
        try await withEnded(.quick) { bed, id, time in
            let loop = CleanUpLoop(fleet: bed.fleet, grace: .zero)
            try await loop.cleanUp()
            time.advance(by: .seconds(7 * 86_400 - 1))
            try await loop.cleanUp()
            #expect(try await bed.state(id) == .terminated)
            time.advance(by: .seconds(2))
            try await loop.cleanUp()
            #expect(try await bed.fleet.store.find(id) == nil)
        }
    }
}
