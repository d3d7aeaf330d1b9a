/// The words of a text that tell what it is about: lower case, without accents, endings and fillers, so that two people
/// who describe the same thing come out alike.
struct Wording: Equatable {
    /// In the order of the text.
    private(set) var words: [String] = []

    /// - Parameter limit: characters looked at.
    init(_ text: some StringProtocol, limit: Int = .max) {
        let raw = Self.joined(Self.tokens(Substring(text.prefix(limit))))
        let kept = raw.filter { !Self.fillers.contains($0) }
        words = (kept.isEmpty ? raw : kept).map(Self.canonical)
    }

    /// The title of a ticket: what stands in brackets before it, and a leading `feat:`, say nothing about the matter.
    init(title: String) {
        var rest = title.drop(while: \.isWhitespace)
        while rest.first == "[", let end = rest.firstIndex(of: "]") {
            rest = rest[rest.index(after: end)...].drop(while: \.isWhitespace)
        }
        if let colon = rest.firstIndex(of: ":"), Self.kinds.contains(rest[..<colon].lowercased()) {
            rest = rest[rest.index(after: colon)...]
        }
        self.init(rest)
        if words.isEmpty { self.init(title) }
    }

    /// Words with a digit: versions, numbers, codes. Two texts that differ in them speak of different things.
    var numbers: Set<String> { Set(words.filter { $0.contains(where: \.isNumber) }) }

    mutating func replace(_ word: String, by other: String) {
        for index in words.indices where words[index] == word { words[index] = other }
    }

    // MARK: - Reading

    private static func tokens(_ text: Substring) -> [String] {
        var tokens: [String] = []
        var token = ""
        var ideographs: [Character] = []
        func end() {
            if !token.isEmpty { tokens.append(token) }
            token = ""
            if ideographs.count == 1 { tokens.append(String(ideographs[0])) }
            for index in ideographs.indices.dropLast() { tokens.append(String(ideographs[index...index + 1])) }
            ideographs = []
        }
        for character in text.lowercased() {
            // Scripts without spaces between words are read by pairs of characters.
            if character.isIdeograph {
                if !token.isEmpty { end() }
                ideographs.append(character)
            } else if character.isLetter || character.isNumber {
                if !ideographs.isEmpty { end() }
                token += folded[character] ?? String(character)
            } else if character != "'" && character != "\u{2019}" {
                end()
            }
        }
        end()
        return tokens
    }

    /// Writes `log in` as `login`: both spellings are common.
    private static func joined(_ tokens: [String]) -> [String] {
        var result: [String] = []
        for token in tokens {
            if let last = result.last, compounds.contains(last + token), token.count <= 4 {
                result[result.count - 1] = last + token
            } else {
                result.append(token)
            }
        }
        return result
    }

    private static func canonical(_ word: String) -> String {
        let word = synonyms[word] ?? word
        let stem = stem(word)
        return stemmedSynonyms[stem] ?? stem
    }

    /// A word without the endings of English; good enough to compare, not to read.
    static func stem(_ word: String) -> String {
        guard word.count > 3, word.utf8.allSatisfy({ (0x61...0x7a).contains($0) }) else { return word }
        var stem = Substring(word)
        if stem.hasSuffix("ies"), stem.count > 4 {
            stem = Substring(stem.dropLast(3) + "y")
        } else if ["sses", "shes", "ches", "xes", "zes"].contains(where: stem.hasSuffix) {
            stem = stem.dropLast(2)
        } else if stem.hasSuffix("s"), !["ss", "us", "is"].contains(where: stem.hasSuffix) {
            stem = stem.dropLast()
        }
        for (ending, least) in [("ing", 6), ("ion", 7), ("ed", 5)] where stem.hasSuffix(ending) && stem.count >= least {
            stem = stem.dropLast(ending.count)
            if let last = stem.last, !"lsz".contains(last), stem.dropLast().last == last { stem = stem.dropLast() }
            break
        }
        if stem.hasSuffix("e"), stem.count > 3 { stem = stem.dropLast() }
        return String(stem)
    }

    // MARK: - Vocabulary

    private static let fillers: Set<String> = [
        "a", "an", "the", "to", "of", "in", "on", "for", "and", "or", "is", "are", "was", "be", "been", "with", "when",
        "while", "at", "by", "from", "as", "it", "its", "this", "that", "these", "should", "must", "shall", "would",
        "will", "can", "could", "we", "i", "you", "our", "my", "please", "there", "if", "then", "so", "some", "does",
        "do", "did", "has", "have", "into", "within", "via", "also", "need", "needs", "want", "able",
        "through", "using",
    ]

    private static let kinds: Set<String> = [
        "feat", "feature", "fix", "bug", "bugfix", "chore", "docs", "refactor", "test", "perf", "task", "story", "epic",
    ]

    private static let compounds: Set<String> = [
        "login", "logout", "signin", "signup", "signout", "setup", "timeout", "dropdown", "popup", "rollback", "backup",
        "startup", "checkout", "cleanup", "fallback", "plugin", "retry", "lookup", "markup", "shutdown", "slowdown",
    ]

    private static let synonyms = [
        "cant": "not", "cannot": "not", "dont": "not", "doesnt": "not", "didnt": "not", "isnt": "not", "wont": "not",
        "arent": "not", "never": "not", "auth": "authentication", "db": "database", "config": "configuration",
        "repo": "repository", "doc": "documentation", "docs": "documentation", "env": "environment",
        "app":
            "application", "params": "parameter", "param": "parameter", "msg": "message", "img": "image",
        "pwd":
            "password", "admin": "administrator", "perf": "performance", "signin": "login", "signout": "logout",
    ]

    /// By stem: verbs people use for the same thing.
    private static let stemmedSynonyms = Dictionary(
        uniqueKeysWithValues: [
            ("delete", "remove"), ("erase", "remove"), ("resolve", "fix"), ("repair", "fix"), ("correct", "fix"),
            ("implement", "add"), ("introduce", "add"), ("display", "show"), ("defect", "bug"),
        ].map { (stem($0.0), stem($0.1)) }
    )

    private static let folded: [Character: String] = {
        let groups = [
            "a": "àáâãåāăą", "ae": "æä", "c": "çćč", "d": "ďđð", "e": "èéêëēęě", "g": "ğ", "i": "ìíîïī", "l": "łľ",
            "n": "ñńň", "o": "òóôõøōő", "oe": "œö", "r": "řŕ", "s": "śšşș", "ss": "ß", "t": "ťțţ", "u": "ùúûūůű",
            "ue": "ü", "y": "ýÿ", "z": "źżž", "th": "þ",
        ]
        return Dictionary(uniqueKeysWithValues: groups.flatMap { plain, marked in marked.map { ($0, plain) } })
    }()
}

extension Character {
    /// Chinese and Japanese characters, which stand without spaces between words.
    fileprivate var isIdeograph: Bool {
        guard let value = unicodeScalars.first?.value else { return false }
        return (0x3040...0x30ff).contains(value) || (0x3400...0x9fff).contains(value)
            || (0xf900...0xfaff).contains(value) || (0x20000...0x3ffff).contains(value)
    }
}
