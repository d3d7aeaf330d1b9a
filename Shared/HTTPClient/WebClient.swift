import Kernel

/// An HTTP/1.1 client: every request of the process shares one thread and its kept-alive connections.
///
/// Only `http` and `https`; redirects are answers like any other and never followed; proxies, cookies and `.netrc` are
/// ignored. Cancelling the calling task aborts the transfer.
package final class WebClient: Sendable {
    private let loop: CurlLoop

    package init() {
        loop = CurlLoop()
    }

    deinit {
        loop.stop()
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// - Throws: ``HTTPClientError``, or `CancellationError` when the calling task is cancelled.
    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let transfer = Transfer(request, isStream: false)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                transfer.await(response: continuation)
                loop.start(transfer)
            }
        } onCancel: {
            loop.cancel(transfer)
        }
    }

    /// Sends a request and hands out the answer as it arrives: the head first, then its bytes.
    ///
    /// At most ``Limits/streamBufferBytes`` wait unread, then the server is no longer read from. Letting go of the
    /// stream, or cancelling the task that reads it, aborts the transfer. For one reader.
    package func stream(_ request: HTTPRequest) -> AsyncThrowingStream<HTTPStreamPart, any Error> {
        let reader = StreamReader(transfer: Transfer(request, isStream: true), loop: loop)
        return AsyncThrowingStream { try await reader.next() }
    }

    /// Fails what is in flight with ``HTTPClientError/Code/closed`` and ends the thread. Idempotent.
    package func close() {
        loop.stop()
    }
}

/// The reading end of a streamed transfer: aborts it when nobody holds it any more.
private final class StreamReader: Sendable {
    private let transfer: Transfer
    private let loop: CurlLoop

    init(transfer: Transfer, loop: CurlLoop) {
        self.transfer = transfer
        self.loop = loop
        loop.start(transfer)
    }

    deinit {
        loop.cancel(transfer)
    }

    func next() async throws -> HTTPStreamPart? {
        try await withTaskCancellationHandler {
            let taken = try await transfer.nextPart()
            if taken.unpause { loop.resume(transfer) }
            return taken.part
        } onCancel: {
            loop.cancel(transfer)
        }
    }
}
