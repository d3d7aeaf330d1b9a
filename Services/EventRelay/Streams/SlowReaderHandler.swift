import NIOCore

/// Closes a connection on which no write has completed for the time its `IdleStateHandler` allows. Open streams write a
/// heartbeat more often than that, so only a reader that does not read (or an unused connection) is cut.
final class SlowReaderHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    typealias InboundOut = NIOAny

    private let onCut: @Sendable () -> Void

    init(onCut: @escaping @Sendable () -> Void) { self.onCut = onCut }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case IdleStateHandler.IdleStateEvent.write = event else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        onCut()
        context.close(promise: nil)
    }
}
