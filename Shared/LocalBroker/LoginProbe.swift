import Glibc
import Kernel

/// Finds out whether a broker lets a user in, by the first steps of an AMQP 0-9-1 connection: protocol header,
/// `connection.start`, `start-ok`, `tune`.
struct LoginProbe: Sendable {
    let port: Int
    let user: String
    let password: String

    /// Blocks for at most about two seconds.
    func succeeds() -> Bool {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        var timeout = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = LoopbackPort.loopback(port)
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0, write(Array("AMQP".utf8) + [0, 0, 9, 1], to: socket) else { return false }
        guard readMethod(from: socket) == Method(major: 10, minor: 10) else { return false }
        guard write(startOK(), to: socket) else { return false }
        return readMethod(from: socket) == Method(major: 10, minor: 30)
    }

    private struct Method: Equatable {
        var major: Int
        var minor: Int
    }

    /// `connection.start-ok` with empty client properties and the PLAIN mechanism.
    private func startOK() -> [UInt8] {
        let response = [0] + Array(user.utf8) + [0] + Array(password.utf8)
        var payload: [UInt8] = [0, 10, 0, 11]
        payload += [0, 0, 0, 0]
        payload += [5] + Array("PLAIN".utf8)
        payload += bigEndian(response.count) + response
        payload += [5] + Array("en_US".utf8)
        return [1, 0, 0] + bigEndian(payload.count) + payload + [0xce]
    }

    private func bigEndian(_ value: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }

    private func write(_ bytes: [UInt8], to socket: Int32) -> Bool {
        send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// The class and method of the next frame; nil when none arrives.
    private func readMethod(from socket: Int32) -> Method? {
        guard let head = read(11, from: socket), head[0] == 1 else { return nil }
        let size = head[3...6].reduce(0) { $0 << 8 | Int($1) }
        guard (4...1 << 20).contains(size), read(size - 3, from: socket) != nil else { return nil }
        return Method(major: Int(head[7]) << 8 | Int(head[8]), minor: Int(head[9]) << 8 | Int(head[10]))
    }

    private func read(_ count: Int, from socket: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        let received = recv(socket, &bytes, count, Int32(MSG_WAITALL))
        return received == count ? bytes : nil
    }
}
