import Testing

@testable import Messaging

struct ConfirmWindowTests {
    /// What the broker says about tags 1 to 5 and what comes of it, in order.
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var settle: [(tag: UInt64, multiple: Bool, confirmed: Bool)]
        var outcomes: [String]
        var left: Int
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "one", settle: [(1, false, true)], outcomes: ["a+"], left: 4),
        Case(name: "all by multiple", settle: [(5, true, true)], outcomes: ["a+", "b+", "c+", "d+", "e+"], left: 0),
        Case(name: "out of order", settle: [(3, false, true), (1, false, true)], outcomes: ["c+", "a+"], left: 3),
        Case(
            name: "multiple over a settled one",
            settle: [(2, false, false), (3, true, true)],
            outcomes: ["b-", "a+", "c+"],
            left: 2
        ),
        Case(name: "twice the same", settle: [(2, true, true), (2, true, true)], outcomes: ["a+", "b+"], left: 3),
        Case(name: "again by multiple", settle: [(2, false, true), (2, true, true)], outcomes: ["b+", "a+"], left: 3),
        Case(name: "never given out", settle: [(6, false, true), (9, true, true)], outcomes: [], left: 5),
        Case(
            name: "tag 0 with multiple is all",
            settle: [(0, true, false)],
            outcomes: ["a-", "b-", "c-", "d-", "e-"],
            left: 0
        ),
        Case(name: "tag 0 alone is nothing", settle: [(0, false, true)], outcomes: [], left: 5),
    ]

    @Test(arguments: cases)
    func `settles what the broker says`(_ item: Case) {
        var window = ConfirmWindow<String>()
        for (index, name) in ["a", "b", "c", "d", "e"].enumerated() {
            let tag = window.add(name, bytes: 10, messageID: nil)
            #expect(tag == UInt64(index + 1))
        }
        var outcomes: [String] = []
        for (tag, multiple, confirmed) in item.settle {
            window.settle(tag: tag, multiple: multiple, confirmed: confirmed) {
                outcomes.append($0 + ($1 == .confirmed ? "+" : "-"))
            }
        }
        #expect(outcomes == item.outcomes)
        #expect(window.count == item.left)
        #expect(window.bytes == item.left * 10)
    }

    @Test func `a returned message is recognised by its id although the broker then confirms it`() {
        var window = ConfirmWindow<Int>()
        for (index, id) in ["x", "y", "x", nil].enumerated() { window.add(index, bytes: 1, messageID: id) }
        let known = window.markReturned(messageID: "y", code: 312, text: "NO_ROUTE")
        let unknown = window.markReturned(messageID: "z", code: 312, text: "NO_ROUTE")
        #expect(known && !unknown)
        // The second of two with the same id: the oldest that is not marked yet is meant.
        window.markReturned(messageID: "x", code: 312, text: "first")
        window.markReturned(messageID: "x", code: 312, text: "second")
        var outcomes: [Int: PublishOutcome] = [:]
        window.settle(tag: 4, multiple: true, confirmed: true) { outcomes[$0] = $1 }
        #expect(
            outcomes == [
                0: .returned(code: 312, text: "first"), 1: .returned(code: 312, text: "NO_ROUTE"),
                2: .returned(code: 312, text: "second"), 3: .confirmed,
            ]
        )
    }

    @Test func `abandoning hands out what was not settled and numbering goes on`() {
        var window = ConfirmWindow<Int>()
        for index in 1...4 { window.add(index, bytes: 1, messageID: nil) }
        window.settle(tag: 2, multiple: false, confirmed: true) { _, _ in }
        var rest: [Int] = []
        window.abandon { rest.append($0) }
        #expect(rest == [1, 3, 4])
        #expect(window.isEmpty && window.bytes == 0)
        #expect(window.add(9, bytes: 1, messageID: nil) == 5)
    }

    @Test func `a long run of random confirms settles every message once`() {
        var generator = Linear(state: 42)
        var window = ConfirmWindow<UInt64>()
        var settled: Set<UInt64> = []
        var outstanding: [UInt64] = []
        for round in 0..<20_000 {
            if window.count < 64 {
                outstanding.append(window.add(UInt64(round), bytes: 3, messageID: nil))
            }
            guard let tag = outstanding.randomElement(using: &generator), generator.next() % 3 == 0 else { continue }
            let multiple = generator.next() % 2 == 0
            window.settle(tag: tag, multiple: multiple, confirmed: true) { token, _ in
                #expect(settled.insert(token).inserted)
            }
            outstanding.removeAll { multiple ? $0 <= tag : $0 == tag }
            #expect(window.count == outstanding.count)
        }
        #expect(settled.count > 10_000)
    }
}

/// A random generator with a seed, for repeatable runs.
struct Linear: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 16 | state << 48
    }
}
