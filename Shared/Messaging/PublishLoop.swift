import DequeModule
import Kernel

/// Publishes on one connection until it fails or is stopped. Belongs to the connection's thread.
///
/// A turn: take requests, publish what the window allows, read what has arrived, look at the clock, wait.
final class PublishLoop {
    /// Messages of one call, on their way.
    private final class Batch {
        let messages: [OutgoingMessage]
        var outcomes: [PublishOutcome]
        /// The first message not yet sent.
        var next = 0
        /// Sent and not settled.
        var waiting = 0
        /// Nothing more of it is sent.
        var hasFailed = false
        let start = ContinuousClock.now
        /// Nil once told.
        private var done: CheckedContinuation<[PublishOutcome]?, Never>?

        init(_ request: PublishRequest) {
            messages = request.messages
            outcomes = Array(repeating: .unknown, count: request.messages.count)
            done = request.done
        }

        func finish() {
            done?.resume(returning: outcomes)
            done = nil
        }
    }

    private struct Slot {
        var batch: Batch
        var index: Int
    }

    /// Outcomes counted during a turn.
    private struct Tally {
        var confirmed = 0
        var nacked = 0
        var returned = 0
    }

    /// With confirms; and without, for replies.
    private static let channel: UInt16 = 1
    private static let sendChannel: UInt16 = 2
    /// Bytes sent without confirm before the loop looks for a `blocked` from the broker.
    private static let sendBytesPerTurn = 64 * 1024
    /// Longest time to wait for outcomes after a stop.
    private static let stopDeadline: Duration = .seconds(5)

    private let connection: AMQPConnection
    private let mailbox: PublishMailbox
    private let metrics: MessagingMetrics
    private let idleWait: Duration
    private let bytesLimit: Int

    private var window = ConfirmWindow<Slot>()
    private var pending: Deque<Batch> = []
    private var sends: Deque<OutgoingMessage> = []
    private var requestsTaken: [PublishRequest] = []
    private var sendsTaken: [OutgoingMessage] = []
    private var tally = Tally()
    private var isBlocked = false
    private var lastProgress = ContinuousClock.now
    private var stopAt: ContinuousClock.Instant?

    init(
        connection: AMQPConnection,
        mailbox: PublishMailbox,
        broker: BrokerConfiguration,
        metrics: MessagingMetrics
    ) {
        self.connection = connection
        self.mailbox = mailbox
        self.metrics = metrics
        idleWait = min(.seconds(1), broker.heartbeat / 2)
        bytesLimit = min(Limits.confirmWindowBytes, connection.safeBytesInFlight)
    }

    /// Returns after an orderly stop; throws when the connection is over.
    func serve(_ topology: Topology) throws {
        try connection.openChannel(Self.channel)
        try connection.openChannel(Self.sendChannel)
        try connection.declare(topology, channel: Self.channel)
        try connection.selectConfirms(Self.channel)
        mailbox.open()
        while true {
            mailbox.wakeUp.clear()
            takeWork()
            try publishPending()
            try publishSends()
            try readEvents()
            report()
            if try hasStopped() { return }
            try checkProgress()
            if !canPublish { connection.wait(mailbox.wakeUp, timeout: idleWait) }
        }
    }

    /// Tells everybody still waiting that the fate of their messages is unknown. Replies not sent yet wait for the next
    /// connection.
    func abandon() {
        mailbox.close()
        mailbox.putBack(sends)
        sends.removeAll()
        var unknown = 0
        window.abandon { slot in
            unknown += 1
            slot.batch.waiting -= 1
            if slot.batch.waiting == 0, slot.batch.next == slot.batch.messages.count { slot.batch.finish() }
        }
        for batch in pending where batch.waiting == 0 { batch.finish() }
        pending.removeAll()
        metrics.unknown.increment(by: unknown)
        metrics.inFlight.record(0)
        metrics.blocked.record(0)
    }

    private func takeWork() {
        let isStopping = mailbox.take(&requestsTaken, &sendsTaken)
        for request in requestsTaken { pending.append(Batch(request)) }
        sends.append(contentsOf: sendsTaken)
        requestsTaken.removeAll(keepingCapacity: true)
        sendsTaken.removeAll(keepingCapacity: true)
        if isStopping, stopAt == nil { stopAt = .now.advanced(by: Self.stopDeadline) }
    }

    private var canPublish: Bool {
        guard !isBlocked else { return false }
        if !sends.isEmpty { return true }
        guard let batch = pending.first else { return false }
        return batch.hasFailed || hasRoom(for: batch.messages[batch.next])
    }

    private func hasRoom(for message: OutgoingMessage) -> Bool {
        // A message larger than the limit goes alone.
        window.isEmpty
            || window.count < Limits.confirmWindow && window.bytes + message.body.count <= bytesLimit
    }

    private func publishPending() throws {
        guard !isBlocked else { return }
        while let batch = pending.first {
            while batch.next < batch.messages.count, !batch.hasFailed {
                let index = batch.next
                guard hasRoom(for: batch.messages[index]) else { return }
                try publish(batch, index)
            }
            pending.removeFirst()
            batch.next = batch.messages.count
            if batch.waiting == 0 { complete(batch) }
        }
    }

    private func publish(_ batch: Batch, _ index: Int) throws {
        var message = batch.messages[index]
        batch.next += 1
        guard PropertyCoding.isEncodable(message) else {
            batch.outcomes[index] = .nacked
            batch.hasFailed = true
            return
        }
        if message.mandatory, message.properties.messageID == nil {
            // By its id a returned message is recognised.
            message.properties.messageID = Identifier.make().description
        }
        if window.isEmpty { lastProgress = .now }
        try connection.publish(message, channel: Self.channel)
        batch.waiting += 1
        window.add(
            Slot(batch: batch, index: index),
            bytes: message.body.count,
            messageID: message.mandatory ? message.properties.messageID : nil
        )
    }

    private func publishSends() throws {
        var bytes = 0
        while !isBlocked, bytes < Self.sendBytesPerTurn, let message = sends.popFirst() {
            guard PropertyCoding.isEncodable(message) else {
                metrics.dropped.increment()
                continue
            }
            try connection.publish(message, channel: Self.sendChannel)
            bytes += message.body.count + 256
        }
        // During an alarm replies pile up; their askers give up before it ends.
        while sends.count > PublishMailbox.sendLimit {
            sends.removeFirst()
            metrics.dropped.increment()
        }
    }

    private func readEvents() throws {
        while let event = try connection.nextEvent() {
            switch event {
            case .confirm(Self.channel, let tag, let multiple, let confirmed):
                window.settle(tag: tag, multiple: multiple, confirmed: confirmed) { settle($0, $1) }
                lastProgress = .now
            case .content(let content):
                guard content.channel == Self.channel, case .returned(let code, let text, _, _) = content.start
                else { break }
                window.markReturned(messageID: content.properties.messageID, code: code, text: text)
            case .blocked:
                isBlocked = true
                metrics.blocked.record(1)
            case .unblocked:
                isBlocked = false
                lastProgress = .now
                metrics.blocked.record(0)
            case .confirm, .consumerCancelled, .cancelled:
                break
            }
        }
    }

    private func settle(_ slot: Slot, _ outcome: PublishOutcome) {
        let batch = slot.batch
        batch.outcomes[slot.index] = outcome
        batch.waiting -= 1
        switch outcome {
        case .confirmed: tally.confirmed += 1
        case .nacked: tally.nacked += 1
        case .returned: tally.returned += 1
        case .unknown: break
        }
        if outcome != .confirmed { batch.hasFailed = true }
        if batch.waiting == 0, batch.next == batch.messages.count { complete(batch) }
    }

    private func complete(_ batch: Batch) {
        metrics.publishDuration.record(since: batch.start)
        batch.finish()
    }

    private func report() {
        guard tally.confirmed + tally.nacked + tally.returned > 0 else { return }
        metrics.confirmed.increment(by: tally.confirmed)
        metrics.nacked.increment(by: tally.nacked)
        metrics.returned.increment(by: tally.returned)
        metrics.inFlight.record(window.count)
        tally = Tally()
    }

    /// Whether a stop was asked for and everything is settled, or has had its time.
    private func hasStopped() throws -> Bool {
        guard let stopAt else { return false }
        guard pending.isEmpty && sends.isEmpty && window.isEmpty || ContinuousClock.now > stopAt else { return false }
        connection.close()
        return true
    }

    /// A connection on which confirms stopped coming is as good as dead.
    private func checkProgress() throws {
        guard !window.isEmpty, !isBlocked, lastProgress.duration(to: .now) > Limits.confirmWatchdog else { return }
        throw ConnectionFailure(reason: "no confirm for \(Limits.confirmWatchdog) with \(window.count) in flight")
    }
}
