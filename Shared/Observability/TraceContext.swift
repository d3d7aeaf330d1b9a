import ServiceContextModule

/// A W3C Trace Context (Recommendation, level 1): the `traceparent` header.
package struct TraceContext: Sendable, Equatable {
    private let high: UInt64
    private let low: UInt64
    private let parent: UInt64
    package let sampled: Bool

    /// 32 lower-case hexadecimal digits, not all zero.
    package var traceID: String { Self.hex(high) + Self.hex(low) }
    /// 16 lower-case hexadecimal digits, not all zero.
    package var parentID: String { Self.hex(parent) }

    /// A new trace.
    package init(sampled: Bool = true) {
        self.init(high: Self.random(), low: Self.random(), parent: Self.random(), sampled: sampled)
    }

    private init(high: UInt64, low: UInt64, parent: UInt64, sampled: Bool) {
        self.high = high
        self.low = low
        self.parent = parent
        self.sampled = sampled
    }

    /// Reads a `traceparent` header; nil for anything the specification calls invalid, which is then ignored.
    ///
    /// A higher version than `00` is read as far as version `00` goes, if it is followed by nothing or by `-`.
    package init?(_ traceparent: String) {
        let bytes = Array(traceparent.utf8)
        let dash = UInt8(ascii: "-")
        guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash else { return nil }
        let fields = [bytes[0..<2], bytes[3..<35], bytes[36..<52], bytes[53..<55]]
        guard fields.allSatisfy({ $0.allSatisfy(Self.isLowerHex) }) else { return nil }
        let version = String(decoding: fields[0], as: UTF8.self)
        guard version != "ff", bytes.count == 55 || (version != "00" && bytes[55] == dash) else { return nil }
        let (high, low) = (Self.number(bytes[3..<19]), Self.number(bytes[19..<35]))
        let parent = Self.number(bytes[36..<52])
        guard high != 0 || low != 0, parent != 0 else { return nil }
        self.init(high: high, low: low, parent: parent, sampled: Self.number(fields[3]) & 1 == 1)
    }

    /// The header's value, always version `00`.
    package var traceparent: String { "00-\(traceID)-\(parentID)-\(sampled ? "01" : "00")" }

    /// The same trace with a new parent: what is passed on.
    package func child() -> TraceContext {
        TraceContext(high: high, low: low, parent: Self.random(), sampled: sampled)
    }

    /// The context of the current task.
    package static var current: TraceContext? { ServiceContext.current?.traceContext }

    private static func isLowerHex(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    /// Of checked digits.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64 {
        digits.reduce(0) {
            $0 << 4 | UInt64($1 <= UInt8(ascii: "9") ? $1 - UInt8(ascii: "0") : $1 - UInt8(ascii: "a") + 10)
        }
    }

    // Zero means "none".
    private static func random() -> UInt64 { max(1, QuickRandom.next()) }

    private static func hex(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}

private enum TraceContextKey: ServiceContextKey {
    typealias Value = TraceContext
    static var nameOverride: String? { "traceparent" }
}

extension ServiceContext {
    /// The trace the current work belongs to.
    package var traceContext: TraceContext? {
        get { self[TraceContextKey.self] }
        set { self[TraceContextKey.self] = newValue }
    }
}
