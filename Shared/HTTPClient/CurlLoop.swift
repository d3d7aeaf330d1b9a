import CCurl
import Glibc
import Kernel
import Synchronization

/// The one thread that drives libcurl. Everybody else only leaves orders and wakes it.
final class CurlLoop: Sendable {
    enum Order: Sendable {
        case start(Transfer)
        case cancel(Transfer)
        case resume(Transfer)
    }

    /// - Note: `@unchecked`: `curl_multi_wakeup` is the one function libcurl allows from any thread; the pointer is
    ///   used for nothing else here, and only under the lock that also guards the end of its life.
    private struct WakeUp: @unchecked Sendable {
        let multi: UnsafeMutableRawPointer
    }

    private struct State {
        var orders: [Order] = []
        var isStopped = false
        var wakeUp: WakeUp?
    }

    private let state: Mutex<State>

    /// Once per process, before anything else of libcurl.
    private static let isInitialized = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    init() {
        precondition(Self.isInitialized, "libcurl cannot be initialized")
        guard let multi = curl_multi_init() else { preconditionFailure("libcurl: out of memory") }
        let wakeUp = WakeUp(multi: multi)
        state = Mutex(State(wakeUp: wakeUp))
        startThread(named: "omoi-http") { [self] in run(wakeUp) }
    }

    func start(_ transfer: Transfer) {
        guard leave(.start(transfer)) else { return transfer.finish(.failure(Self.closed)) }
    }

    func cancel(_ transfer: Transfer) {
        transfer.markCancelled()
        _ = leave(.cancel(transfer))
    }

    /// The reader made room.
    func resume(_ transfer: Transfer) {
        _ = leave(.resume(transfer))
    }

    /// Fails what is in flight and ends the thread. Idempotent.
    func stop() {
        state.withLock { state in
            state.isStopped = true
            if let wakeUp = state.wakeUp { curl_multi_wakeup(wakeUp.multi) }
        }
    }

    static let closed = HTTPClientError(.closed, "the HTTP client was closed")

    private func leave(_ order: Order) -> Bool {
        state.withLock { state in
            guard !state.isStopped else { return false }
            state.orders.append(order)
            if let wakeUp = state.wakeUp { curl_multi_wakeup(wakeUp.multi) }
            return true
        }
    }

    private func run(_ wakeUp: WakeUp) {
        blockBrokenPipe()
        let session = CurlSession(multi: wakeUp.multi)
        while true {
            let (orders, isStopped) = state.withLock { state in
                defer { state.orders = [] }
                return (state.orders, state.isStopped)
            }
            for order in orders { session.handle(order) }
            if isStopped { break }
            session.perform()
            session.wait()
        }
        session.failAll(Self.closed)
        state.withLock { $0.wakeUp = nil }
        curl_multi_cleanup(wakeUp.multi)
    }

    /// A TLS connection the server closed would otherwise end the process; blocked here, the write fails instead.
    private func blockBrokenPipe() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}

/// What the loop's thread owns: the multi handle and the easy handle of every transfer in flight.
final class CurlSession {
    private let multi: UnsafeMutableRawPointer
    private var active: [ObjectIdentifier: CurlTransfer] = [:]
    private var byHandle: [UnsafeMutableRawPointer: CurlTransfer] = [:]

    init(multi: UnsafeMutableRawPointer) {
        self.multi = multi
        omoi_curl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, Limits.connectionsPerHost)
        omoi_curl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING))
    }

    func handle(_ order: CurlLoop.Order) {
        switch order {
        case .start(let transfer): start(transfer)
        case .cancel(let transfer):
            guard let running = active[ObjectIdentifier(transfer)] else { return }
            end(running, .failure(CancellationError()))
        case .resume(let transfer): active[ObjectIdentifier(transfer)]?.resume()
        }
    }

    func perform() {
        var running: Int32 = 0
        curl_multi_perform(multi, &running)
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let running = byHandle[message.pointee.easy_handle] else {
                continue
            }
            end(running, running.outcome(of: omoi_curl_message_result(message)))
        }
        for running in active.values where running.isSilentTooLong {
            end(running, .failure(HTTPClientError(.timeout, "the server was silent for too long")))
        }
    }

    /// Sleeps until something happens; streams are looked at once a second for silence.
    func wait() {
        let watches = active.values.contains { $0.transfer.isStream }
        curl_multi_poll(multi, nil, 0, watches ? 1000 : 60_000, nil)
    }

    func failAll(_ error: HTTPClientError) {
        for running in active.values { end(running, .failure(error)) }
    }

    private func start(_ transfer: Transfer) {
        guard !transfer.isCancelled else { return transfer.finish(.failure(CancellationError())) }
        do {
            let running = try CurlTransfer(transfer)
            active[ObjectIdentifier(transfer)] = running
            byHandle[running.easy] = running
            let code = curl_multi_add_handle(multi, running.easy)
            guard code == CURLM_OK else {
                return end(
                    running,
                    .failure(HTTPClientError(.connectFailed, String(cString: curl_multi_strerror(code))))
                )
            }
        } catch {
            transfer.finish(.failure(error))
        }
    }

    private func end(_ running: CurlTransfer, _ outcome: Result<Void, any Error>) {
        active[ObjectIdentifier(running.transfer)] = nil
        byHandle[running.easy] = nil
        curl_multi_remove_handle(multi, running.easy)
        running.transfer.finish(outcome)
    }
}
