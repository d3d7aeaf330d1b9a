import Contracts
import Foundation
import Testing

/// One value with its name in `Golden/`.
struct Sample: Sendable, CustomTestStringConvertible {
    let name: String
    let encode: @Sendable () throws -> [UInt8]
    /// Decodes and encodes again.
    let recode: @Sendable ([UInt8]) throws -> [UInt8]

    init<Value: Codable & Sendable>(_ name: String, _ value: Value) {
        self.name = name
        encode = { try ContractCoder.encode(value) }
        recode = { try ContractCoder.encode(ContractCoder.decode(Value.self, from: $0)) }
    }

    var testDescription: String { name }
}

/// The files in `Golden/`: one line of JSON each, as it goes over the wire. A file is a promise to everybody who
/// stored or subscribed to such a message; it changes only together with a new contract version.
///
/// A missing file is written when `OMOI_RECORD_GOLDEN` is set, and the test fails once all the same.
enum Golden {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Golden")

    static var names: Set<String> {
        get throws {
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            return Set(files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) })
        }
    }

    static func bytes(_ name: String, recording value: () throws -> [UInt8]) throws -> [UInt8] {
        let file = folder.appending(path: name + ".json")
        if !FileManager.default.fileExists(atPath: file.path) {
            guard ProcessInfo.processInfo.environment["OMOI_RECORD_GOLDEN"] != nil else {
                Issue.record(
                    "Golden/\(name).json is missing; run once with OMOI_RECORD_GOLDEN=1 and read what it writes"
                )
                return []
            }
            try Data(value() + Array("\n".utf8)).write(to: file)
            Issue.record("Golden/\(name).json was recorded: read it, then run again")
        }
        var bytes = Array(try Data(contentsOf: file))
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        return bytes
    }
}
