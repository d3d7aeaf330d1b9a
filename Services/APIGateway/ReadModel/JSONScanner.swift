/// Walks JSON text without building values. `document` checks; the others expect checked text.
struct JSONScanner {
    struct Member: Sendable {
        /// Between the quotes, escapes as written.
        var name: Range<Int>
        var value: Range<Int>
    }

    private static let depthLimit = 64

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position: Int
    private(set) var sawNonASCII = false

    init(_ bytes: UnsafeBufferPointer<UInt8>, from position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    static func isUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        String(validating: bytes, as: UTF8.self) != nil
    }

    /// Reads one value and the white space around it; nil unless that is all there is, else where the value lies.
    mutating func document() -> Range<Int>? {
        skipSpace()
        let start = position
        guard value(depth: 0) else { return nil }
        let end = position
        skipSpace()
        return position == bytes.count ? start..<end : nil
    }

    func members() -> [Member]? {
        var scanner = self
        scanner.skipSpace()
        guard scanner.take(UInt8(ascii: "{")) else { return nil }
        var members: [Member] = []
        scanner.skipSpace()
        if scanner.take(UInt8(ascii: "}")) { return members }
        repeat {
            scanner.skipSpace()
            let name = scanner.position + 1
            guard scanner.string() else { return nil }
            let nameEnd = scanner.position - 1
            scanner.skipSpace()
            guard scanner.take(UInt8(ascii: ":")) else { return nil }
            scanner.skipSpace()
            let start = scanner.position
            guard scanner.value(depth: 0) else { return nil }
            members.append(Member(name: name..<nameEnd, value: start..<scanner.position))
            scanner.skipSpace()
        } while scanner.take(UInt8(ascii: ","))
        return scanner.take(UInt8(ascii: "}")) ? members : nil
    }

    func elements() -> [Range<Int>]? {
        var scanner = self
        scanner.skipSpace()
        guard scanner.take(UInt8(ascii: "[")) else { return nil }
        var elements: [Range<Int>] = []
        scanner.skipSpace()
        if scanner.take(UInt8(ascii: "]")) { return elements }
        repeat {
            scanner.skipSpace()
            let start = scanner.position
            guard scanner.value(depth: 0) else { return nil }
            elements.append(start..<scanner.position)
            scanner.skipSpace()
        } while scanner.take(UInt8(ascii: ","))
        return scanner.take(UInt8(ascii: "]")) ? elements : nil
    }

    private mutating func value(depth: Int) -> Bool {
        guard position < bytes.count, depth < Self.depthLimit else { return false }
        switch bytes[position] {
        case UInt8(ascii: "{"): return container(closedBy: UInt8(ascii: "}"), named: true, depth: depth)
        case UInt8(ascii: "["): return container(closedBy: UInt8(ascii: "]"), named: false, depth: depth)
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "t"): return literal("true")
        case UInt8(ascii: "f"): return literal("false")
        case UInt8(ascii: "n"): return literal("null")
        default: return number()
        }
    }

    private mutating func container(closedBy end: UInt8, named: Bool, depth: Int) -> Bool {
        position += 1
        skipSpace()
        if take(end) { return true }
        repeat {
            skipSpace()
            if named {
                guard string() else { return false }
                skipSpace()
                guard take(UInt8(ascii: ":")) else { return false }
                skipSpace()
            }
            guard value(depth: depth + 1) else { return false }
            skipSpace()
        } while take(UInt8(ascii: ","))
        return take(end)
    }

    private mutating func string() -> Bool {
        guard take(UInt8(ascii: "\"")) else { return false }
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return true
            case UInt8(ascii: "\\"): guard escape() else { return false }
            case 0..<0x20: return false
            case 0x80...: sawNonASCII = true
            default: break
            }
        }
        return false
    }

    private mutating func escape() -> Bool {
        guard position < bytes.count else { return false }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return true
        case UInt8(ascii: "u"):
            guard position + 4 <= bytes.count else { return false }
            for index in position..<position + 4 where !Self.isHexDigit(bytes[index]) { return false }
            position += 4
            return true
        default: return false
        }
    }

    private mutating func number() -> Bool {
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) {
            guard digits() else { return false }
        }
        if take(UInt8(ascii: ".")) {
            guard digits() else { return false }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard digits() else { return false }
        }
        return true
    }

    private mutating func digits() -> Bool {
        let start = position
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
            position += 1
        }
        return position > start
    }

    private mutating func literal(_ word: StaticString) -> Bool {
        guard position + word.utf8CodeUnitCount <= bytes.count else { return false }
        for index in 0..<word.utf8CodeUnitCount where bytes[position + index] != word.utf8Start[index] {
            return false
        }
        position += word.utf8CodeUnitCount
        return true
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): position += 1
            default: return
            }
        }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
