import CRabbitMQ
import Glibc
import Kernel

/// Why a connection is over, or could not be made.
struct ConnectionFailure: Error, CustomStringConvertible {
    var reason: String
    /// The broker's reply code, when it closed the channel or connection.
    var code: Int?

    var description: String { code.map { "\(reason) (\($0))" } ?? reason }
}

/// Something complete that came from the broker.
enum ConnectionEvent {
    case content(AssembledContent)
    case confirm(channel: UInt16, tag: UInt64, multiple: Bool, confirmed: Bool)
    /// The broker cancelled the consumer: its queue is gone.
    case consumerCancelled(channel: UInt16)
    /// The answer to our own `basic.cancel`.
    case cancelled(channel: UInt16)
    case blocked(reason: String)
    case unblocked
}

/// One connection to the broker. Belongs to the thread that made it; nothing else may touch it.
///
/// Frames are read with `amqp_simple_wait_frame_noblock` only and put together here: the library's own readers discard
/// frames of other channels. Its request functions are used only during set-up, on channels without consumers.
final class AMQPConnection {
    /// Bytes that surely fit into the socket's send buffer, so that publishing does not block.
    let safeBytesInFlight: Int

    private let state: OpaquePointer
    private let file: Int32
    private let arena = Arena()
    private var assembler = FrameAssembler()
    private var strings = StringTable()

    /// Connects, verifies the broker's certificate when TLS is used, and logs in.
    init(_ broker: BrokerConfiguration) throws(ConnectionFailure) {
        guard let state = amqp_new_connection() else { throw ConnectionFailure(reason: "out of memory") }
        do {
            try Self.open(state, broker)
            try Self.logIn(state, broker, arena)
        } catch {
            amqp_destroy_connection(state)
            throw error
        }
        self.state = state
        file = amqp_get_sockfd(state)
        safeBytesInFlight = Self.enlargeSendBuffer(of: file) / 2
    }

    deinit {
        amqp_destroy_connection(state)
    }

    // MARK: Set-up

    func openChannel(_ channel: UInt16) throws(ConnectionFailure) {
        _ = amqp_channel_open(state, channel)
        try check("open a channel")
    }

    /// Asks for confirms on the channel.
    func selectConfirms(_ channel: UInt16) throws(ConnectionFailure) {
        _ = amqp_confirm_select(state, channel)
        try check("select confirms")
    }

    func setPrefetch(_ count: UInt16, channel: UInt16) throws(ConnectionFailure) {
        _ = amqp_basic_qos(state, channel, 0, count, 0)
        try check("set the prefetch")
    }

    /// Declares everything; changes nothing that exists with the same arguments.
    func declare(_ topology: Topology, channel: UInt16) throws(ConnectionFailure) {
        for exchange in topology.exchanges {
            arena.reset()
            _ = amqp_exchange_declare(
                state,
                channel,
                arena.bytes(exchange.name),
                arena.bytes(exchange.kind.rawValue),
                0,
                1,
                0,
                0,
                amqp_table_t(num_entries: 0, entries: nil)
            )
            try check("declare exchange \(exchange.name)")
        }
        for queue in topology.queues { try declare(queue, channel: channel) }
    }

    func declare(_ queue: QueueDeclaration, channel: UInt16) throws(ConnectionFailure) {
        arena.reset()
        _ = amqp_queue_declare(
            state,
            channel,
            arena.bytes(queue.name),
            0,
            queue.durable ? 1 : 0,
            queue.exclusive ? 1 : 0,
            queue.autoDelete ? 1 : 0,
            arena.table(arguments: queue.declaredArguments)
        )
        try check("declare queue \(queue.name)")
        for binding in queue.bindings {
            arena.reset()
            _ = amqp_queue_bind(
                state,
                channel,
                arena.bytes(queue.name),
                arena.bytes(binding.exchange),
                arena.bytes(binding.routingKey),
                amqp_table_t(num_entries: 0, entries: nil)
            )
            try check("bind queue \(queue.name) to \(binding.exchange)")
        }
    }

    /// Starts a consumer; its tag is the channel's number.
    func consume(
        queue: String,
        channel: UInt16,
        acknowledges: Bool,
        arguments: [String: QueueArgument] = [:]
    ) throws(ConnectionFailure) {
        arena.reset()
        _ = amqp_basic_consume(
            state,
            channel,
            arena.bytes(queue),
            arena.bytes("\(channel)"),
            0,
            acknowledges ? 0 : 1,
            0,
            arena.table(arguments: arguments)
        )
        try check("consume \(queue)")
    }

    // MARK: Sending

    func publish(_ message: OutgoingMessage, channel: UInt16) throws(ConnectionFailure) {
        arena.reset()
        var properties = PropertyCoding.encode(message.properties, in: arena)
        let exchange = arena.bytes(message.exchange)
        let routingKey = arena.bytes(message.routingKey)
        let status = message.body.withUnsafeBytes { body in
            // The library only reads the body, although its type does not say so.
            let bytes = amqp_bytes_t(len: body.count, bytes: UnsafeMutableRawPointer(mutating: body.baseAddress))
            return amqp_basic_publish(
                state,
                channel,
                exchange,
                routingKey,
                message.mandatory ? 1 : 0,
                0,
                &properties,
                bytes
            )
        }
        try check(status, "publish")
    }

    func acknowledge(tag: UInt64, multiple: Bool, channel: UInt16) throws(ConnectionFailure) {
        try check(amqp_basic_ack(state, channel, tag, multiple ? 1 : 0), "acknowledge")
    }

    /// Asks the broker to end the channel's consumer; ``ConnectionEvent/cancelled(channel:)`` follows.
    func cancelConsumer(channel: UInt16) throws(ConnectionFailure) {
        arena.reset()
        var method = amqp_basic_cancel_t(consumer_tag: arena.bytes("\(channel)"), nowait: 0)
        try check(amqp_send_method(state, channel, MethodID.basicCancel, &method), "cancel a consumer")
    }

    /// Says good-bye, waiting for the answer for at most `limit`.
    func close(within limit: Duration = .seconds(1)) {
        var timeout = Self.timeval(limit)
        amqp_set_rpc_timeout(state, &timeout)
        _ = amqp_connection_close(state, AMQP_REPLY_SUCCESS)
    }

    // MARK: Receiving

    /// The next complete event that has already arrived, or nil. Also keeps the heartbeats going, so it must be called
    /// at least every half heartbeat.
    func nextEvent() throws(ConnectionFailure) -> ConnectionEvent? {
        var immediately = Glibc.timeval(tv_sec: 0, tv_usec: 0)
        while true {
            var frame = amqp_frame_t()
            let status = amqp_simple_wait_frame_noblock(state, &frame, &immediately)
            if status == AMQP_STATUS_TIMEOUT.rawValue { return nil }
            try check(status, "read")
            do {
                let event = try interpret(frame)
                // Copied out by now. A no-op while more frames of the channel are queued.
                amqp_maybe_release_buffers_on_channel(state, frame.channel)
                if let event { return event }
            } catch let violation as ProtocolViolation {
                throw ConnectionFailure(reason: violation.reason)
            } catch let failure as ConnectionFailure {
                throw failure
            } catch {
                throw ConnectionFailure(reason: "\(error)")
            }
        }
    }

    /// Waits until the broker sent something, `wakeUp` was signalled, or the time is over.
    func wait(_ wakeUp: WakeUp, timeout: Duration) {
        wakeUp.wait(alsoFor: file, timeout: timeout)
    }

    private func interpret(_ frame: amqp_frame_t) throws -> ConnectionEvent? {
        switch Int32(frame.frame_type) {
        case AMQP_FRAME_METHOD:
            return try interpret(frame.payload.method, channel: frame.channel)
        case AMQP_FRAME_HEADER:
            let header = frame.payload.properties
            guard let decoded = header.decoded else { throw ProtocolViolation(reason: "a header without properties") }
            let encoded = decoded.assumingMemoryBound(to: amqp_basic_properties_t.self).pointee
            let (properties, offset) = PropertyCoding.decode(encoded, strings: &strings)
            return try assembler.header(
                channel: frame.channel,
                bodySize: header.body_size,
                properties: properties,
                offset: offset
            ).map { .content($0) }
        case AMQP_FRAME_BODY:
            let fragment = frame.payload.body_fragment
            let bytes = UnsafeRawBufferPointer(start: fragment.bytes, count: fragment.len)
            return try assembler.body(channel: frame.channel, bytes: bytes).map { .content($0) }
        default:
            return nil
        }
    }

    private func interpret(_ method: amqp_method_t, channel: UInt16) throws -> ConnectionEvent? {
        guard let decoded = method.decoded else { return nil }
        switch method.id {
        case MethodID.basicDeliver:
            let deliver = decoded.assumingMemoryBound(to: amqp_basic_deliver_t.self).pointee
            try assembler.begin(
                .delivery(
                    tag: deliver.delivery_tag,
                    redelivered: deliver.redelivered != 0,
                    exchange: strings.string(deliver.exchange),
                    routingKey: strings.string(deliver.routing_key)
                ),
                channel: channel
            )
            return nil
        case MethodID.basicReturn:
            let returned = decoded.assumingMemoryBound(to: amqp_basic_return_t.self).pointee
            try assembler.begin(
                .returned(
                    code: Int(returned.reply_code),
                    text: String(returned.reply_text),
                    exchange: strings.string(returned.exchange),
                    routingKey: strings.string(returned.routing_key)
                ),
                channel: channel
            )
            return nil
        case MethodID.basicAck:
            let ack = decoded.assumingMemoryBound(to: amqp_basic_ack_t.self).pointee
            return .confirm(channel: channel, tag: ack.delivery_tag, multiple: ack.multiple != 0, confirmed: true)
        case MethodID.basicNack:
            let nack = decoded.assumingMemoryBound(to: amqp_basic_nack_t.self).pointee
            return .confirm(channel: channel, tag: nack.delivery_tag, multiple: nack.multiple != 0, confirmed: false)
        case MethodID.basicCancel: return .consumerCancelled(channel: channel)
        case MethodID.basicCancelOK: return .cancelled(channel: channel)
        case MethodID.connectionBlocked:
            return .blocked(
                reason: String(decoded.assumingMemoryBound(to: amqp_connection_blocked_t.self).pointee.reason)
            )
        case MethodID.connectionUnblocked: return .unblocked
        case MethodID.channelClose, MethodID.connectionClose: throw closed(by: method, channel: channel)
        default: return nil
        }
    }
}

// MARK: - Failures

extension AMQPConnection {
    /// Answers a close by the broker and tells why. A closed channel ends the whole connection: it is rebuilt at once,
    /// which is simpler than a half-working one and loses nothing.
    private func closed(by method: amqp_method_t, channel: UInt16) -> ConnectionFailure {
        if method.id == MethodID.channelClose {
            var answer = amqp_channel_close_ok_t()
            _ = amqp_send_method(state, channel, MethodID.channelCloseOK, &answer)
        } else {
            var answer = amqp_connection_close_ok_t()
            _ = amqp_send_method(state, 0, MethodID.connectionCloseOK, &answer)
        }
        return Self.failure("the broker closed", method)
    }

    private func check(_ what: String) throws(ConnectionFailure) {
        try Self.check(amqp_get_rpc_reply(state), what)
    }

    private func check(_ status: Int32, _ what: String) throws(ConnectionFailure) {
        try Self.check(status, what)
    }

    static func check(_ status: Int32, _ what: String) throws(ConnectionFailure) {
        guard status < 0 else { return }
        throw ConnectionFailure(reason: "cannot \(what): \(String(cString: amqp_error_string2(status)))")
    }

    static func check(_ reply: amqp_rpc_reply_t, _ what: String) throws(ConnectionFailure) {
        switch reply.reply_type {
        case AMQP_RESPONSE_NORMAL: return
        case AMQP_RESPONSE_SERVER_EXCEPTION: throw failure("cannot \(what)", reply.reply)
        case AMQP_RESPONSE_LIBRARY_EXCEPTION: try check(reply.library_error, what)
        default: throw ConnectionFailure(reason: "cannot \(what): the connection was closed")
        }
    }

    /// The reason in a `channel.close` or `connection.close`.
    private static func failure(_ what: String, _ method: amqp_method_t) -> ConnectionFailure {
        switch (method.id, method.decoded) {
        case (MethodID.channelClose, .some(let decoded)):
            let close = decoded.assumingMemoryBound(to: amqp_channel_close_t.self).pointee
            return ConnectionFailure(reason: "\(what): \(String(close.reply_text))", code: Int(close.reply_code))
        case (MethodID.connectionClose, .some(let decoded)):
            let close = decoded.assumingMemoryBound(to: amqp_connection_close_t.self).pointee
            return ConnectionFailure(reason: "\(what): \(String(close.reply_text))", code: Int(close.reply_code))
        default:
            return ConnectionFailure(reason: what)
        }
    }
}
