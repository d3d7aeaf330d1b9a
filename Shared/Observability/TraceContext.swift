import ServiceContextModule

/// A W3C Trace Context (Recommendation, level 1): the `traceparent` header.
package struct TraceContext: Sendable, Equatable {
    /// 32 lower-case hexadecimal digits, not all zero.
    package let traceID: String
    /// 16 lower-case hexadecimal digits, not all zero.
    package let parentID: String
    package let sampled: Bool

    /// A new trace.
    package init(sampled: Bool = true) {
        traceID = Self.hex(Self.random()) + Self.hex(Self.random())
        parentID = Self.hex(Self.random())
        self.sampled = sampled
    }

    private init(traceID: String, parentID: String, sampled: Bool) {
        self.traceID = traceID
        self.parentID = parentID
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
        let zero = UInt8(ascii: "0")
        guard fields[1].contains(where: { $0 != zero }), fields[2].contains(where: { $0 != zero }),
            let flags = UInt8(String(decoding: fields[3], as: UTF8.self), radix: 16)
        else { return nil }
        traceID = String(decoding: fields[1], as: UTF8.self)
        parentID = String(decoding: fields[2], as: UTF8.self)
        sampled = flags & 1 == 1
    }

    /// The header's value, always version `00`.
    package var traceparent: String { "00-\(traceID)-\(parentID)-\(sampled ? "01" : "00")" }

    /// The same trace with a new parent: what is passed on.
    package func child() -> TraceContext {
        TraceContext(traceID: traceID, parentID: Self.hex(Self.random()), sampled: sampled)
    }

    /// The context of the current task.
    package static var current: TraceContext? { ServiceContext.current?.traceContext }

    private static func isLowerHex(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    private static func random() -> UInt64 { UInt64.random(in: 1 ... .max) }

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
