import NIOCore

/// Closes a connection whose peer does not read: one on which a write has not completed within a limit.
///
/// A write completes when the kernel has taken it, so what a slow reader costs is one page here and one socket buffer.
final class SlowReaderHandler: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = NIOAny
    typealias OutboundOut = NIOAny

    private let limit: TimeAmount
    private let onCut: @Sendable () -> Void
    private var pending = 0
    /// When the oldest pending write became the oldest.
    private var since = NIODeadline.distantPast
    private var check: Scheduled<Void>?

    /// - Parameter onCut: called for every connection that is closed.
    init(limit: TimeAmount, onCut: @escaping @Sendable () -> Void) {
        self.limit = limit
        self.onCut = onCut
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let promise = promise ?? context.eventLoop.makePromise()
        pending += 1
        if pending == 1 { since = .now() }
        promise.futureResult.assumeIsolated().whenComplete { _ in
            self.pending -= 1
            self.since = .now()
        }
        context.write(data, promise: promise)
        if pending > 0, check == nil { schedule(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        check?.cancel()
        check = nil
    }

    private func schedule(_ context: ChannelHandlerContext) {
        check = context.eventLoop.assumeIsolated().scheduleTask(deadline: since + limit) {
            self.check = nil
            guard self.pending > 0, context.channel.isActive else { return }
            guard NIODeadline.now() - self.since >= self.limit else { return self.schedule(context) }
            self.onCut()
            context.close(promise: nil)
        }
    }
}
