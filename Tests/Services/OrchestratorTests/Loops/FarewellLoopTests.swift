import Contracts
import Kernel
import TestSupport
import Testing

@testable import Orchestrator

@Suite(.timeLimit(.minutes(5))) struct FarewellLoopTests {
    @Test func `all running sandboxes are ended and reported before it returns`() async throws {
        try await withBed(.endless, slots: 3) { bed in
            let workflow = FakeWorkflow(ready: 3)
            try await DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }.fill()
            try await bed.running([SupervisionLoop(fleet: bed.fleet)]) {
                try await FarewellLoop(fleet: bed.fleet).endAll(within: .seconds(45))
            }
            #expect(try await bed.fleet.store.live().isEmpty)
            let reasons = try await bed.events().filter { $0.type == .sandboxFailed }.map(\.data.sandbox?.reason)
            #expect(reasons == Array(repeating: "orchestrator-stopped", count: 3))
        }
    }
}
