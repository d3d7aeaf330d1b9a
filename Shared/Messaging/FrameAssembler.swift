/// The method that announces a content: where it comes from and why it is here.
enum ContentStart: Sendable, Equatable {
    case delivery(tag: UInt64, redelivered: Bool, exchange: String, routingKey: String)
    case returned(code: Int, text: String, exchange: String, routingKey: String)
}

/// A message put together from its frames.
struct AssembledContent: Sendable, Equatable {
    var channel: UInt16
    var start: ContentStart
    var properties: MessageProperties
    var offset: Int64?
    var body: [UInt8]
}

/// A peer that breaks the rules of AMQP 0-9-1; the connection cannot go on.
struct ProtocolViolation: Error, Equatable {
    var reason: String
}

/// Puts messages together from method, header and body frames, for each channel by itself: frames of several channels
/// arrive interleaved. Pure: no I/O.
struct FrameAssembler {
    private enum Slot {
        case idle
        case started(ContentStart)
        case body(AssembledContent, remaining: Int)
    }

    /// Most bytes reserved before they have arrived.
    private static let reserve = 2 << 20

    private var slots: [Slot] = []

    init() {}

    /// A `basic.deliver` or `basic.return`.
    mutating func begin(_ start: ContentStart, channel: UInt16) throws(ProtocolViolation) {
        let index = Int(channel)
        while slots.count <= index { slots.append(.idle) }
        guard case .idle = slots[index] else {
            throw ProtocolViolation(reason: "a content begins on channel \(channel) before the last one is complete")
        }
        slots[index] = .started(start)
    }

    /// A content header. Returns the message when it has no body.
    mutating func header(
        channel: UInt16,
        bodySize: UInt64,
        properties: MessageProperties,
        offset: Int64?
    ) throws(ProtocolViolation) -> AssembledContent? {
        let index = Int(channel)
        guard index < slots.count, case .started(let start) = slots[index] else {
            throw ProtocolViolation(reason: "a header on channel \(channel) without a method before it")
        }
        guard let size = Int(exactly: bodySize) else { throw ProtocolViolation(reason: "an impossible body size") }
        var content = AssembledContent(
            channel: channel,
            start: start,
            properties: properties,
            offset: offset,
            body: []
        )
        if size == 0 {
            slots[index] = .idle
            return content
        }
        content.body.reserveCapacity(min(size, Self.reserve))
        slots[index] = .body(content, remaining: size)
        return nil
    }

    /// A body frame. Returns the message when this was the last one.
    mutating func body(
        channel: UInt16,
        bytes: UnsafeRawBufferPointer
    ) throws(ProtocolViolation) -> AssembledContent? {
        let index = Int(channel)
        guard index < slots.count, case .body(var content, let remaining) = slots[index] else {
            throw ProtocolViolation(reason: "a body on channel \(channel) without a header before it")
        }
        guard bytes.count <= remaining else {
            throw ProtocolViolation(reason: "a body on channel \(channel) is longer than announced")
        }
        // The slot must let go of the array before it grows, or it would be copied.
        slots[index] = .idle
        content.body.append(contentsOf: bytes)
        if bytes.count == remaining { return content }
        slots[index] = .body(content, remaining: remaining - bytes.count)
        return nil
    }
}
