import CRabbitMQ
import Glibc
import Kernel

/// From nothing to a connection that is logged in.
extension AMQPConnection {
    /// Half of this is what a connection may have in flight; the kernel may grant less.
    private static let wantedSendBuffer: Int32 = 2 << 20

    static func timeval(_ duration: Duration) -> Glibc.timeval {
        let milliseconds = duration.milliseconds
        return Glibc.timeval(tv_sec: Int(milliseconds / 1000), tv_usec: Int(milliseconds % 1000) * 1000)
    }

    static func open(_ state: OpaquePointer, _ broker: BrokerConfiguration) throws(ConnectionFailure) {
        var timeout = timeval(broker.timeout)
        amqp_set_handshake_timeout(state, &timeout)
        amqp_set_rpc_timeout(state, &timeout)
        let socket: OpaquePointer?
        if let tls = broker.tls {
            socket = amqp_ssl_socket_new(state)
            guard let socket else { throw ConnectionFailure(reason: "cannot set up TLS") }
            try check(amqp_ssl_socket_set_cacert(socket, tls.authorityFile), "read \(tls.authorityFile)")
            amqp_ssl_socket_set_verify_peer(socket, 1)
            amqp_ssl_socket_set_verify_hostname(socket, 1)
            try check(
                amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST),
                "ask for TLS 1.2 or newer"
            )
            if let certificate = tls.certificateFile, let key = tls.keyFile {
                try check(amqp_ssl_socket_set_key(socket, certificate, key), "read \(certificate) or \(key)")
            }
        } else {
            socket = amqp_tcp_socket_new(state)
        }
        guard let socket else { throw ConnectionFailure(reason: "out of memory") }
        let status = amqp_socket_open_noblock(socket, broker.host, Int32(broker.port), &timeout)
        try check(status, "connect to \(broker.address)")
    }

    static func logIn(
        _ state: OpaquePointer,
        _ broker: BrokerConfiguration,
        _ arena: Arena
    ) throws(ConnectionFailure) {
        // Without these the broker neither announces a deleted queue nor a resource alarm.
        let capabilities = arena.table(
            ["publisher_confirms", "consumer_cancel_notify", "connection.blocked", "basic.nack"].map {
                ($0, arena.value(true))
            }
        )
        var properties = arena.table([
            ("capabilities", arena.value(capabilities)),
            ("connection_name", arena.value(broker.connectionName)),
        ])
        let seconds = Int32(max(1, broker.heartbeat.milliseconds / 1000))
        let reply = omoi_amqp_login_plain(
            state,
            broker.virtualHost,
            AMQP_DEFAULT_MAX_CHANNELS,
            AMQP_DEFAULT_FRAME_SIZE,
            seconds,
            &properties,
            broker.user,
            broker.password
        )
        arena.reset()
        try check(reply, "log in to \(broker.address) as \(broker.user)")
    }

    /// Returns the size granted, bytes.
    static func enlargeSendBuffer(of file: Int32) -> Int {
        var size = wantedSendBuffer
        var length = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(file, SOL_SOCKET, SO_SNDBUF, &size, length)
        guard getsockopt(file, SOL_SOCKET, SO_SNDBUF, &size, &length) == 0 else { return 128 * 1024 }
        return Int(size)
    }
}
