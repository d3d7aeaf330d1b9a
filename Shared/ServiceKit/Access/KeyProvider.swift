import Contracts
import Kernel
import Logging
import Messaging
import ServiceLifecycle
import Synchronization

/// Knows the key that verifies tokens: the one kept from the last run at once, the owner's as soon as it answers, and
/// asks again when a token names a key it does not know.
package final class KeyProvider: Service {
    package typealias Load = @Sendable () async throws -> VerificationKey?
    package typealias Save = @Sendable (VerificationKey) async throws -> Void

    /// Least time between two questions caused by unknown keys.
    private static let refreshInterval: Duration = .seconds(5)

    private struct State {
        var verifier: TokenVerifier?
        var askedAt: Duration?
    }

    package let revoked: RevokedTokens
    private let fetch: @Sendable () async throws -> VerificationKey
    private let load: Load
    private let save: Save
    private let time: any TimeSource
    private let state = Mutex(State())
    private let logger = Logger(label: "access")
    private let backoff = Backoff(base: .milliseconds(200), cap: .seconds(5), jitter: 0.2)

    /// - Parameters:
    ///   - requester: asks the ticket workflow by ``DescribeKey``.
    ///   - service: the service's name, as the one who asks.
    ///   - load: the key kept from the last run.
    ///   - save: keeps a key for the next run.
    package convenience init(
        requester: Requester,
        service: String,
        revoked: RevokedTokens = RevokedTokens(),
        time: any TimeSource = SystemTime(),
        load: @escaping Load,
        save: @escaping Save
    ) {
        self.init(revoked: revoked, time: time, load: load, save: save) {
            let context = RequestContext(actor: .service(service), deadline: .seconds(3))
            return try await requester.request(DescribeKey(), to: Topic.workflow(), context: context).reply
        }
    }

    init(
        revoked: RevokedTokens,
        time: any TimeSource,
        load: @escaping Load,
        save: @escaping Save,
        fetch: @escaping @Sendable () async throws -> VerificationKey
    ) {
        self.revoked = revoked
        self.time = time
        self.load = load
        self.save = save
        self.fetch = fetch
    }

    /// Whether tokens can be verified at all.
    package var isReady: Bool { state.withLock { $0.verifier != nil } }

    /// Loads the kept key and asks the owner until it answers once, then waits for the stop.
    package func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            do {
                if let key = try await load(), !isReady { try use(key) }
            } catch {
                logger.warning("the kept key cannot be used", metadata: ["reason": "\(error)"])
            }
            var failures = 0
            while !Task.isCancelled {
                do {
                    try await refresh()
                    break
                } catch {
                    failures += 1
                    logger.debug("asking for the key failed", metadata: ["reason": "\(error)"])
                    let delay = backoff.delay(afterAttempt: failures, random: .random(in: 0..<1))
                    try? await Task.sleep(for: delay)
                }
            }
        }
        try? await gracefulShutdown()
    }

    /// Verifies a token, asking the owner for its key first when a new one is named.
    ///
    /// - Throws: ``Fault`` `unauthenticated`, or `unavailable` while no key is known.
    package func verify(_ token: String, now: Timestamp) async throws -> VerifiedToken {
        if let verifier = state.withLock({ $0.verifier }) {
            do {
                return try verifier.verify(token, now: now)
            } catch {
                let names = TokenVerifier.keyID(of: token)
                guard names != nil, names != verifier.keyID, mayAsk() else { throw error }
            }
            do {
                try await refresh()
            } catch {
                logger.warning("asking for a new key failed", metadata: ["reason": "\(error)"])
            }
        }
        guard let verifier = state.withLock({ $0.verifier }) else {
            throw Fault(.unavailable, "tokens cannot be verified yet", retryAfter: .seconds(1))
        }
        return try verifier.verify(token, now: now)
    }

    private func mayAsk() -> Bool {
        let uptime = time.uptime()
        return state.withLock { state in
            if let last = state.askedAt, uptime - last < Self.refreshInterval { return false }
            state.askedAt = uptime
            return true
        }
    }

    private func refresh() async throws {
        let key = try await fetch()
        guard state.withLock({ $0.verifier?.keyID }) != key.keyID else { return }
        try use(key)
        try await save(key)
    }

    private func use(_ key: VerificationKey) throws {
        let verifier = try TokenVerifier(key: key, revoked: revoked)
        state.withLock { $0.verifier = verifier }
    }
}
