import Contracts
import Kernel
import Logging
import ServiceLifecycle
import Storage
import TestSupport

@testable import Orchestrator

/// An orchestrator's inside on a real store, with a stand-in worker and the `process` provider.
struct Bed: Sendable {
    let home: String
    let store: Store
    let fleet: Fleet

    /// Every event in the outbox, oldest first.
    func events() async throws -> [Event] {
        try await store.read { database in try Outbox.entries(after: 0, limit: 1000, in: database) }
            .map { try ContractCoder.decode(Event.self, from: $0.body) }
    }

    /// The types of the events about one sandbox.
    func types(_ id: Identifier) async throws -> [EventType] {
        try await events().filter { $0.subject == id }.map(\.type)
    }

    func sandboxes() async throws -> Set<Identifier> { Set(try await events().map(\.subject)) }

    func state(_ id: Identifier) async throws -> Sandbox.State? { try await fleet.store.find(id)?.state }

    /// Runs loops while `body` runs.
    func running(
        _ loops: [any Service],
        _ body: @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for loop in loops { group.addTask { try await loop.run() } }
            do {
                try await body()
            } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// Kills whatever still runs.
    func endAll() async throws {
        for row in try await fleet.store.live() {
            await fleet.provider.stop(row.handle, in: fleet.directory(row.id))
        }
    }
}

/// Runs `body` with a new home.
func withBed(
    _ worker: StandInWorker = .quick,
    slots: Int = 4,
    time: any TimeSource = SystemTime(),
    _ body: (Bed) async throws -> Void
) async throws {
    try await withTemporaryDirectory { home in
        try await withBed(home: home, worker: worker, slots: slots, time: time, body)
    }
}

/// Runs `body` with a home that may have been used before: a restart.
func withBed(
    home: String,
    worker: StandInWorker = .quick,
    slots: Int = 4,
    time: any TimeSource = SystemTime(),
    keepsRunning: Bool = false,
    _ body: (Bed) async throws -> Void
) async throws {
    let store = try Store(
        StoreConfiguration(path: "\(home)/orchestrator.sqlite", durability: .normal),
        migrations: SandboxTable.migrations
    )
    let provider = ProcessProvider(
        worker: try worker.install(in: home),
        environment: ["PATH": "/usr/bin:/bin", "OMOI_AMQP_URL": "amqp://secret"],
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    )
    let fleet = Fleet(
        store: SandboxStore(store: store, time: time, instance: "test"),
        provider: provider,
        home: home,
        gatewayURL: "http://127.0.0.1:1",
        slots: slots,
        time: time,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    )
    let bed = Bed(home: home, store: store, fleet: fleet)
    do {
        try await body(bed)
    } catch {
        try await bed.endAll()
        await store.close()
        throw error
    }
    if !keepsRunning { try await bed.endAll() }
    await store.close()
}
