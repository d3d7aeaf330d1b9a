import Contracts
import GRDB
import Kernel
import ServiceKit
import Storage

/// The truth about this orchestrator's sandboxes. Every change is one transaction that reads the row, asks the state
/// machine, writes the row and emits the events.
package struct SandboxStore: Sendable {
    private let store: Store
    private let time: any TimeSource
    /// Name of this orchestrator.
    package let instance: String

    /// What a change did.
    package struct Change: Sendable, Equatable {
        /// As it is now, or was when it was dropped.
        package var row: SandboxRow
        /// What is to be done now; events are stored already.
        package var effects: [SandboxStateMachine.Effect]
    }

    package init(store: Store, time: any TimeSource, instance: String) {
        self.store = store
        self.time = time
        self.instance = instance
    }

    /// `source` of the events.
    package var source: String { Self.source(instance) }

    package static func source(_ instance: String) -> String { "/orchestrator/\(instance)" }

    /// Writes the intent to ask for a task.
    package func insertPending(_ id: Identifier, provider: String) async throws {
        let row = SandboxRow(id: id, provider: provider, createdAt: time.now())
        try await store.write { database in try SandboxTable.insert(row, in: database) }
    }

    /// Applies an input.
    ///
    /// - Parameter amend: changes of the row that belong to the input.
    /// - Returns: nil when there is no such sandbox.
    package func apply(
        _ input: SandboxStateMachine.Input,
        to id: Identifier,
        amend: @escaping @Sendable (inout SandboxRow) -> Void = { _ in }
    ) async throws -> Change? {
        let now = time.now()
        return try await store.write { [instance, source] database in
            let transaction = Transaction(
                database,
                now: now,
                actor: .service("orchestrator"),
                source: source,
                traceparent: nil
            )
            return try Self.apply(input, to: id, instance: instance, in: transaction, amend: amend)
        }
    }

    /// Applies an input within somebody's transaction.
    ///
    /// - Returns: nil when there is no such sandbox.
    package static func apply(
        _ input: SandboxStateMachine.Input,
        to id: Identifier,
        instance: String,
        in transaction: Transaction,
        amend: (inout SandboxRow) -> Void = { _ in }
    ) throws -> Change? {
        guard var row = try SandboxTable.find(id, in: transaction.database) else { return nil }
        let before = row
        var machine = SandboxStateMachine(state: row.state, stopReason: row.stopReason, failure: row.failure)
        let effects = machine.handle(input)
        if effects.contains(.drop) {
            try SandboxTable.delete(id, in: transaction.database)
            return Change(row: row, effects: effects)
        }
        if machine.state != row.state { amend(&row) }
        row.state = machine.state
        row.stopReason = machine.stopReason
        row.failure = machine.failure
        guard row != before else { return Change(row: row, effects: effects) }
        row.updatedAt = transaction.now
        for case .publish(let type) in effects {
            row.version += 1
            try transaction.emit(type, EventData(row.entity(orchestrator: instance)))
        }
        try SandboxTable.update(row, in: transaction.database)
        return Change(row: row, effects: effects)
    }

    package func find(_ id: Identifier) async throws -> SandboxRow? {
        try await store.read { database in try SandboxTable.find(id, in: database) }
    }

    /// Every sandbox that may still run, oldest first.
    package func live() async throws -> [SandboxRow] {
        try await store.read { database in try SandboxTable.live(in: database) }
    }

    /// Sandboxes that ended at least `grace` ago and whose directory is not yet removed.
    package func ended(for grace: Duration, limit: Int) async throws -> [SandboxRow] {
        let time = time.now() - grace
        return try await store.read { database in
            try SandboxTable.ended(before: time, limit: limit, in: database)
        }
    }

    /// Forgets sandboxes that were cleaned up at least `age` ago.
    package func prune(olderThan age: Duration) async throws -> Int {
        let time = time.now() - age
        return try await store.write { database in
            try SandboxTable.prune(before: time, limit: Limits.pruneBatch, in: database)
        }
    }
}
