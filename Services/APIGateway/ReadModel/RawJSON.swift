import Contracts
import Kernel

/// A JSON value kept as the bytes it came in, so that it can be stored and answered without being rebuilt.
///
/// The text is checked completely once (RFC 8259, UTF-8, bounded depth); everything read from it afterwards relies on
/// that.
package struct RawJSON: Sendable {
    private let document: [UInt8]
    private let range: Range<Int>

    /// - Throws: ``Fault`` `malformed-request` when the text is not exactly one JSON value.
    package init(_ text: [UInt8]) throws(Fault) {
        let value = text.withUnsafeBufferPointer { buffer -> Range<Int>? in
            var scanner = JSONScanner(buffer)
            guard let value = scanner.document() else { return nil }
            return scanner.sawNonASCII && !JSONScanner.isUTF8(buffer) ? nil : value
        }
        guard let value else { throw Fault(.malformed, "the JSON could not be read") }
        document = text
        range = value
    }

    private init(_ document: [UInt8], _ range: Range<Int>) {
        self.document = document
        self.range = range
    }

    /// The value's own bytes.
    package var bytes: ArraySlice<UInt8> { document[range] }

    /// The members of an object by name, in their order; nil for any other value. Of two members with one name the
    /// first is found.
    package var object: RawObject? {
        guard let members = document.withUnsafeBufferPointer({ JSONScanner($0, from: range.lowerBound).members() })
        else {
            return nil
        }
        return RawObject(document: document, members: members)
    }

    /// The elements of an array; nil for any other value.
    package var elements: [RawJSON]? {
        document.withUnsafeBufferPointer { JSONScanner($0, from: range.lowerBound).elements() }?
            .map { RawJSON(document, $0) }
    }

    /// The text of a string; nil for any other value.
    package var string: String? {
        guard let first = bytes.first, first == UInt8(ascii: "\""), range.count >= 2 else { return nil }
        let inner = document[range.lowerBound + 1..<range.upperBound - 1]
        guard inner.contains(UInt8(ascii: "\\")) else { return String(decoding: inner, as: UTF8.self) }
        return try? ContractCoder.decode(String.self, from: Array(bytes))
    }

    /// An integer that fits; nil for any other value.
    package var integer: Int? { Int(String(decoding: bytes, as: UTF8.self)) }

    package var boolean: Bool? {
        switch bytes.first {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: nil
        }
    }

    package var isNull: Bool { bytes.first == UInt8(ascii: "n") }

    /// The value taken apart, for checking.
    ///
    /// - Throws: ``Fault`` `malformed-request` when a name occurs twice in one object: readers would disagree about
    ///   which of the two counts.
    package var value: JSONValue {
        get throws(Fault) {
            switch bytes.first {
            case UInt8(ascii: "{"): return .object(try taken(apart: object))
            case UInt8(ascii: "["):
                return .array(try (elements ?? []).map { element throws(Fault) in try element.value })
            case UInt8(ascii: "\""):
                guard let string else { throw Fault(.malformed, "the JSON contains a string that cannot be read") }
                return .string(string)
            case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool(boolean == true)
            case UInt8(ascii: "n"): return .null
            default:
                let text = String(decoding: bytes, as: UTF8.self)
                if let integer = Int64(text) { return .integer(integer) }
                guard let number = Double(text), number.isFinite else {
                    throw Fault(.malformed, "the JSON contains a number that is too large")
                }
                return Int64(exactly: number).map { .integer($0) } ?? .number(number)
            }
        }
    }

    private func taken(apart object: RawObject?) throws(Fault) -> [String: JSONValue] {
        guard let object else { return [:] }
        var values: [String: JSONValue] = [:]
        for member in object.members {
            // The quotes belong to the name as a JSON value.
            let name = RawJSON(document, member.name.lowerBound - 1..<member.name.upperBound + 1).string
            guard let name else { throw Fault(.malformed, "the JSON contains a name that cannot be read") }
            let value = try RawJSON(document, member.value).value
            guard values.updateValue(value, forKey: name) == nil else {
                throw Fault(.malformed, "\(name.prefix(200)): is there twice")
            }
        }
        return values
    }

    /// An object's members.
    package struct RawObject: Sendable {
        fileprivate let document: [UInt8]
        fileprivate let members: [JSONScanner.Member]

        package subscript(name: String) -> RawJSON? {
            let length = name.utf8.count
            for member in members
            where member.name.count == length && document[member.name].elementsEqual(name.utf8) {
                return RawJSON(document, member.value)
            }
            return nil
        }
    }
}
