import FoundationEssentials
import Kernel

/// What a node keeps over restarts: its name, its ports and its secrets. Stored as `node.json`, readable by its owner.
struct NodeSettings: Codable, Sendable, Equatable {
    var name: String
    var port: Int
    var distributionPort: Int
    /// Port of a name daemon of its own, so that nodes on one machine do not depend on each other.
    var namePort: Int
    var password: String
    var cookie: String

    static let user = "omoi"

    /// The settings of the node in `directory`, or new ones. Ports that somebody else has taken are replaced, except
    /// `port` when the caller wants that one.
    static func load(directory: String, port: Int?) throws(Fault) -> NodeSettings {
        let stored = TextFile.read(directory + "/node.json").flatMap { text in
            try? JSONDecoder().decode(NodeSettings.self, from: Data(text.utf8))
        }
        var settings =
            stored
            ?? NodeSettings(
                name: "omoi-\(secret(bytes: 6))@localhost",
                port: 0,
                distributionPort: 0,
                namePort: 0,
                password: secret(bytes: 24),
                cookie: secret(bytes: 24)
            )
        if let port {
            guard LoopbackPort.isFree(port) else {
                throw Fault(.unavailable, "port \(port) for the message broker is taken by another program")
            }
            settings.port = port
        } else {
            settings.port = try LoopbackPort.keep(settings.port)
        }
        settings.distributionPort = try LoopbackPort.keep(settings.distributionPort)
        settings.namePort = try LoopbackPort.keep(settings.namePort)
        try settings.save(directory: directory)
        return settings
    }

    func save(directory: String) throws(Fault) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        guard let data = try? encoder.encode(self) else { throw Fault(.internalError, "node settings") }
        try TextFile.write(String(decoding: data, as: UTF8.self) + "\n", to: directory + "/node.json")
    }

    /// Random bytes from the system's generator as hexadecimal digits.
    private static func secret(bytes: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<bytes).map { _ in
            let byte = UInt8.random(in: .min ... .max, using: &generator)
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}
