import Glibc
import Kernel
import Synchronization

/// Ports of 127.0.0.1 outside the range the kernel hands out by itself, so that an outgoing connection cannot take one
/// between the choice and the use.
package enum LoopbackPort {
    /// Ports this process has given out. Two choices before the first use must not be the same one.
    private static let given = Mutex<Set<Int>>([])

    /// `port` when it is set and free, otherwise another one.
    static func keep(_ port: Int) throws(Fault) -> Int {
        port > 0 && isFree(port) ? port : try choose()
    }

    /// A free port that this process has not been given before.
    ///
    /// - Throws: ``Fault`` `unavailable` when 200 tries found none.
    package static func choose() throws(Fault) -> Int {
        for _ in 0..<200 {
            let port = Int.random(in: 20_000..<32_000)
            if isFree(port), given.withLock({ $0.insert(port).inserted }) { return port }
        }
        throw Fault(.unavailable, "found no free port on 127.0.0.1 between 20000 and 32000")
    }

    /// Whether a server could listen there now.
    package static func isFree(_ port: Int) -> Bool {
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
