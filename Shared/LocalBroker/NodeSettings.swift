import FoundationEssentials
import Glibc
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

/// Ports of 127.0.0.1 outside the range the kernel hands out by itself, so that an outgoing connection cannot take one
/// between the choice and the use.
enum LoopbackPort {
    /// `port` when it is set and free, otherwise another one.
    static func keep(_ port: Int) throws(Fault) -> Int {
        port > 0 && isFree(port) ? port : try choose()
    }

    static func choose() throws(Fault) -> Int {
        for _ in 0..<200 {
            let port = Int.random(in: 20_000..<32_000)
            if isFree(port) { return port }
        }
        throw Fault(.unavailable, "found no free port on 127.0.0.1 between 20000 and 32000")
    }

    static func isFree(_ port: Int) -> Bool {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = loopback(port)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        } == 0
    }

    static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        return address
    }
}
