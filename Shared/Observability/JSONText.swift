/// Appends JSON text byte by byte: for log lines, which must never fail and never allocate an encoder.
struct JSONText {
    private(set) var bytes: [UInt8] = []

    init(reserving capacity: Int = 256) {
        bytes.reserveCapacity(capacity)
    }

    /// Text that is JSON already.
    mutating func append(raw text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    /// A JSON string with quotes. Control characters are escaped, so a value can never begin a line of its own.
    mutating func append(string text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append(raw: "\\\"")
            case UInt8(ascii: "\\"): append(raw: "\\\\")
            case UInt8(ascii: "\n"): append(raw: "\\n")
            case UInt8(ascii: "\r"): append(raw: "\\r")
            case UInt8(ascii: "\t"): append(raw: "\\t")
            case 0..<0x20, 0x7f:
                append(raw: "\\u00")
                bytes.append(Self.digits[Int(byte >> 4)])
                bytes.append(Self.digits[Int(byte & 0xf)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// `,"name":`, without the comma for the first member.
    mutating func append(member name: String, first: Bool = false) {
        if !first { bytes.append(UInt8(ascii: ",")) }
        append(string: name)
        bytes.append(UInt8(ascii: ":"))
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
