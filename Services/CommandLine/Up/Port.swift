import Glibc
import Kernel

/// TCP ports of this machine.
enum Port {
    /// A port nobody listens on right now, on loopback.
    static func free() throws(Fault) -> Int {
        guard let port = bind(address: "127.0.0.1", port: 0) else {
            throw Fault(.unavailable, "there is no free TCP port on 127.0.0.1")
        }
        return port
    }

    /// Checks that a service will be able to listen.
    ///
    /// - Throws: ``Fault`` `conflict` that names the variable.
    static func check(_ variable: String, port: Int, address: String) throws(Fault) {
        guard bind(address: address, port: port) == nil else { return }
        let reason = errno
        throw Fault(
            .conflict,
            reason == EADDRINUSE
                ? "\(variable): port \(port) on \(address) is in use; stop what listens there or choose another port"
                : "\(variable): cannot listen on \(address) port \(port): \(String(cString: strerror(reason)))"
        )
    }

    /// Whether something accepts connections.
    static func accepts(port: Int, address: String = "127.0.0.1") -> Bool {
        withSocket(address: address, port: port) { connect($0, $1, $2) == 0 } ?? false
    }

    /// - Returns: the port that was bound (and released again); nil with `errno` set when it cannot be bound.
    private static func bind(address: String, port: Int) -> Int? {
        withSocket(address: address, port: port) { descriptor, socketAddress, length in
            var reuse: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
            guard Glibc.bind(descriptor, socketAddress, length) == 0 else { return nil }
            guard listen(descriptor, 1) == 0 else { return nil }
            var bound = sockaddr_storage()
            var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let named = withUnsafeMutablePointer(to: &bound) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
            }
            guard named == 0 else { return nil }
            // The port is at the same place in the addresses of both families.
            return withUnsafeBytes(of: bound) { Int(UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self))) }
        } ?? nil
    }

    private static func withSocket<Value>(
        address: String,
        port: Int,
        _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Value
    ) -> Value? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV | AI_PASSIVE
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, String(port), &hints, &list) == 0, let info = list else {
            errno = EADDRNOTAVAIL
            return nil
        }
        defer { freeaddrinfo(list) }
        guard let socketAddress = info.pointee.ai_addr else { return nil }
        let descriptor = socket(info.pointee.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        let value = body(descriptor, socketAddress, info.pointee.ai_addrlen)
        let reason = errno
        close(descriptor)
        errno = reason
        return value
    }
}
