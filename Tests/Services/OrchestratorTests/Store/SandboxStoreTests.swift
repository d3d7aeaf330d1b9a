import Contracts
import Kernel
import Storage
import TestSupport
import Testing

@testable import Orchestrator

@Suite(.timeLimit(.minutes(5))) struct SandboxStoreTests {
    @Test func `a row comes back as it was written`() async throws {
        try await withTemporaryDirectory { home in
            let store = try Store(
                StoreConfiguration(path: "\(home)/test.sqlite", durability: .normal),
                migrations: SandboxTable.migrations
            )
            var row = SandboxRow(id: .make(), provider: "process", createdAt: Timestamp(milliseconds: 1))
            let pending = row
            row.take(
                Claim(
                    sandboxID: row.id,
                    taskID: .make(),
                    ticketID: .make(),
                    projectID: .make(),
                    attempt: 2,
                    fence: 7,
                    token: "secret",
                    deadlineAt: Timestamp(milliseconds: 9)
                )
            )
            row.state = .running
            row.handle = ProviderHandle(text: "1:2:3")
            row.stopReason = "cancelled"
            row.failure = "stalled"
            row.version = 2
            row.updatedAt = Timestamp(milliseconds: 3)
            row.lastActivityAt = Timestamp(milliseconds: 4)
            let written = row
            try await store.write { database in
                try SandboxTable.insert(pending, in: database)
                try SandboxTable.update(written, in: database)
            }
            let found = try await store.read { database in try SandboxTable.find(written.id, in: database) }
            #expect(found == written)
            await store.close()
        }
    }

    @Test func `the token of a claim is stored nowhere in the database`() async throws {
        try await withBed(.endless, slots: 1) { bed in
            let workflow = FakeWorkflow(ready: 1)
            try await DispatchLoop(fleet: bed.fleet) { try workflow.answer($0) }.fill()
            for file in ["orchestrator.sqlite", "orchestrator.sqlite-wal"] {
                let content = LocalFile.read("\(bed.home)/\(file)", limit: 64 << 20) ?? []
                #expect(!content.contains(Array("secret-".utf8)))
            }
        }
    }

    @Test func `an input for an unknown sandbox changes nothing`() async throws {
        try await withBed { bed in
            let change = try await bed.fleet.apply(.stop(reason: "cancelled"), to: .make())
            #expect(change == nil)
            #expect(try await bed.events().isEmpty)
        }
    }

    @Test func `a repeated input is stored and published once`() async throws {
        try await withBed(slots: 1) { bed in
            let id = try #require(bed.fleet.reserve())
            try await bed.fleet.store.insertPending(id, provider: "process")
            let claim = Claim(
                sandboxID: id,
                taskID: .make(),
                ticketID: .make(),
                projectID: .make(),
                attempt: 1,
                fence: 1,
                token: "",
                deadlineAt: nil
            )
            for _ in 1...2 { try await bed.fleet.apply(.claimed, to: id) { $0.take(claim) } }
            for _ in 1...2 { try await bed.fleet.apply(.exited(.answered), to: id) }
            #expect(try await bed.types(id) == [.sandboxCreated, .sandboxCompleted])
            let last = try #require(try await bed.events().last?.data.sandbox)
            #expect(last.version == 2)
            #expect(last.taskID == claim.taskID)
            #expect(last.orchestrator == "test")
        }
    }
}
