import Kernel

/// Consumes on one connection until it fails or is stopped. Belongs to the connection's thread.
///
/// A turn: acknowledge what was handled (once per channel, with everything before it), read what has arrived, look at
/// the clock, wait. Source `index` uses channel `index + 1`.
final class ConsumeLoop {
    /// Longest time the broker may take to end the consumers of an orderly stop.
    private static let cancelDeadline: Duration = .seconds(5)

    private enum Phase: Equatable {
        case consuming
        /// Waiting for the broker to end the consumers that are drained.
        case cancelling(open: Int, until: ContinuousClock.Instant)
        /// Waiting for the handlers to finish what they have.
        case draining
    }

    private let connection: AMQPConnection
    private let engine: ConsumerEngine
    private let generation: Int
    private let idleWait: Duration
    private var received: [[Delivery]]
    /// Until when the first message of a source has to arrive.
    private var silence: [(deadline: ContinuousClock.Instant, call: @Sendable () -> Void)?]
    private var phase = Phase.consuming

    init(connection: AMQPConnection, engine: ConsumerEngine, generation: Int) {
        self.connection = connection
        self.engine = engine
        self.generation = generation
        idleWait = min(.seconds(1), engine.broker.heartbeat / 2)
        received = Array(repeating: [], count: engine.sources.count)
        silence = Array(repeating: nil, count: engine.sources.count)
    }

    /// Returns after an orderly stop; throws when the connection is over.
    func serve() throws {
        try attach()
        engine.attached()
        while true {
            engine.wakeUp.clear()
            let turn = engine.takeTurn()
            try acknowledge(turn)
            if let failure = turn.failure { throw ConnectionFailure(reason: failure) }
            if turn.isStopping, phase == .consuming { try beginStop() }
            let isDrained = try readEvents()
            passOn()
            checkClock()
            if phase == .draining, turn.running == 0 {
                connection.close()
                return
            }
            if isDrained { connection.wait(engine.wakeUp, timeout: idleWait) }
        }
    }

    private func attach() throws {
        let setUp = UInt16(engine.sources.count + 1)
        try connection.openChannel(setUp)
        try connection.declare(engine.topology, channel: setUp)
        for (index, source) in engine.sources.enumerated() {
            let channel = UInt16(index + 1)
            try connection.openChannel(channel)
            if let declaration = source.declaration { try connection.declare(declaration, channel: channel) }
            try connection.setPrefetch(source.prefetch, channel: channel)
            let attachment = source.attach(generation)
            if let limit = attachment.silenceLimit {
                silence[index] = (.now.advanced(by: limit), attachment.silence)
            }
            try connection.consume(
                queue: source.queue,
                channel: channel,
                acknowledges: true,
                arguments: attachment.arguments
            )
        }
    }

    private func acknowledge(_ turn: ConsumerEngine.Turn) throws {
        for (index, tag) in turn.acknowledged.enumerated() where tag > 0 {
            try connection.acknowledge(tag: tag, multiple: true, channel: UInt16(index + 1))
        }
    }

    /// Begins an orderly stop. A queue that goes away with its consumer is cancelled first, so that everything it has
    /// sent arrives and can still be handled; cancelling another one would send messages back out of order.
    private func beginStop() throws {
        var open = 0
        for (index, source) in engine.sources.enumerated() {
            if source.drainsOnStop {
                try connection.cancelConsumer(channel: UInt16(index + 1))
                open += 1
            } else {
                engine.buffers[index].close(discarding: true)
            }
        }
        phase = .cancelling(open: open, until: .now.advanced(by: Self.cancelDeadline))
        if open == 0 { drain() }
    }

    private func drain() {
        passOn()
        phase = .draining
        for (index, source) in engine.sources.enumerated() {
            engine.buffers[index].close(discarding: !source.drainsOnStop)
        }
    }

    /// Returns false when more may have arrived: acknowledgements have their turn in between.
    private func readEvents() throws -> Bool {
        for _ in 0..<Limits.batch {
            guard let event = try connection.nextEvent() else { return true }
            switch event {
            case .content(let content):
                guard case .delivery(_, let redelivered, let exchange, let routingKey) = content.start else { break }
                let index = Int(content.channel) - 1
                silence[index] = nil
                received[index].append(
                    Delivery(
                        queue: engine.sources[index].queue,
                        exchange: exchange,
                        routingKey: routingKey,
                        redelivered: redelivered,
                        properties: content.properties,
                        body: content.body,
                        offset: content.offset
                    )
                )
            case .consumerCancelled(let channel):
                engine.metrics.cancels.increment()
                throw ConnectionFailure(reason: "queue \(engine.sources[Int(channel) - 1].queue) was deleted")
            case .cancelled:
                if case .cancelling(let open, let until) = phase {
                    phase = .cancelling(open: open - 1, until: until)
                    if open == 1 { drain() }
                }
            case .confirm, .blocked, .unblocked:
                break
            }
        }
        return false
    }

    private func passOn() {
        for index in received.indices { passOn(index) }
    }

    private func passOn(_ index: Int) {
        guard !received[index].isEmpty else { return }
        engine.metrics.consumed.increment(by: received[index].count)
        engine.buffers[index].append(&received[index])
    }

    private func checkClock() {
        let now = ContinuousClock.now
        if case .cancelling(_, let until) = phase, now > until { drain() }
        for index in silence.indices {
            guard let (deadline, call) = silence[index], now > deadline else { continue }
            silence[index] = nil
            call()
        }
    }
}
