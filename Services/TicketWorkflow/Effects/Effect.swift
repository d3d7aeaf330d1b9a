import Contracts
import HTTPClient
import Kernel
import Storage
import Synchronization

/// Something slow that follows from a command: a model's title, an embedding, a call of GitHub.
///
/// A command asks for it with ``UnitOfWork/request(_:subject:project:)``, which writes a row; the ``EffectLoop`` calls
/// ``perform(_:)`` outside of any transaction, at least once, and ``conclude(_:_:)`` exactly once. The row holds the
/// effect as JSON, so it must not contain secrets: it names them, and reads them when it is performed.
protocol Effect: Codable, Sendable {
    /// What the outside said. Kept for ``Limits/effectRetention`` for ``DescribeEffect``, so without secrets.
    associatedtype Answer: Codable & Sendable

    /// Stable name of the rows, `title.generate`.
    static var kind: String { get }

    /// Calls out. May be called again after a crash, so the outside must bear a repetition.
    ///
    /// - Throws: a ``Fault`` with ``Fault/retryAfter`` or a transient `HTTPClientError` to be tried again with
    /// back-off,
    ///   ``Limits/effectTries`` times; anything else is final.
    func perform(_ outside: Outside) async throws -> Answer

    /// What follows from the outcome, in one transaction with the end of the row.
    ///
    /// The world has moved on since the request: look at everything anew. A failure is a ``Fault`` that may be shown.
    func conclude(_ outcome: Result<Answer, Fault>, _ unit: UnitOfWork) throws
}

/// What an effect may use while it is performed.
struct Outside: Sendable {
    let web: WebClient
    let store: Store
    let environment: WorkflowEnvironment

    /// A secret of the owner; nil when there is none under this name.
    func secret(_ name: String) async throws -> [UInt8]? {
        try await store.read { try SecretStore.find(name, in: $0) }
    }
}

/// "Look again": raised after the commit of a request.
final class EffectSignal: Sendable {
    private let isRaised = Mutex(false)

    func raise() { isRaised.withLock { $0 = true } }

    /// Whether it was raised since the last call.
    func take() -> Bool {
        isRaised.withLock { isRaised in
            defer { isRaised = false }
            return isRaised
        }
    }
}

extension UnitOfWork {
    /// Asks for an effect; it is performed after the commit.
    ///
    /// - Parameters:
    ///   - subject: the entity it is about.
    ///   - project: whose tokens may ask for the outcome; nil: every token that is not bound to a project.
    /// - Returns: the id under which ``DescribeEffect`` tells the outcome.
    @discardableResult
    func request(_ effect: some Effect, subject: Identifier, project: Identifier?) throws -> Identifier {
        let id = Identifier.make(bucket: subject.bucket)
        try EffectStore.insert(id, effect, subject: subject, project: project, at: now, in: database)
        let signal = environment.effects
        transaction.afterCommit { signal.raise() }
        return id
    }
}
