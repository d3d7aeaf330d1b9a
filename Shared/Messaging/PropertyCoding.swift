import CRabbitMQ
import Kernel

/// Message properties to and from the C library's form.
enum PropertyCoding {
    /// Longest value of a short string field, bytes.
    private static let shortLimit = 255
    /// Bound for all properties together: they must fit into one frame.
    private static let totalLimit = 64 * 1024

    /// Whether the message can be put on the wire at all. What cannot would break the connection again and again.
    static func isEncodable(_ message: OutgoingMessage) -> Bool {
        let properties = message.properties
        func fits(_ text: String?) -> Bool { (text?.utf8.count ?? 0) <= shortLimit }
        guard fits(message.exchange), fits(message.routingKey), fits(properties.messageID), fits(properties.type),
            fits(properties.appID), fits(properties.contentType), fits(properties.correlationID),
            fits(properties.replyTo)
        else { return false }
        var total = 0
        for (name, value) in properties.headers {
            guard fits(name) else { return false }
            total += name.utf8.count + value.utf8.count + 8
        }
        return total <= totalLimit
    }

    /// Pointers in the result are valid until the arena is reset.
    static func encode(_ properties: MessageProperties, in arena: Arena) -> amqp_basic_properties_t {
        var encoded = amqp_basic_properties_t()
        var flags: Int32 = 0
        if let text = properties.messageID {
            flags |= AMQP_BASIC_MESSAGE_ID_FLAG
            encoded.message_id = arena.bytes(text)
        }
        if let text = properties.type {
            flags |= AMQP_BASIC_TYPE_FLAG
            encoded.type = arena.bytes(text)
        }
        if let text = properties.appID {
            flags |= AMQP_BASIC_APP_ID_FLAG
            encoded.app_id = arena.bytes(text)
        }
        if let text = properties.contentType {
            flags |= AMQP_BASIC_CONTENT_TYPE_FLAG
            encoded.content_type = arena.bytes(text)
        }
        if let text = properties.correlationID {
            flags |= AMQP_BASIC_CORRELATION_ID_FLAG
            encoded.correlation_id = arena.bytes(text)
        }
        if let text = properties.replyTo {
            flags |= AMQP_BASIC_REPLY_TO_FLAG
            encoded.reply_to = arena.bytes(text)
        }
        if let time = properties.timestamp {
            flags |= AMQP_BASIC_TIMESTAMP_FLAG
            encoded.timestamp = UInt64(max(0, time.milliseconds / 1000))
        }
        if let expiration = properties.expiration {
            flags |= AMQP_BASIC_EXPIRATION_FLAG
            encoded.expiration = arena.bytes(String(max(0, expiration.milliseconds)))
        }
        if properties.persistent {
            flags |= AMQP_BASIC_DELIVERY_MODE_FLAG
            encoded.delivery_mode = 2
        }
        if !properties.headers.isEmpty {
            flags |= AMQP_BASIC_HEADERS_FLAG
            encoded.headers = arena.table(strings: properties.headers)
        }
        encoded._flags = UInt32(flags)
        return encoded
    }

    /// Copies everything out of the C library's memory. The offset is that of a message from a stream.
    static func decode(
        _ encoded: amqp_basic_properties_t,
        strings: inout StringTable
    ) -> (properties: MessageProperties, offset: Int64?) {
        var properties = MessageProperties()
        var offset: Int64?
        let flags = Int32(truncatingIfNeeded: encoded._flags)
        if flags & AMQP_BASIC_MESSAGE_ID_FLAG != 0 { properties.messageID = String(encoded.message_id) }
        if flags & AMQP_BASIC_TYPE_FLAG != 0 { properties.type = strings.string(encoded.type) }
        if flags & AMQP_BASIC_APP_ID_FLAG != 0 { properties.appID = strings.string(encoded.app_id) }
        if flags & AMQP_BASIC_CONTENT_TYPE_FLAG != 0 {
            properties.contentType = strings.string(encoded.content_type)
        }
        if flags & AMQP_BASIC_CORRELATION_ID_FLAG != 0 { properties.correlationID = String(encoded.correlation_id) }
        if flags & AMQP_BASIC_REPLY_TO_FLAG != 0 { properties.replyTo = strings.string(encoded.reply_to) }
        if flags & AMQP_BASIC_TIMESTAMP_FLAG != 0, let seconds = Int64(exactly: encoded.timestamp),
            seconds < Int64.max / 1000
        {
            properties.timestamp = Timestamp(milliseconds: seconds * 1000)
        }
        if flags & AMQP_BASIC_EXPIRATION_FLAG != 0, let value = Int64(String(encoded.expiration)) {
            properties.expiration = .milliseconds(value)
        }
        properties.persistent = flags & AMQP_BASIC_DELIVERY_MODE_FLAG != 0 && encoded.delivery_mode == 2
        if flags & AMQP_BASIC_HEADERS_FLAG != 0 {
            properties.headers.reserveCapacity(Int(encoded.headers.num_entries))
            for index in 0..<Int(encoded.headers.num_entries) {
                let entry = encoded.headers.entries[index]
                let name = strings.string(entry.key)
                if name == "x-stream-offset" {
                    offset = integer(entry.value)
                } else if let text = text(entry.value) {
                    properties.headers[name] = text
                }
            }
        }
        return (properties, offset)
    }

    /// A header value as text: strings as they are, numbers and truth values by their description.
    private static func text(_ field: amqp_field_value_t) -> String? {
        switch UInt32(field.kind) {
        case AMQP_FIELD_KIND_UTF8.rawValue, AMQP_FIELD_KIND_BYTES.rawValue: String(field.value.bytes)
        case AMQP_FIELD_KIND_BOOLEAN.rawValue: field.value.boolean != 0 ? "true" : "false"
        default: integer(field).map { String($0) }
        }
    }

    private static func integer(_ field: amqp_field_value_t) -> Int64? {
        switch UInt32(field.kind) {
        case AMQP_FIELD_KIND_I8.rawValue: Int64(field.value.i8)
        case AMQP_FIELD_KIND_U8.rawValue: Int64(field.value.u8)
        case AMQP_FIELD_KIND_I16.rawValue: Int64(field.value.i16)
        case AMQP_FIELD_KIND_U16.rawValue: Int64(field.value.u16)
        case AMQP_FIELD_KIND_I32.rawValue: Int64(field.value.i32)
        case AMQP_FIELD_KIND_U32.rawValue: Int64(field.value.u32)
        case AMQP_FIELD_KIND_I64.rawValue: field.value.i64
        case AMQP_FIELD_KIND_U64.rawValue, AMQP_FIELD_KIND_TIMESTAMP.rawValue: Int64(exactly: field.value.u64)
        default: nil
        }
    }
}

extension String {
    /// A copy of bytes that belong to the C library; broken UTF-8 is repaired.
    init(_ bytes: amqp_bytes_t) {
        self = String(decoding: UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len), as: UTF8.self)
    }
}

/// Remembers strings that come again and again (routing keys, types, header names), so that most messages need no
/// allocation for them.
struct StringTable {
    private static let size = 64
    private var slots = [String](repeating: "", count: size)

    init() {}

    mutating func string(_ bytes: amqp_bytes_t) -> String {
        let buffer = UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len)
        // Up to 15 bytes a string needs no allocation anyway.
        guard buffer.count > 15, buffer.count <= 64 else { return String(decoding: buffer, as: UTF8.self) }
        let middle = Int(buffer[buffer.count / 2])
        let slot = (buffer.count &* 31 &+ Int(buffer[buffer.count - 1]) &* 7 &+ middle) % Self.size
        let known = slots[slot].utf8.withContiguousStorageIfAvailable { utf8 in
            utf8.count == buffer.count && utf8.elementsEqual(buffer)
        }
        if known == true { return slots[slot] }
        let string = String(decoding: buffer, as: UTF8.self)
        slots[slot] = string
        return string
    }
}
