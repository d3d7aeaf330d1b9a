import Contracts
import Kernel
import Logging
import Metrics
import ServiceKit
import Synchronization

/// What the loops share: the store, the provider, the slots, and who has to look at what next.
package final class Fleet: Sendable {
    /// Something the supervision has to do.
    package enum Work: Sendable, Equatable {
        /// Wait for the end of this worker.
        case watch(Identifier, ProviderHandle)
        /// End everything of this sandbox.
        case kill(Identifier)
        /// Submit its spooled result.
        case submit(Identifier)
    }

    package let store: SandboxStore
    package let provider: any SandboxProvider
    /// `OMOI_HOME`.
    package let home: String
    /// Where the workers reach the gateway.
    package let gatewayURL: String
    package let time: any TimeSource
    package let logger: Logger
    /// Raised when there may be something to claim.
    package let wake = WakeSignal()
    /// Raised when a slot was freed.
    package let room = WakeSignal()
    /// Raised when a sandbox has ended.
    package let ended = WakeSignal()
    /// For the supervision; bounded by the number of sandboxes.
    package let work: AsyncStream<Work>
    private let workInput: AsyncStream<Work>.Continuation
    private let slots: Mutex<Slots>
    private let lastActivity = Mutex<[Identifier: Timestamp]>([:])

    package init(
        store: SandboxStore,
        provider: any SandboxProvider,
        home: String,
        gatewayURL: String,
        slots: Int,
        time: any TimeSource,
        logger: Logger
    ) {
        self.store = store
        self.provider = provider
        self.home = home
        self.gatewayURL = gatewayURL
        self.time = time
        self.logger = logger
        self.slots = Mutex(Slots(total: slots))
        (work, workInput) = AsyncStream.makeStream(of: Work.self)
    }

    package var instance: String { store.instance }

    package func directory(_ id: Identifier) -> SandboxDirectory { SandboxDirectory(home: home, id: id) }

    package func enqueue(_ item: Work) {
        workInput.yield(item)
    }

    /// An error in a log: what a fault says, everything of anything else.
    static func describe(_ error: any Error) -> String {
        (error as? Fault)?.message ?? String(describing: error)
    }

    // MARK: Slots

    package var capacity: Capacity { slots.withLock { $0.capacity } }

    package var freeSlots: Int { slots.withLock { $0.free } }

    /// Reserves a slot for a new sandbox; nil when all are taken.
    package func reserve() -> Identifier? {
        let id = Identifier.make()
        return slots.withLock { $0.take(id) } ? id : nil
    }

    /// Counts a sandbox that was found after a restart.
    package func occupy(_ id: Identifier) {
        slots.withLock { $0.occupy(id) }
    }

    /// Gives a slot back.
    ///
    /// - Parameter wakes: lets the dispatch look for work. Not after a question to which the answer was "nothing": it
    ///   would ask for ever.
    package func release(_ id: Identifier, wakes: Bool = true) {
        lastActivity.withLock { _ = $0.removeValue(forKey: id) }
        guard slots.withLock({ $0.release(id) }) else { return }
        room.raise()
        ended.raise()
        if wakes { wake.raise() }
    }

    // MARK: Changes

    /// Applies an input and does what follows from it.
    ///
    /// - Throws: when the store fails; nothing has happened then.
    @discardableResult
    package func apply(
        _ input: SandboxStateMachine.Input,
        to id: Identifier,
        amend: @escaping @Sendable (inout SandboxRow) -> Void = { _ in }
    ) async throws -> SandboxStore.Change? {
        let activity = lastActivity.withLock { $0[id] }
        let change = try await store.apply(input, to: id) { row in
            amend(&row)
            row.lastActivityAt = activity ?? row.lastActivityAt
        }
        if let change { perform(change) }
        return change
    }

    /// Does what a stored change asks for. Creating is the dispatch's own work and not done here.
    package func perform(_ change: SandboxStore.Change) {
        let row = change.row
        for effect in change.effects {
            switch effect {
            case .kill: enqueue(.kill(row.id))
            case .submit: enqueue(.submit(row.id))
            case .freeSlot: release(row.id, wakes: !change.effects.contains(.drop))
            case .publish(let type): note(type, row)
            case .create, .drop: break
            }
        }
    }

    private func note(_ type: EventType, _ row: SandboxRow) {
        Metrics.Counter(label: "omoi_sandbox_events_total", dimensions: [("type", type.rawValue)]).increment()
        logger.info(
            "\(type.rawValue)",
            metadata: [
                "sandbox": "\(row.id)", "task": "\(row.taskID.map(\.description) ?? "-")",
                "attempt": "\(row.attempt ?? 0)", "reason": "\(row.failure ?? row.stopReason ?? "-")",
            ]
        )
    }

    // MARK: Activity

    /// Notes that a sandbox did something now.
    package func noteActivity(of id: Identifier) {
        let now = time.now()
        lastActivity.withLock { $0[id] = now }
    }

    /// When a sandbox last did something; nil before its first sign.
    package func activity(of id: Identifier) -> Timestamp? {
        lastActivity.withLock { $0[id] }
    }
}
