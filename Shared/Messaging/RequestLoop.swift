import Contracts
import DequeModule
import Kernel

/// Sends requests and receives their replies on one channel, as direct reply-to demands, until the connection fails or
/// is stopped. Belongs to the connection's thread.
final class RequestLoop {
    private static let channel: UInt16 = 1
    /// Longest time to wait for replies after a stop.
    private static let stopDeadline: Duration = .seconds(2)
    /// How far behind its deadline a try may be noticed as late.
    private static let clockResolution: Duration = .milliseconds(20)

    private let connection: AMQPConnection
    private let mailbox: RequestMailbox
    private let metrics: MessagingMetrics
    private let idleWait: Duration

    private var queued: Deque<RequestTry> = []
    /// Sent and not answered, with the deadline.
    private var open: [UInt64: ContinuousClock.Instant] = [:]
    private var taken: [RequestTry] = []
    private var isBlocked = false
    private var nextCheck = ContinuousClock.now
    private var stopAt: ContinuousClock.Instant?

    init(
        connection: AMQPConnection,
        mailbox: RequestMailbox,
        broker: BrokerConfiguration,
        metrics: MessagingMetrics
    ) {
        self.connection = connection
        self.mailbox = mailbox
        self.metrics = metrics
        idleWait = min(.seconds(1), broker.heartbeat / 2)
    }

    /// Returns after an orderly stop; throws when the connection is over.
    func serve(_ topology: Topology) throws {
        try connection.openChannel(Self.channel)
        try connection.declare(topology, channel: Self.channel)
        // The pseudo queue is consumed without acknowledgements, on the very channel that publishes.
        try connection.consume(queue: Topic.replyTo, channel: Self.channel, acknowledges: false)
        mailbox.open()
        while true {
            mailbox.wakeUp.clear()
            takeWork()
            try send()
            try readEvents()
            expire()
            if let stopAt, open.isEmpty || ContinuousClock.now > stopAt {
                connection.close()
                return
            }
            connection.wait(mailbox.wakeUp, timeout: timeout)
        }
    }

    /// Tells everybody still waiting that the connection is gone.
    func abandon() {
        mailbox.close()
        for number in open.keys { mailbox.settle(number, .disconnected(wasSent: true)) }
        for item in queued { mailbox.settle(item.number, .disconnected(wasSent: false)) }
        open.removeAll()
        queued.removeAll()
        metrics.blocked.record(0)
    }

    private func takeWork() {
        let isStopping = mailbox.take(&taken)
        for item in taken { nextCheck = min(nextCheck, item.deadline) }
        queued.append(contentsOf: taken)
        taken.removeAll(keepingCapacity: true)
        if isStopping, stopAt == nil { stopAt = .now.advanced(by: Self.stopDeadline) }
    }

    private func send() throws {
        while !isBlocked, let item = queued.popFirst() {
            let rest = ContinuousClock.now.duration(to: item.deadline)
            guard rest > .zero else {
                mailbox.settle(item.number, .late(wasSent: false))
                continue
            }
            var message = item.message
            message.properties.correlationID = String(item.number)
            // The broker drops it unread when nobody would hear the answer any more.
            message.properties.expiration = rest
            open[item.number] = item.deadline
            try connection.publish(message, channel: Self.channel)
        }
    }

    private func readEvents() throws {
        while let event = try connection.nextEvent() {
            switch event {
            case .content(let content):
                guard let number = content.properties.correlationID.flatMap({ UInt64($0) }),
                    open.removeValue(forKey: number) != nil
                else { break }
                if case .returned = content.start {
                    metrics.returned.increment()
                    mailbox.settle(number, .unroutable)
                } else {
                    metrics.replies.increment()
                    mailbox.settle(number, .reply(Reply(properties: content.properties, body: content.body)))
                }
            case .blocked:
                isBlocked = true
                metrics.blocked.record(1)
            case .unblocked:
                isBlocked = false
                metrics.blocked.record(0)
            case .consumerCancelled:
                throw ConnectionFailure(reason: "the broker ended the consumer of replies")
            case .confirm, .cancelled:
                break
            }
        }
    }

    /// Answers tries whose time is over.
    private func expire() {
        let now = ContinuousClock.now
        guard now >= nextCheck else { return }
        var next = now.advanced(by: .seconds(3600))
        for (number, deadline) in open {
            if deadline <= now {
                open[number] = nil
                mailbox.settle(number, .late(wasSent: true))
            } else {
                next = min(next, deadline)
            }
        }
        // Only an alarm keeps tries queued from one turn to the next.
        queued.removeAll { item in
            guard item.deadline <= now else {
                next = min(next, item.deadline)
                return false
            }
            mailbox.settle(item.number, .late(wasSent: false))
            return true
        }
        nextCheck = next.advanced(by: Self.clockResolution)
    }

    private var timeout: Duration {
        min(idleWait, max(.milliseconds(1), ContinuousClock.now.duration(to: nextCheck)))
    }
}
