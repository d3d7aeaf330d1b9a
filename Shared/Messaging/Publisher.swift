import Kernel
import Synchronization

/// Publishes with confirms on a connection of its own. The order of publishing is the order of the calls; up to
/// ``Limits/confirmWindow`` messages wait for their outcome at a time.
///
/// When the broker announces a resource alarm, publishing pauses until it is over. When the connection is lost,
/// whatever was not settled gets the outcome `unknown`, in flight or still waiting, so that no later message overtakes
/// a lost one; new calls wait for the next connection.
package final class Publisher: Sendable {
    private let broker: BrokerConfiguration
    private let topology: Topology
    private let mailbox = PublishMailbox()

    /// - Parameter topology: declared before the first publish of every connection.
    package init(_ broker: BrokerConfiguration, topology: Topology = .standard) {
        self.broker = broker
        self.topology = topology
    }

    /// Connects and reconnects until ``stop()`` is called or the task is cancelled. Call it once.
    package func run() async throws {
        let (broker, topology, mailbox) = (broker, topology, mailbox)
        await withConnectionThread(named: "amqp-publish", stop: { mailbox.stop() }) {
            let metrics = MessagingMetrics(connection: broker.connectionName)
            let reconnector = Reconnector(
                broker: broker,
                wakeUp: mailbox.wakeUp,
                metrics: metrics,
                isStopping: { mailbox.isStopping }
            )
            reconnector.run { connection in
                let loop = PublishLoop(connection: connection, mailbox: mailbox, broker: broker, metrics: metrics)
                defer { loop.abandon() }
                try loop.serve(topology)
            }
            mailbox.finish()
        }
    }

    /// Publishes one message and waits for its outcome.
    package func publish(_ message: OutgoingMessage) async -> PublishOutcome {
        await publish([message]).first ?? .unknown
    }

    /// Publishes the messages in order. After the first that is not confirmed no further one is sent: those get the
    /// outcome `unknown`, although some behind the failed one may have been in flight already.
    ///
    /// - Returns: one outcome per message, in the same order. All are `unknown` after ``stop()`` or when the task is
    ///   cancelled while it waits for a connection.
    package func publish(_ batch: [OutgoingMessage]) async -> [PublishOutcome] {
        guard !batch.isEmpty else { return [] }
        while true {
            await mailbox.gate.wait()
            if Task.isCancelled || mailbox.isStopping { return Array(repeating: .unknown, count: batch.count) }
            let outcomes: [PublishOutcome]? = await withCheckedContinuation { continuation in
                // The connection may have gone since the gate was passed; then nothing was sent and we wait again.
                if !mailbox.append(PublishRequest(messages: batch, done: continuation)) {
                    continuation.resume(returning: nil)
                }
            }
            if let outcomes { return outcomes }
        }
    }

    /// Publishes without waiting for an outcome, on a channel of its own; for replies. While disconnected it waits for
    /// the next connection, the oldest ones giving way when there are too many.
    package func send(_ message: OutgoingMessage) {
        mailbox.append(message)
    }

    /// Whether a connection is up and the topology declared.
    package var isConnected: Bool { mailbox.gate.isOpen }

    /// Returns when connected, stopped, or when the task is cancelled.
    package func waitUntilConnected() async {
        await mailbox.gate.wait()
    }

    /// Finishes what is in flight, closes the connection and ends ``run()``. New calls get `unknown`.
    package func stop() {
        mailbox.stop()
    }
}

/// A batch on its way to the connection's thread.
struct PublishRequest: Sendable {
    var messages: [OutgoingMessage]
    var done: CheckedContinuation<[PublishOutcome]?, Never>
}

/// Between the callers and the connection's thread: a lock, two arrays and a wake-up.
final class PublishMailbox: Sendable {
    private struct State {
        var isOpen = false
        var isStopping = false
        var requests: [PublishRequest] = []
        var sends: [OutgoingMessage] = []
    }

    /// Most messages waiting to be sent without confirm.
    static let sendLimit = 10_000

    let wakeUp = WakeUp()
    /// Open while connected.
    let gate = Gate()
    private let state = Mutex(State())

    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Returns false when there is no connection to publish on.
    func append(_ request: PublishRequest) -> Bool {
        let accepted = state.withLock { state in
            guard state.isOpen, !state.isStopping else { return false }
            state.requests.append(request)
            return true
        }
        if accepted { wakeUp.signal() }
        return accepted
    }

    func append(_ message: OutgoingMessage) {
        state.withLock { state in
            guard !state.isStopping else { return }
            state.sends.append(message)
            Self.trim(&state)
        }
        wakeUp.signal()
    }

    /// Takes back what could not be sent, in front of what has arrived since.
    func putBack(_ messages: some Collection<OutgoingMessage>) {
        guard !messages.isEmpty else { return }
        state.withLock { state in
            state.sends.insert(contentsOf: messages, at: 0)
            Self.trim(&state)
        }
    }

    private static func trim(_ state: inout State) {
        // Twice as many before anything moves, so that the cost per message stays constant.
        guard state.sends.count > 2 * sendLimit else { return }
        state.sends.removeFirst(state.sends.count - sendLimit)
    }

    func open() {
        state.withLock { $0.isOpen = true }
        gate.open()
    }

    /// Takes what has arrived since the last call, leaving emptied arrays' room to the next turn.
    func take(_ requests: inout [PublishRequest], _ sends: inout [OutgoingMessage]) -> Bool {
        state.withLock { state in
            swap(&state.requests, &requests)
            swap(&state.sends, &sends)
            return state.isStopping
        }
    }

    /// Closes the gate; what was not taken yet has never been sent and its callers wait for the next connection.
    func close() {
        gate.close()
        let requests = state.withLock { state in
            state.isOpen = false
            defer { state.requests.removeAll() }
            return state.requests
        }
        for request in requests { request.done.resume(returning: nil) }
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        wakeUp.signal()
    }

    func finish() {
        stop()
        close()
        gate.finish()
    }
}
