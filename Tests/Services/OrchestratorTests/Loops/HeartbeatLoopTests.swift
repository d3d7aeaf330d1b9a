import Contracts
import Kernel
import Synchronization
import TestSupport
import Testing

@testable import Orchestrator

@Suite(.timeLimit(.minutes(5))) struct HeartbeatLoopTests {
    @Test func `a beat names everything that is alive, also what still waits for its claim`() async throws {
        try await withBed(.endless, slots: 3) { bed in
            let workflow = FakeWorkflow(ready: 2)
            let dispatch = DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }
            try await dispatch.fill()
            workflow.fail(with: Fault(.unavailable, "away"))
            try await dispatch.fill()
            let told = Mutex<Heartbeat?>(nil)
            let loop = HeartbeatLoop(fleet: bed.fleet, interval: .seconds(5)) { beat in
                told.withLock { $0 = beat }
                return HeartbeatReply(renewed: [], stop: [])
            }
            try await loop.beat()
            let beat = try #require(told.withLock { $0 })
            #expect(beat.instance == "test")
            #expect(beat.capacity == Capacity(slots: 3, used: 3))
            #expect(beat.sandboxes.map(\.state) == [.running, .running, .pending])
            #expect(Set(beat.sandboxes.map(\.fence)) == [1, 2, nil])
        }
    }

    @Test func `what the answer says to stop is killed and reported with that reason`() async throws {
        try await withBed(.endless, slots: 1) { bed in
            let workflow = FakeWorkflow(ready: 1)
            try await DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }.fill()
            let id = try #require(workflow.asked.first)
            let loop = HeartbeatLoop(fleet: bed.fleet, interval: .milliseconds(20)) { beat in
                HeartbeatReply(renewed: [], stop: beat.sandboxes.map { .init(id: $0.id, reason: "superseded") })
            }
            try await bed.running([SupervisionLoop(fleet: bed.fleet), loop]) {
                try await soon("it failed") { try await bed.state(id) == .failed }
            }
            #expect(try await bed.events().last?.data.sandbox?.reason == "superseded")
            #expect(bed.fleet.freeSlots == 1)
        }
    }

    @Test func `a stop for a sandbox that was told without a claim is not obeyed`() async throws {
        try await withBed(.endless, slots: 1) { bed in
            let workflow = FakeWorkflow(ready: 1)
            workflow.fail(with: Fault(.unavailable, "away"))
            let dispatch = DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }
            try await dispatch.fill()
            let loop = HeartbeatLoop(fleet: bed.fleet, interval: .seconds(5)) { beat in
                // The claim is answered while the beat is on its way.
                try await dispatch.fill()
                return HeartbeatReply(renewed: [], stop: beat.sandboxes.map { .init(id: $0.id, reason: "unknown") })
            }
            try await loop.beat()
            let row = try #require(try await bed.fleet.store.live().first)
            #expect(row.state == .running)
            #expect(row.stopReason == nil)
        }
    }

    @Test func `a workflow that is away stops nothing`() async throws {
        try await withBed(.endless, slots: 1) { bed in
            let workflow = FakeWorkflow(ready: 1)
            try await DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }.fill()
            let beats = Mutex(0)
            let loop = HeartbeatLoop(fleet: bed.fleet, interval: .milliseconds(10)) { _ in
                beats.withLock { $0 += 1 }
                throw Fault(.unavailable, "away")
            }
            try await bed.running([loop]) {
                try await soon("it kept trying") { beats.withLock { $0 } > 3 }
            }
            #expect(try await bed.fleet.store.live().map(\.state) == [.running])
        }
    }
}
