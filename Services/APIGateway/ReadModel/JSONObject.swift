import Contracts

/// An object written member by member around stored JSON. Callers append in the order of names.
struct JSONObject {
    private var text: [UInt8] = [UInt8(ascii: "{")]

    var bytes: [UInt8] { text + [UInt8(ascii: "}")] }

    mutating func append(_ name: String, raw value: some Sequence<UInt8>) {
        if text.count > 1 { text.append(UInt8(ascii: ",")) }
        text.append(UInt8(ascii: "\""))
        text.append(contentsOf: name.utf8)
        text.append(UInt8(ascii: "\""))
        text.append(UInt8(ascii: ":"))
        text.append(contentsOf: value)
    }

    mutating func append(_ name: String, _ value: Int) { append(name, raw: String(value).utf8) }

    mutating func append(_ name: String, _ value: Bool) { append(name, raw: (value ? "true" : "false").utf8) }

    /// - Parameter value: a string without characters that JSON escapes: an id, a name of ours, a cursor.
    mutating func append(_ name: String, _ value: String) { append(name, raw: "\"\(value)\"".utf8) }

    mutating func append(_ name: String, array page: Page) {
        append(name, raw: [UInt8(ascii: "[")] + page.items + [UInt8(ascii: "]")])
    }
}
