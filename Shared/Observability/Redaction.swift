/// Keeps secrets out of logs: the last line of defence, not the first.
package enum Redaction {
    /// What is written instead of a secret.
    package static let mark = "[redacted]"

    /// Whether values under this metadata key are never written.
    package static func hides(key: String) -> Bool {
        let key = key.lowercased()
        return ["token", "authorization", "password", "secret", "cookie", "signature"].contains { key.contains($0) }
            && !key.hasSuffix("_id")
    }

    /// The text without the passwords of URLs (`scheme://user:password@host`) and without bearer tokens.
    package static func scrub(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "@")) || text.contains("earer ") else { return text }
        var result = ""
        var words = text.split(separator: " ", omittingEmptySubsequences: false)[...]
        var afterBearer = false
        while let word = words.popFirst() {
            result += afterBearer && !word.isEmpty ? mark : withoutPassword(String(word))
            if !words.isEmpty { result += " " }
            afterBearer = word.hasSuffix("Bearer") || word.hasSuffix("bearer")
        }
        return result
    }

    private static func withoutPassword(_ word: String) -> String {
        let bytes = Array(word.utf8)
        guard let at = bytes.lastIndex(of: UInt8(ascii: "@")), let scheme = word.endOffset(of: "://") else {
            return word
        }
        guard scheme < at, let colon = bytes[scheme..<at].firstIndex(of: UInt8(ascii: ":")) else { return word }
        return String(decoding: bytes[...colon], as: UTF8.self) + mark + String(decoding: bytes[at...], as: UTF8.self)
    }
}

extension String {
    /// Offset of the first byte after the first occurrence of an ASCII `needle`.
    fileprivate func endOffset(of needle: String) -> Int? {
        let haystack = Array(utf8)
        let needle = Array(needle.utf8)
        guard haystack.count >= needle.count else { return nil }
        for start in 0...(haystack.count - needle.count)
        where haystack[start..<start + needle.count].elementsEqual(needle) {
            return start + needle.count
        }
        return nil
    }
}
