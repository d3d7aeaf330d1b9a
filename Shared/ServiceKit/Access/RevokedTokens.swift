import Kernel
import Synchronization

/// Ids of tokens that are no longer valid although their signature is.
package final class RevokedTokens: Sendable {
    private let ids = Mutex<Set<Identifier>>([])

    package init(_ ids: Set<Identifier> = []) {
        self.ids.withLock { $0 = ids }
    }

    package func insert(_ id: Identifier) {
        ids.withLock { _ = $0.insert(id) }
    }

    /// Forgets a token, because it has expired or was never revoked.
    package func remove(_ id: Identifier) {
        ids.withLock { _ = $0.remove(id) }
    }

    package func replace(with ids: Set<Identifier>) {
        self.ids.withLock { $0 = ids }
    }

    package func contains(_ id: Identifier) -> Bool { ids.withLock { $0.contains(id) } }
}
