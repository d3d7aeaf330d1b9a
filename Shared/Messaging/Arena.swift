import CRabbitMQ

/// Memory for the arguments of one call into the C library: strings and tables that must stay put until it returns.
/// Everything is given back at once by ``reset()``. Belongs to one thread.
final class Arena {
    private static let chunkSize = 64 * 1024

    private let chunk = UnsafeMutableRawPointer.allocate(byteCount: chunkSize, alignment: 16)
    private var used = 0
    /// What did not fit into the chunk.
    private var large: [UnsafeMutableRawPointer] = []

    init() {}

    deinit {
        reset()
        chunk.deallocate()
    }

    /// Invalidates everything handed out so far.
    func reset() {
        used = 0
        guard !large.isEmpty else { return }
        for pointer in large { pointer.deallocate() }
        large.removeAll()
    }

    /// A copy of the string's UTF-8.
    func bytes(_ string: String) -> amqp_bytes_t {
        var string = string
        return string.withUTF8 { utf8 in
            guard let base = utf8.baseAddress, !utf8.isEmpty else { return amqp_bytes_t(len: 0, bytes: nil) }
            let copy = allocate(utf8.count)
            copy.copyMemory(from: base, byteCount: utf8.count)
            return amqp_bytes_t(len: utf8.count, bytes: copy)
        }
    }

    func table(_ pairs: [(String, amqp_field_value_t)]) -> amqp_table_t {
        guard !pairs.isEmpty else { return amqp_table_t(num_entries: 0, entries: nil) }
        let entries = allocate(pairs.count * MemoryLayout<amqp_table_entry_t>.stride)
            .bindMemory(to: amqp_table_entry_t.self, capacity: pairs.count)
        for (index, pair) in pairs.enumerated() {
            (entries + index).initialize(to: amqp_table_entry_t(key: bytes(pair.0), value: pair.1))
        }
        return amqp_table_t(num_entries: Int32(pairs.count), entries: entries)
    }

    func table(strings: [String: String]) -> amqp_table_t {
        guard !strings.isEmpty else { return amqp_table_t(num_entries: 0, entries: nil) }
        let entries = allocate(strings.count * MemoryLayout<amqp_table_entry_t>.stride)
            .bindMemory(to: amqp_table_entry_t.self, capacity: strings.count)
        var index = 0
        for (key, text) in strings {
            (entries + index).initialize(to: amqp_table_entry_t(key: bytes(key), value: value(text)))
            index += 1
        }
        return amqp_table_t(num_entries: Int32(strings.count), entries: entries)
    }

    func table(arguments: [String: QueueArgument]) -> amqp_table_t {
        table(
            arguments.map { name, argument in
                switch argument {
                case .string(let text): (name, value(text))
                case .integer(let number): (name, value(number))
                }
            }
        )
    }

    func value(_ text: String) -> amqp_field_value_t {
        var field = amqp_field_value_t()
        field.kind = UInt8(AMQP_FIELD_KIND_UTF8.rawValue)
        field.value.bytes = bytes(text)
        return field
    }

    func value(_ number: Int64) -> amqp_field_value_t {
        var field = amqp_field_value_t()
        field.kind = UInt8(AMQP_FIELD_KIND_I64.rawValue)
        field.value.i64 = number
        return field
    }

    func value(_ flag: Bool) -> amqp_field_value_t {
        var field = amqp_field_value_t()
        field.kind = UInt8(AMQP_FIELD_KIND_BOOLEAN.rawValue)
        field.value.boolean = flag ? 1 : 0
        return field
    }

    func value(_ table: amqp_table_t) -> amqp_field_value_t {
        var field = amqp_field_value_t()
        field.kind = UInt8(AMQP_FIELD_KIND_TABLE.rawValue)
        field.value.table = table
        return field
    }

    private func allocate(_ count: Int) -> UnsafeMutableRawPointer {
        let start = (used + 15) & ~15
        if start + count <= Self.chunkSize {
            used = start + count
            return chunk + start
        }
        let pointer = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 16)
        large.append(pointer)
        return pointer
    }
}
