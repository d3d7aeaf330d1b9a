import Kernel
import ServiceLifecycle
import Storage

/// Keeps a ``Store`` open while the process runs: first in the list of services, so that it is closed last.
///
/// A store that breaks (disk full, unreadable, corrupt) ends the process with an error; a new start reads the truth.
package struct StoreService: Service {
    private let store: Store

    package init(_ store: Store) {
        self.store = store
    }

    /// - Throws: the ``Fault`` that broke the store.
    package func run() async throws {
        let (broken, continuation) = AsyncStream.makeStream(of: Fault.self)
        store.onBroken { fault in
            continuation.yield(fault)
            continuation.finish()
        }
        var failure: Fault?
        for await fault in broken.cancelOnGracefulShutdown() {
            failure = fault
            break
        }
        await store.close()
        if let failure { throw failure }
    }
}
