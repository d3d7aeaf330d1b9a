import FoundationEssentials
import GRDB
import Kernel

/// Stored as TEXT in canonical form.
extension Identifier: DatabaseValueConvertible {
    package var databaseValue: DatabaseValue { description.databaseValue }

    package static func fromDatabaseValue(_ value: DatabaseValue) -> Identifier? {
        String.fromDatabaseValue(value).flatMap { Identifier($0) }
    }
}

/// Stored as INTEGER, milliseconds since 1970.
extension Timestamp: DatabaseValueConvertible {
    package var databaseValue: DatabaseValue { milliseconds.databaseValue }

    package static func fromDatabaseValue(_ value: DatabaseValue) -> Timestamp? {
        Int64.fromDatabaseValue(value).map { Timestamp(milliseconds: $0) }
    }
}

/// Message headers as one TEXT column: a line `name:value` per header, sorted, with `\n` and `\\` escaped.
enum HeaderText {
    static func encode(_ headers: [String: String]) -> String {
        if headers.isEmpty { return "" }
        var text = ""
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            text += escape(name, also: ":")
            text += ":"
            text += escape(value)
            text += "\n"
        }
        return text
    }

    static func decode(_ text: String) -> [String: String] {
        var headers: [String: String] = [:]
        var parts = [String.UnicodeScalarView(), String.UnicodeScalarView()]
        var part = 0
        var escaped = false
        for scalar in text.unicodeScalars {
            if escaped {
                parts[part].append(scalar == "n" ? "\n" : scalar)
                escaped = false
            } else if scalar == "\\" {
                escaped = true
            } else if scalar == ":", part == 0 {
                part = 1
            } else if scalar == "\n" {
                headers[String(parts[0])] = String(parts[1])
                parts = [String.UnicodeScalarView(), String.UnicodeScalarView()]
                part = 0
            } else {
                parts[part].append(scalar)
            }
        }
        return headers
    }

    private static func escape(_ text: String, also extra: Unicode.Scalar? = nil) -> String {
        let special: (Unicode.Scalar) -> Bool = { $0 == "\\" || $0 == "\n" || $0 == extra }
        guard text.unicodeScalars.contains(where: special) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if special(scalar) { result.append("\\") }
            result.append(scalar == "\n" ? "n" : scalar)
        }
        return String(result)
    }
}

extension Row {
    /// A BLOB column, by its index, as bytes.
    func bytes(_ column: Int) -> [UInt8] {
        let data: Data = self[column]
        return Array(data)
    }
}

/// What went wrong, for the one line a person reads: without the statement, whose text may span lines.
func oneLine(_ error: any Error) -> String {
    switch error {
    case let error as DatabaseError:
        "SQLite error \(error.extendedResultCode.rawValue): \(error.message ?? "without a message")"
    case let error as Fault:
        error.message
    default:
        String(describing: error).split(separator: "\n").joined(separator: " ")
    }
}
