import Contracts
import Kernel
import Logging
import ServiceKit
import ServiceLifecycle
import Synchronization

/// Fills free slots: writes the intent, asks the workflow for a task, starts the worker.
///
/// It looks when a wake-up arrives, when a slot becomes free, and every 30 s, because wake-ups may be lost. It keeps
/// asking until there is nothing to claim.
package final class DispatchLoop: Service {
    /// Asks the workflow; throws its ``Fault``.
    package typealias Ask = @Sendable (ClaimTask) async throws -> Claim

    /// Sandboxes that are made at the same time.
    static let parallel = 8
    /// How long until looking again without being told to.
    static let period: Duration = .seconds(30)
    /// Between questions whose answer did not come, and between starts that failed.
    static let backoff = Backoff(base: .milliseconds(500), cap: .seconds(15), jitter: 0.25)

    private let fleet: Fleet
    private let ask: Ask
    private let period: Duration

    private struct State {
        /// Sandboxes whose question has no answer yet, or whose creation is to be done again.
        var undecided: [Identifier] = []
        /// Failures in a row of asking or starting.
        var failures = 0
    }

    private let state: Mutex<State>

    /// - Parameter undecided: sandboxes of an earlier run that have to ask again with the same id.
    package init(fleet: Fleet, undecided: [Identifier] = [], period: Duration = DispatchLoop.period, ask: @escaping Ask)
    {
        self.fleet = fleet
        self.ask = ask
        self.period = period
        state = Mutex(State(undecided: undecided))
    }

    package func run() async throws {
        fleet.wake.raise()
        // Whoever waits for room waits no longer than we run.
        defer { fleet.room.close() }
        try await untilStopped {
            while !Task.isCancelled {
                if let pause = self.pause {
                    // After a failure no wake-up makes the next try come sooner.
                    try await Task.sleep(for: pause)
                } else {
                    await self.fleet.wake.wait(timeout: self.period)
                }
                try await self.fill()
            }
        }
    }

    /// How long to hold back; nil when the last try went well.
    private var pause: Duration? {
        let failures = state.withLock { $0.failures }
        return failures == 0 ? nil : Self.backoff.delay(afterAttempt: failures, random: .random(in: 0..<1))
    }

    /// Claims and starts until there is nothing to claim, no slot is free, or something fails.
    ///
    /// Claims are made one after the other, so that a wake-up costs an idle system a single question; the sandboxes
    /// are made side by side.
    package func fill() async throws {
        let failures = state.withLock { $0.failures }
        try await withThrowingTaskGroup(of: Void.self) { group in
            var creating = 0
            while state.withLock({ $0.failures }) <= failures, let (id, claim) = try await claim() {
                if creating == Self.parallel {
                    try await group.next()
                    creating -= 1
                }
                group.addTask { try await self.create(id, claim) }
                creating += 1
            }
            try await group.waitForAll()
        }
    }

    /// The next sandbox to create; nil when there is nothing to claim, no slot is free, or no answer came.
    private func claim() async throws -> (Identifier, Claim)? {
        while !Task.isCancelled {
            guard let id = try await nextQuestion() else { return nil }
            switch try await ask(for: id) {
            case .claimed(let claim):
                let change = try await fleet.apply(.claimed, to: id) { row in row.take(claim) }
                guard let row = change?.row, row.state == .creating else { continue }
                FaultPoint.reach("after-claim-before-spawn")
                return (id, claim)
            case .superseded: continue
            case .nothing: return nil
            }
        }
        return nil
    }

    /// A sandbox to ask for: one whose question is open, or a new one; nil when no slot is free.
    private func nextQuestion() async throws -> Identifier? {
        if let id = state.withLock({ $0.undecided.popLast() }) { return id }
        guard let id = fleet.reserve() else { return nil }
        do {
            try await fleet.store.insertPending(id, provider: fleet.provider.name)
        } catch {
            fleet.release(id)
            throw error
        }
        FaultPoint.reach("after-row-before-claim")
        return id
    }

    private enum Answer {
        case claimed(Claim)
        /// Another one has this sandbox's task by now.
        case superseded
        /// Nothing to claim, or nobody answered.
        case nothing
    }

    /// Asks for a task for the sandbox. Asking again with the same id gives the same answer.
    private func ask(for id: Identifier) async throws -> Answer {
        do {
            return .claimed(try await ask(ClaimTask(sandboxID: id, orchestrator: fleet.instance)))
        } catch let fault as Fault where fault.code == .nothingToClaim {
            state.withLock { $0.failures = 0 }
            try await refuse(id)
            return .nothing
        } catch let fault as Fault where [.attemptSuperseded, .attemptCancelled].contains(fault.code) {
            try await refuse(id)
            return .superseded
        } catch {
            // The workflow may have said yes without our hearing it: keep the row, ask again with the same id.
            let failures = state.withLock { state in
                state.undecided.append(id)
                state.failures += 1
                return state.failures
            }
            if failures == 1, !Task.isCancelled {
                fleet.logger.warning(
                    "the workflow does not answer claims",
                    metadata: ["error": "\(Fleet.describe(error))"]
                )
            }
            return .nothing
        }
    }

    /// There is no task for this sandbox: one that only asked is forgotten, one that was being created has failed.
    private func refuse(_ id: Identifier) async throws {
        try await fleet.apply(.unclaimed, to: id)
        try await fleet.apply(.notCreated(reason: SandboxStateMachine.Reason.superseded), to: id)
    }

    private func create(_ id: Identifier, _ claim: Claim) async throws {
        let directory = fleet.directory(id)
        let launch = SandboxLaunch(
            sandboxID: id,
            gatewayURL: fleet.gatewayURL,
            tokenFile: directory.tokenFile,
            isolation: fleet.provider.isolation
        )
        let handle: ProviderHandle
        do {
            handle = try await fleet.provider.create(launch, token: claim.token, in: directory)
        } catch {
            fleet.logger.error(
                "cannot create a sandbox",
                metadata: ["sandbox": "\(id)", "error": "\(Fleet.describe(error))"]
            )
            state.withLock { $0.failures += 1 }
            try await fleet.apply(.notCreated(reason: SandboxStateMachine.Reason.startFailed), to: id)
            return
        }
        FaultPoint.reach("after-spawn-before-handle")
        try await fleet.apply(.created, to: id) { row in row.handle = handle }
        fleet.enqueue(.watch(id, handle))
        state.withLock { $0.failures = 0 }
    }
}
