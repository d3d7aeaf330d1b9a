import Synchronization

/// A UUIDv7 (RFC 9562, section 5.7) whose last byte is the bucket of the project it belongs to.
///
/// The first 48 bits are milliseconds since 1970, so identifiers sort by age. The bucket (0 to 255) routes any id to
/// the partition of the ticket workflow that owns it; everything inside a project inherits the project's bucket.
package struct Identifier: Hashable, Sendable, Comparable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The project's bucket, 0 to 255.
    package var bucket: UInt8 { UInt8(truncatingIfNeeded: low) }

    /// The creation time encoded in the id.
    package var timestamp: Timestamp { Timestamp(milliseconds: Int64(high >> 16)) }

    package static func < (left: Identifier, right: Identifier) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    /// A new id. Ids made by one process are strictly increasing.
    package static func make(bucket: UInt8 = 0) -> Identifier {
        generator.next(at: Timestamp.now(), bucket: bucket, random: UInt64.random(in: .min ... .max))
    }

    private static let generator = IdentifierGenerator()
}

extension Identifier: LosslessStringConvertible, CustomStringConvertible {
    /// Parses the canonical text form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`; nil for anything else.
    package init?(_ description: String) {
        var values: (UInt64, UInt64) = (0, 0)
        var digits = 0
        var position = 0
        for byte in description.utf8 {
            if position == 8 || position == 13 || position == 18 || position == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                guard let digit = Self.value(ofHexDigit: byte) else { return nil }
                if digits < 16 {
                    values.0 = values.0 << 4 | digit
                } else {
                    values.1 = values.1 << 4 | digit
                }
                digits += 1
            }
            position += 1
            guard position <= 36 else { return nil }
        }
        guard position == 36 else { return nil }
        self.init(high: values.0, low: values.1)
    }

    package var description: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            var position = 0
            for index in 0..<32 {
                if index == 8 || index == 12 || index == 16 || index == 20 {
                    buffer[position] = UInt8(ascii: "-")
                    position += 1
                }
                let word = index < 16 ? high : low
                let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - (index % 16) * 4)) & 0xf
                buffer[position] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                position += 1
            }
            return position
        }
    }

    private static func value(ofHexDigit byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}

extension Identifier: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Identifier(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a UUID")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Makes strictly increasing ids: a counter in the bits after the milliseconds breaks ties and survives a clock that
/// steps back.
package final class IdentifierGenerator: Sendable {
    private let last = Mutex<UInt64>(0)

    package init() {}

    /// The next id. `random` fills the 54 bits between variant and bucket.
    package func next(at time: Timestamp, bucket: UInt8, random: UInt64) -> Identifier {
        let earliest = UInt64(max(0, time.milliseconds)) << 12
        let stamp = last.withLock { last in
            last = max(earliest, last + 1)
            return last
        }
        let high = (stamp >> 12) << 16 | 0x7000 | (stamp & 0xfff)
        let low = 0x8000_0000_0000_0000 | (random & 0x3fff_ffff_ffff_ff00) | UInt64(bucket)
        return Identifier(high: high, low: low)
    }
}
