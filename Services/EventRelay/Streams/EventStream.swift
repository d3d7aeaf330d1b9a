import Kernel
import NIOCore
import Storage

/// The body of one Server-Sent Events answer: history after a position, then live, without gap or double.
///
/// It is pulled by the connection: a page is read only after the one before was written, so a slow reader costs one
/// page of memory and never more.
package struct EventStream: AsyncSequence, Sendable {
    package typealias Element = ByteBuffer

    let store: Store
    let signal: EventSignal
    let filter: EventFilter
    /// The sequence to go on behind.
    let position: Int64
    /// Checked before everything that is sent: a token may expire or be revoked while the stream is open.
    let authorize: @Sendable () async throws -> Void

    package init(
        store: Store,
        signal: EventSignal,
        filter: EventFilter,
        position: Int64,
        authorize: @escaping @Sendable () async throws -> Void
    ) {
        self.store = store
        self.signal = signal
        self.filter = filter
        self.position = position
        self.authorize = authorize
    }

    package func makeAsyncIterator() -> Iterator { Iterator(stream: self, position: position) }

    package struct Iterator: AsyncIteratorProtocol {
        private let stream: EventStream
        private var position: Int64
        private var isStarted = false

        init(stream: EventStream, position: Int64) {
            self.stream = stream
            self.position = position
        }

        package mutating func next() async throws -> ByteBuffer? {
            guard isStarted else {
                isStarted = true
                return ServerSentEvent.preamble
            }
            while true {
                guard (try? await stream.authorize()) != nil else { return nil }
                let mark = stream.signal.mark()
                let (from, filter) = (position, stream.filter)
                let page = try await stream.store.read { database in
                    try EventHistory.page(
                        after: from,
                        filter: filter,
                        limit: Limits.sseBuffer,
                        maxBytes: Limits.ssePageBytes,
                        in: database
                    )
                }
                position = page.position
                if !page.events.isEmpty { return ServerSentEvent.encode(page.events) }
                guard page.isLast else { continue }
                switch await stream.signal.wait(since: mark) {
                case .committed: continue
                case .heartbeat: return ServerSentEvent.heartbeat
                case .closed: return nil
                }
            }
        }
    }
}
