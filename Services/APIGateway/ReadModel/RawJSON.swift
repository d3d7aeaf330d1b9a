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

    /// An object's members.
    package struct RawObject: Sendable {
        fileprivate let document: [UInt8]
        fileprivate let members: [JSONScanner.Member]

        package subscript(name: String) -> RawJSON? {
            for member in members where document[member.name].elementsEqual(name.utf8) {
                return RawJSON(document, member.value)
            }
            return nil
        }
    }
}
