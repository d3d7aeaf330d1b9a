import CCurl
import Kernel

/// An easy handle with what it points to. Confined to the loop's thread; freed with its last reference.
final class CurlTransfer {
    let easy: UnsafeMutableRawPointer
    let transfer: Transfer
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>
    private var headers: [(String, String)] = []
    private var headerBytes = 0
    private var isHeadComplete = false
    private var refusal: HTTPClientError?
    private var lastReceived = ContinuousClock.now
    private var isPaused = false

    /// - Throws: ``HTTPClientError`` `invalid-request` for a request that cannot be sent safely.
    init(_ transfer: Transfer) throws(HTTPClientError) {
        try transfer.request.check()
        guard let easy = curl_easy_init() else { throw HTTPClientError(.connectFailed, "libcurl: out of memory") }
        self.easy = easy
        self.transfer = transfer
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        setOptions()
        setBody()
        setHeaders()
        setCallbacks()
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerList)
        errorText.deallocate()
    }

    /// Whether a stream brought nothing for longer than its request allows.
    var isSilentTooLong: Bool {
        transfer.isStream && !isPaused && lastReceived.duration(to: .now) > transfer.request.timeout
    }

    func resume() {
        isPaused = false
        lastReceived = .now
        curl_easy_pause(easy, Int32(CURLPAUSE_CONT))
    }

    func outcome(of code: CURLcode) -> Result<Void, any Error> {
        if code == CURLE_OK { return .success(()) }
        if let refusal { return .failure(refusal) }
        let text = errorText.pointee == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: errorText)
        return .failure(HTTPClientError(Self.meaning(of: code), text))
    }

    private static func meaning(of code: CURLcode) -> HTTPClientError.Code {
        switch code {
        case CURLE_OPERATION_TIMEDOUT: .timeout
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT: .connectFailed
        case CURLE_URL_MALFORMAT: .invalidRequest
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: .protocolViolation
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR:
            .tls
        default: .connectionLost
        }
    }
}

// MARK: - Options

extension CurlTransfer {
    private func setOptions() {
        let request = transfer.request
        omoi_curl_set_string(easy, CURLOPT_URL, request.url)
        omoi_curl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        omoi_curl_set_string(easy, CURLOPT_USERAGENT, "omoi")
        // An empty proxy also switches off the one of the environment: what we talk to is local or named exactly.
        omoi_curl_set_string(easy, CURLOPT_PROXY, "")
        omoi_curl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        omoi_curl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0)
        omoi_curl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        omoi_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, Int(request.connectTimeout.milliseconds))
        if !transfer.isStream {
            omoi_curl_set_long(easy, CURLOPT_TIMEOUT_MS, Int(max(1, request.timeout.milliseconds)))
        }
        if let socket = request.unixSocket {
            omoi_curl_set_string(easy, CURLOPT_UNIX_SOCKET_PATH, socket)
        }
        omoi_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
    }

    private func setBody() {
        let request = transfer.request
        let wantsBody = ["POST", "PUT", "PATCH"].contains(request.method)
        if let body = request.body ?? (wantsBody ? [] : nil) {
            omoi_curl_set_long(easy, CURLOPT_POST, 1)
            // The size first: libcurl copies exactly that many bytes.
            omoi_curl_set_long(easy, CURLOPT_POSTFIELDSIZE, body.count)
            body.withUnsafeBytes { bytes in
                let start = bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0) }
                omoi_curl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, start ?? UnsafeMutableRawPointer(errorText))
            }
        } else if request.method == "HEAD" {
            omoi_curl_set_long(easy, CURLOPT_NOBODY, 1)
        }
        omoi_curl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method)
    }

    private func setHeaders() {
        let request = transfer.request
        var lines = request.headers.map { name, value in value.isEmpty ? "\(name);" : "\(name): \(value)" }
        // Without these libcurl would wait for "100 Continue" and call every body a form.
        lines.append("Expect:")
        if !request.headers.contains(where: { $0.0.lowercased() == "content-type" }) { lines.append("Content-Type:") }
        for line in lines { headerList = curl_slist_append(headerList, line) }
        omoi_curl_set_list(easy, CURLOPT_HTTPHEADER, headerList)
    }

    private func setCallbacks() {
        // Unretained: the session keeps this object for as long as the handle is in the multi handle.
        let context = Unmanaged.passUnretained(self).toOpaque()
        omoi_curl_set_pointer(easy, CURLOPT_WRITEDATA, context)
        omoi_curl_set_pointer(easy, CURLOPT_HEADERDATA, context)
        omoi_curl_set_callback(easy, CURLOPT_WRITEFUNCTION) { data, size, count, context in
            guard let data, let context else { return 0 }
            let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
            return transfer.received(UnsafeRawBufferPointer(start: data, count: size * count))
        }
        omoi_curl_set_callback(easy, CURLOPT_HEADERFUNCTION) { data, size, count, context in
            guard let data, let context else { return 0 }
            let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
            return transfer.receivedHeader(UnsafeRawBufferPointer(start: data, count: size * count))
        }
    }
}

// MARK: - Callbacks

extension CurlTransfer {
    /// Returns the number of bytes taken; anything else makes libcurl pause or end the transfer.
    private func received(_ bytes: UnsafeRawBufferPointer) -> Int {
        lastReceived = .now
        switch transfer.receive(bytes) {
        case .accepted:
            return bytes.count
        case .pause:
            isPaused = true
            return Int(CURL_WRITEFUNC_PAUSE)
        case .refused:
            return refuse("the answer is larger than \(transfer.request.maxResponseBytes) bytes")
        }
    }

    private func receivedHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        lastReceived = .now
        headerBytes += bytes.count
        guard headerBytes <= Limits.responseHeaderBytes else {
            return refuse("the head of the answer is larger than \(Limits.responseHeaderBytes) bytes")
        }
        // What follows the head is a trailer.
        guard !isHeadComplete else { return bytes.count }
        let line = String(decoding: bytes, as: UTF8.self).trimmingLineEnd()
        if line.isEmpty {
            completeHead()
        } else if line.hasPrefix("HTTP/") {
            headers = []
        } else if let colon = line.firstIndex(of: ":") {
            headers.append((String(line[..<colon]), line[line.index(after: colon)...].trimmingBlanks()))
        }
        return bytes.count
    }

    private func completeHead() {
        var status = 0
        omoi_curl_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
        // An interim answer: the real head follows.
        guard status >= 200 else { return }
        isHeadComplete = true
        transfer.receive(status: status, headers: headers)
    }

    private func refuse(_ message: String) -> Int {
        refusal = HTTPClientError(.responseTooLarge, message)
        return 0
    }
}

extension HTTPRequest {
    /// Refuses what could smuggle a second request or reach past HTTP.
    fileprivate func check() throws(HTTPClientError) {
        let scheme = url.prefix(8).lowercased()
        guard scheme.hasPrefix("http://") || scheme.hasPrefix("https://") else {
            throw HTTPClientError(.invalidRequest, "the URL must start with http:// or https://")
        }
        guard !url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }) else {
            throw HTTPClientError(.invalidRequest, "the URL contains a blank or a control character")
        }
        guard !method.isEmpty, method.utf8.allSatisfy({ (0x41...0x5a).contains($0) }) else {
            throw HTTPClientError(.invalidRequest, "the method must consist of capital letters")
        }
        for (name, value) in headers {
            guard !name.isEmpty, name.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != 0x3a && $0 != 0x3b }) else {
                throw HTTPClientError(.invalidRequest, "a header has an invalid name")
            }
            guard !value.utf8.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7f }) else {
                throw HTTPClientError(.invalidRequest, "the header \(name) contains a control character")
            }
        }
        guard unixSocket?.utf8.contains(0) != true else {
            throw HTTPClientError(.invalidRequest, "the socket path contains a NUL character")
        }
    }
}

extension StringProtocol {
    fileprivate func trimmingLineEnd() -> String {
        var view = Substring(self)
        while let last = view.unicodeScalars.last, last == "\r" || last == "\n" { view.unicodeScalars.removeLast() }
        return String(view)
    }

    fileprivate func trimmingBlanks() -> String {
        var view = Substring(self)
        while let first = view.first, first == " " || first == "\t" { view.removeFirst() }
        while let last = view.last, last == " " || last == "\t" { view.removeLast() }
        return String(view)
    }
}
