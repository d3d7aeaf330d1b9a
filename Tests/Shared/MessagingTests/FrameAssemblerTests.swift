import Testing

@testable import Messaging

struct FrameAssemblerTests {
    private func start(_ tag: UInt64) -> ContentStart {
        .delivery(tag: tag, redelivered: false, exchange: "e", routingKey: "k")
    }

    private func feed(
        _ assembler: inout FrameAssembler,
        _ channel: UInt16,
        body: [UInt8]
    ) throws -> AssembledContent? {
        try body.withUnsafeBytes { bytes in try assembler.body(channel: channel, bytes: bytes) }
    }

    @Test func `a message without body is complete with its header`() throws {
        var assembler = FrameAssembler()
        try assembler.begin(start(7), channel: 1)
        let properties = MessageProperties(messageID: "m")
        let content = try assembler.header(channel: 1, bodySize: 0, properties: properties, offset: 5)
        #expect(
            content
                == AssembledContent(channel: 1, start: start(7), properties: properties, offset: 5, body: [])
        )
    }

    @Test(arguments: [[5], [1, 4], [2, 2, 1], [0, 5], [1, 1, 1, 1, 1]])
    func `a body in any pieces becomes whole`(_ pieces: [Int]) throws {
        var assembler = FrameAssembler()
        for round in 1...3 as ClosedRange<UInt64> {
            try assembler.begin(start(round), channel: 3)
            let header = try assembler.header(channel: 3, bodySize: 5, properties: MessageProperties(), offset: nil)
            #expect(header == nil)
            var rest: [UInt8] = [1, 2, 3, 4, 5]
            var content: AssembledContent?
            for size in pieces {
                #expect(content == nil)
                content = try feed(&assembler, 3, body: Array(rest.prefix(size)))
                rest.removeFirst(size)
            }
            #expect(content?.body == [1, 2, 3, 4, 5])
            #expect(content?.start == start(round))
        }
    }

    @Test func `interleaved channels never mix`() throws {
        var assembler = FrameAssembler()
        try assembler.begin(start(1), channel: 1)
        try assembler.begin(start(2), channel: 2)
        _ = try assembler.header(channel: 2, bodySize: 2, properties: MessageProperties(type: "two"), offset: nil)
        _ = try assembler.header(channel: 1, bodySize: 2, properties: MessageProperties(type: "one"), offset: nil)
        #expect(try feed(&assembler, 1, body: [1]) == nil)
        let second = try feed(&assembler, 2, body: [9, 9])
        let first = try feed(&assembler, 1, body: [1])
        #expect(second?.body == [9, 9] && second?.properties.type == "two" && second?.channel == 2)
        #expect(first?.body == [1, 1] && first?.properties.type == "one" && first?.channel == 1)
    }

    @Test func `frames out of turn are violations`() throws {
        var assembler = FrameAssembler()
        #expect(throws: ProtocolViolation.self) {
            _ = try assembler.header(channel: 1, bodySize: 0, properties: MessageProperties(), offset: nil)
        }
        #expect(throws: ProtocolViolation.self) { _ = try feed(&assembler, 1, body: [1]) }
        try assembler.begin(start(1), channel: 1)
        #expect(throws: ProtocolViolation.self) { try assembler.begin(start(2), channel: 1) }
        #expect(throws: ProtocolViolation.self) { _ = try feed(&assembler, 1, body: [1]) }
        _ = try assembler.header(channel: 1, bodySize: 1, properties: MessageProperties(), offset: nil)
        #expect(throws: ProtocolViolation.self) { _ = try feed(&assembler, 1, body: [1, 2]) }
    }
}
