import Contracts
import Kernel
import Logging
import ServiceKit
import ServiceLifecycle
import Synchronization

/// Watches every running sandbox: notices its end, gets its result answered, and loses patience with one that is
/// silent, stalled or late.
package final class SupervisionLoop: Service {
    /// Between submissions of a result that nobody answers.
    static let backoff = Backoff(base: .seconds(1), cap: .seconds(30), jitter: 0.25)

    /// What is remembered about a running sandbox; monotonic times.
    private struct Watched {
        var handle: ProviderHandle
        var since: Duration
        var allowed: Duration?
        var sign: Int64?
        var signedAt: Duration?
    }

    private let fleet: Fleet
    private let supervision: Supervision
    private let interval: Duration
    private let watched = Mutex<[Identifier: Watched]>([:])
    private let killing = Mutex<Set<Identifier>>([])

    /// - Parameter interval: between looks at the sandboxes.
    package init(fleet: Fleet, supervision: Supervision = Supervision(), interval: Duration = .seconds(1)) {
        self.fleet = fleet
        self.supervision = supervision
        self.interval = interval
    }

    package func run() async throws {
        try await untilStopped {
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask {
                    while !Task.isCancelled {
                        try await Task.sleep(for: self.interval)
                        try await self.look()
                    }
                }
                for await item in self.fleet.work {
                    group.addTask { try await self.perform(item) }
                }
                group.cancelAll()
            }
        }
    }

    private func perform(_ item: Fleet.Work) async throws {
        switch item {
        case .watch(let id, let handle): try await watch(id, handle)
        case .kill(let id): try await kill(id)
        case .submit(let id): try await submit(id)
        }
    }

    // MARK: The end

    private func watch(_ id: Identifier, _ handle: ProviderHandle) async throws {
        guard let row = try await fleet.store.find(id) else { return }
        let allowed = row.deadlineAt.map { $0 - fleet.time.now() }
        watched.withLock { $0[id] = Watched(handle: handle, since: fleet.time.uptime(), allowed: allowed) }
        await fleet.provider.waitForExit(of: handle)
        if Task.isCancelled { return }
        watched.withLock { _ = $0.removeValue(forKey: id) }
        let directory = fleet.directory(id)
        // An agent may have outlived a worker that did not get to its end; one that did has seen to it.
        if directory.spool != .answered { await fleet.provider.stop(handle, in: directory) }
        FaultPoint.reach("after-exit-before-report")
        try await fleet.apply(.exited(directory.spool), to: id)
    }

    private func kill(_ id: Identifier) async throws {
        guard killing.withLock({ $0.insert(id).inserted }) else { return }
        defer { killing.withLock { _ = $0.remove(id) } }
        // A sandbox that is still being created is killed when it is there.
        guard let handle = try await fleet.store.find(id)?.handle else { return }
        await fleet.provider.stop(handle, in: fleet.directory(id))
    }

    private func submit(_ id: Identifier) async throws {
        let directory = fleet.directory(id)
        var failures = 0
        while !Task.isCancelled {
            if directory.spool == .empty || !directory.canSubmit {
                try await fleet.apply(.spoolLost, to: id)
                return
            }
            if await fleet.provider.submit(in: directory) || directory.spool == .answered {
                try await fleet.apply(.answered, to: id)
                return
            }
            failures += 1
            try await Task.sleep(for: Self.backoff.delay(afterAttempt: failures, random: .random(in: 0..<1)))
        }
    }

    // MARK: Patience

    /// Looks at every running sandbox once.
    package func look() async throws {
        let now = fleet.time.uptime()
        let current = watched.withLock { $0 }
        var seen: [Identifier: Watched] = [:]
        for (id, item) in current {
            var item = item
            let sign = fleet.directory(id).sign()
            if sign != item.sign {
                item.sign = sign
                item.signedAt = now
                fleet.noteActivity(of: id)
            }
            seen[id] = item
        }
        remember(seen)
        for (id, item) in seen {
            let observation = Supervision.Observation(
                liveness: fleet.provider.liveness(of: item.handle),
                age: now - item.since,
                sinceSign: item.signedAt.map { now - $0 },
                hearsOthers: hearsAny(but: id, seen, at: now),
                allowed: item.allowed
            )
            if case .stop(let reason) = supervision.decide(observation) {
                fleet.logger.warning("a sandbox is stopped", metadata: ["sandbox": "\(id)", "reason": "\(reason)"])
                try await fleet.apply(.stop(reason: reason), to: id)
            }
        }
    }

    /// Keeps what was seen of sandboxes that have not ended meanwhile.
    private func remember(_ seen: [Identifier: Watched]) {
        watched.withLock { watched in
            for (id, item) in seen where watched[id] != nil { watched[id] = item }
        }
    }

    private func hearsAny(but id: Identifier, _ seen: [Identifier: Watched], at now: Duration) -> Bool {
        seen.contains { other, item in
            other != id && item.signedAt.map { now - $0 <= supervision.silence } ?? false
        }
    }
}
