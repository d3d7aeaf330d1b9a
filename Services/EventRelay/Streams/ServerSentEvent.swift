import Kernel
import NIOCore

/// The text form of Server-Sent Events (WHATWG HTML, section 9.2).
package enum ServerSentEvent {
    /// What a stream starts with: how long a client waits before it connects again.
    package static let preamble = ByteBuffer(string: "retry: 2000\n\n")
    /// A comment that keeps proxies and clients from giving up.
    package static let heartbeat = ByteBuffer(string: ": heartbeat\n\n")

    /// Events as one buffer; `id` is the event id, `data` the event's bytes.
    package static func encode(_ events: [StoredEvent]) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(events.reduce(0) { $0 + $1.body.count + 128 })
        for event in events {
            buffer.writeString("id: \(event.id)\nevent: \(event.type)\n")
            writeData(event.body, to: &buffer)
            buffer.writeString("\n")
        }
        return buffer
    }

    /// Tells the client that its position is gone. The empty `id` resets the client's own position, so that an
    /// automatic reconnect does not ask for the lost one for ever.
    ///
    /// - Parameter oldest: the oldest event there is; nil when there is none.
    package static func resyncRequired(oldest: Identifier?) -> ByteBuffer {
        let id = oldest.map { "\"\($0)\"" } ?? "null"
        return ByteBuffer(string: "id:\nevent: resync_required\ndata: {\"oldest_event_id\":\(id)}\n\n")
    }

    /// One `data:` line per line of the body: a line break would end the field, and the reader joins them again.
    private static func writeData(_ body: [UInt8], to buffer: inout ByteBuffer) {
        let lines = body.split(omittingEmptySubsequences: false) {
            $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r")
        }
        for line in lines {
            buffer.writeStaticString("data: ")
            buffer.writeBytes(line)
            buffer.writeStaticString("\n")
        }
    }
}
