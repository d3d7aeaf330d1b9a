import Contracts
import Kernel

/// The tickets that a commit or a pull request names: by key, `ABC-12`, or by id, `ticket-<id>`, in any case.
struct TicketReferences: Equatable {
    private(set) var keys: Set<String> = []
    private(set) var ids: Set<Identifier> = []

    /// Digits of the largest number a key may have.
    private static let maxDigits = 12

    /// - Parameter project: the key of the project whose tickets may be named.
    init(_ texts: [String], project: String) {
        let keyStart = Array("\(project.lowercased())-".utf8)
        let idStart = Array("ticket-".utf8)
        for text in texts {
            let bytes = Array(text.utf8)
            for start in bytes.indices where start == 0 || !bytes[start - 1].isOfWord {
                if let rest = bytes[start...].after(keyStart), let digits = Self.number(rest) {
                    keys.insert("\(project)-\(digits)")
                } else if let rest = bytes[start...].after(idStart),
                    let id = Identifier(String(decoding: rest.prefix(36), as: UTF8.self))
                {
                    ids.insert(id)
                }
            }
        }
    }

    private static func number(_ text: ArraySlice<UInt8>) -> String? {
        let digits = text.prefix { (0x30...0x39).contains($0) }
        guard let first = digits.first, first != 0x30, digits.count <= maxDigits else { return nil }
        guard digits.endIndex == text.endIndex || !text[digits.endIndex].isOfWord else { return nil }
        return String(decoding: digits, as: UTF8.self)
    }
}

extension ArraySlice<UInt8> {
    /// What follows `prefix`, which is in lower case; nil when something else stands there.
    fileprivate func after(_ prefix: [UInt8]) -> ArraySlice<UInt8>? {
        guard count >= prefix.count else { return nil }
        for (mine, wanted) in zip(self, prefix) {
            let lower = (0x41...0x5a).contains(mine) ? mine | 0x20 : mine
            guard lower == wanted else { return nil }
        }
        return dropFirst(prefix.count)
    }
}

extension UInt8 {
    /// Letters, digits, the underscore, and whatever is not ASCII.
    fileprivate var isOfWord: Bool {
        (0x30...0x39).contains(self) || (0x41...0x5a).contains(self) || (0x61...0x7a).contains(self) || self == 0x5f
            || self >= 0x80
    }
}

extension [TicketLink] {
    /// With a new link or its new state, newest first, at most ``Limits/linksPerTicket``.
    func with(_ link: TicketLink) -> [TicketLink] {
        let others = filter { old in
            old.kind != link.kind || old.reference != link.reference || old.repository != link.repository
        }
        return Array(([link] + others).sorted { $0.at > $1.at }.prefix(Limits.linksPerTicket))
    }
}
