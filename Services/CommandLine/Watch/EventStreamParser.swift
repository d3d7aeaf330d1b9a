/// One dispatched event of a Server-Sent Events stream.
package struct ServerEvent: Sendable, Equatable {
    /// The stream's position after this event; nil while the server has given none.
    package var id: String?
    package var type: String
    package var data: String

    package init(id: String?, type: String, data: String) {
        self.id = id
        self.type = type
        self.data = data
    }
}

/// Splits bytes into Server-Sent Events (WHATWG HTML, section 9.2.6).
package struct EventStreamParser: Sendable {
    private var line: [UInt8] = []
    private var sawCarriageReturn = false
    private var id: String?
    private var type = ""
    private var data: [String] = []

    package init() {}

    /// Takes the next bytes, however they were cut.
    ///
    /// - Returns: the events that are complete.
    package mutating func feed(_ bytes: [UInt8]) -> [ServerEvent] {
        var events: [ServerEvent] = []
        for byte in bytes {
            let afterCarriageReturn = sawCarriageReturn
            sawCarriageReturn = byte == UInt8(ascii: "\r")
            switch byte {
            case UInt8(ascii: "\n") where afterCarriageReturn: break
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                if let event = endLine() { events.append(event) }
            default: line.append(byte)
            }
        }
        return events
    }

    private mutating func endLine() -> ServerEvent? {
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else { return dispatch() }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        let name = String(decoding: line[..<colon], as: UTF8.self)
        var value = line[colon...].dropFirst()
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        let text = String(decoding: value, as: UTF8.self)
        switch name {
        case "id": id = text.isEmpty ? nil : text
        case "event": type = text
        case "data": data.append(text)
        default: break
        }
        return nil
    }

    private mutating func dispatch() -> ServerEvent? {
        defer {
            type = ""
            data.removeAll()
        }
        guard !data.isEmpty else { return nil }
        return ServerEvent(id: id, type: type.isEmpty ? "message" : type, data: data.joined(separator: "\n"))
    }
}
