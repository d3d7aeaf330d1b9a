import Kernel

/// A request to an HTTP/1.1 server.
package struct HTTPRequest: Sendable {
    package var method: String
    /// Absolute, `http` or `https`.
    package var url: String
    package var headers: [(String, String)]
    package var body: [UInt8]?
    /// ``WebClient/send(_:)``: longest time from start to the last byte. ``WebClient/stream(_:)``: longest silence.
    package var timeout: Duration
    /// Longest time until the connection stands.
    package var connectTimeout: Duration
    /// Path of a unix socket to connect to instead of the host of ``url``.
    package var unixSocket: String?
    /// A larger body is refused with ``HTTPClientError/Code/responseTooLarge``. Ignored by ``WebClient/stream(_:)``.
    package var maxResponseBytes: Int

    package init(
        method: String = "GET",
        url: String,
        headers: [(String, String)] = [],
        body: [UInt8]? = nil,
        timeout: Duration = .seconds(30),
        connectTimeout: Duration = Limits.connectTimeout,
        unixSocket: String? = nil,
        maxResponseBytes: Int = Limits.responseBytes
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        self.unixSocket = unixSocket
        self.maxResponseBytes = maxResponseBytes
    }
}

/// A complete answer, whatever its status.
package struct HTTPResponse: Sendable {
    package var status: Int
    /// In the order received, names as the server wrote them.
    package var headers: [(String, String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(String, String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first header with this name, in any case.
    package func header(_ name: String) -> String? {
        let name = name.lowercased()
        return headers.first { $0.0.lowercased() == name }?.1
    }
}

/// A piece of a streamed answer: the head once, then body bytes as they arrive.
package enum HTTPStreamPart: Sendable {
    case head(status: Int, headers: [(String, String)])
    case bytes([UInt8])
}

/// No answer was received. (An answer with an error status is an answer.)
package struct HTTPClientError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// The request itself is wrong: unusable URL, scheme, method or header.
        case invalidRequest = "invalid-request"
        /// Name not resolved or connection not made.
        case connectFailed = "connect-failed"
        /// The connection broke before the answer was complete.
        case connectionLost = "connection-lost"
        case timeout
        case responseTooLarge = "response-too-large"
        /// The certificate was refused or the TLS handshake failed.
        case tls
        /// The answer is not HTTP.
        case protocolViolation = "protocol-violation"
        /// The client was closed.
        case closed
    }

    package var code: Code
    /// One line without secrets.
    package var message: String

    /// Whether the same request may succeed later.
    package var isTransient: Bool {
        switch code {
        case .connectFailed, .connectionLost, .timeout: true
        case .invalidRequest, .responseTooLarge, .tls, .protocolViolation, .closed: false
        }
    }

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(code.rawValue): \(message)" }
}
