import Contracts
import Kernel

/// The `--json` form of every command: one object on one line with `"version": 1`. Members may be added within a
/// version.
package enum JSONOutput {
    package static let version: Int64 = 1

    /// The line for an object with these members.
    package static func line(_ members: [String: JSONValue]) throws -> String {
        var members = members
        members["version"] = .integer(version)
        return String(decoding: try ContractCoder.encode(JSONValue.object(members)), as: UTF8.self)
    }

    /// A value of the contract as JSON.
    package static func value(_ value: some Encodable) throws -> JSONValue {
        try ContractCoder.decode(JSONValue.self, from: ContractCoder.encode(value))
    }
}
