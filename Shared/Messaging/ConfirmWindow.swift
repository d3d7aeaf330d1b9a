import DequeModule

/// What was published on a confirming channel and is not yet settled. Pure: no clock, no I/O.
///
/// Delivery tags count from 1 in publish order. The broker settles them out of order and several at once; a returned
/// message is announced before its confirm and recognised by its message id.
struct ConfirmWindow<Token> {
    private struct Entry {
        /// Nil once settled.
        var token: Token?
        var bytes: Int
        var messageID: String?
        var returned: PublishOutcome?
    }

    /// The entry of tag `base + index`; the first is never settled.
    private var entries: Deque<Entry> = []
    private var base: UInt64 = 1

    /// Messages and body bytes that wait for their outcome.
    private(set) var count = 0
    private(set) var bytes = 0

    init() {}

    var isEmpty: Bool { count == 0 }

    /// Notes a message just published.
    ///
    /// - Returns: its delivery tag.
    @discardableResult
    mutating func add(_ token: Token, bytes: Int, messageID: String?) -> UInt64 {
        entries.append(Entry(token: token, bytes: bytes, messageID: messageID))
        count += 1
        self.bytes += bytes
        return base + UInt64(entries.count) - 1
    }

    /// Notes that the broker returned the oldest waiting message with this id.
    ///
    /// - Returns: false when no such message waits.
    @discardableResult
    mutating func markReturned(messageID: String?, code: Int, text: String) -> Bool {
        guard
            let index = entries.firstIndex(where: {
                $0.token != nil && $0.returned == nil && $0.messageID == messageID
            })
        else { return false }
        entries[index].returned = .returned(code: code, text: text)
        return true
    }

    /// Applies `basic.ack` or `basic.nack` and hands every message it settles to `body`, oldest first. Tags that are
    /// settled already or were never given out are ignored; tag 0 with `multiple` means all.
    mutating func settle(
        tag: UInt64,
        multiple: Bool,
        confirmed: Bool,
        _ body: (Token, PublishOutcome) -> Void
    ) {
        let end = multiple && tag == 0 ? entries.count : index(of: tag).map { $0 + 1 } ?? 0
        guard end > 0 else { return }
        for index in (multiple ? 0 : end - 1)..<end {
            guard let token = entries[index].token else { continue }
            entries[index].token = nil
            count -= 1
            bytes -= entries[index].bytes
            body(token, confirmed ? entries[index].returned ?? .confirmed : .nacked)
        }
        while let first = entries.first, first.token == nil {
            entries.removeFirst()
            base += 1
        }
    }

    /// Empties the window, handing what was not settled to `body`, oldest first: its fate is unknown.
    mutating func abandon(_ body: (Token) -> Void) {
        let rest = entries
        base += UInt64(entries.count)
        entries.removeAll()
        count = 0
        bytes = 0
        for entry in rest {
            if let token = entry.token { body(token) }
        }
    }

    private func index(of tag: UInt64) -> Int? {
        guard tag >= base, tag - base < UInt64(entries.count) else { return nil }
        return Int(tag - base)
    }
}
