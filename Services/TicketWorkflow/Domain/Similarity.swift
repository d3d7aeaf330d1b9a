import Kernel

/// How alike two tickets are: 0 nothing in common, 1 the same. Compares words, their order, and shingles of characters,
/// so neither another order nor an ending nor a slip of the pen hides a duplicate.
struct Similarity {
    private let text: String
    private let title: Wording
    /// One text is compared with many: its own pieces are taken once.
    private let titleShingles: TitleShingles
    private let description: Wording

    private struct TitleShingles {
        let words: Shingles
        let characters: Shingles
        let pairs: Shingles

        init(_ title: Wording) {
            words = .words(title)
            characters = .characters(title)
            pairs = .pairs(title)
        }
    }

    init(title: String, description: String?) {
        text = title
        self.title = Wording(title: title)
        titleShingles = TitleShingles(self.title)
        self.description = Wording(description ?? "", limit: Limits.duplicateTextLength)
    }

    /// The words another ticket must share to be worth a comparison: those of the title first, each once.
    var terms: [String] {
        var known: Set<String> = []
        return Array(
            (title.words + description.words).filter { known.insert($0).inserted }
                .prefix(Limits.duplicateTerms)
        )
    }

    /// How many of ``terms`` are of the title.
    var titleTerms: Int { min(Set(title.words).count, Limits.duplicateTerms) }

    /// - Parameter least: what interests the caller; a lower result may be lower than the truth, which saves the
    ///   comparison of long descriptions.
    func score(_ other: Similarity, least: Double = 0) -> Double {
        guard !title.words.isEmpty, !other.title.words.isEmpty else { return text == other.text ? 1 : 0 }
        let titles = titleScore(other)
        guard !description.words.isEmpty, !other.description.words.isEmpty else { return titles }
        let best = titles * Self.titleShare + (1 - Self.titleShare)
        guard best >= least else { return titles * Self.titleShare }
        let descriptions =
            0.6 * Shingles.words(description).likeness(to: .words(other.description))
            + 0.4 * Shingles.characters(description).likeness(to: .characters(other.description))
        return titles * Self.titleShare + descriptions * (1 - Self.titleShare)
    }

    /// - Parameter meaning: how alike the meanings are, 0 to 1; nil when that is not known. Models see hardly a
    ///   difference between opposites and between numbers, so a contradiction counts here too.
    func score(_ other: Similarity, least: Double = 0, meaning: Double?) -> Double {
        let words = score(other, least: least)
        guard let meaning else { return words }
        return max(words, Self.contradicts(title, other.title) ? meaning * Self.contradiction : meaning)
    }

    private static func contradicts(_ one: Wording, _ two: Wording) -> Bool {
        let (numbers, others) = (one.numbers, two.numbers)
        return numbers != others && !numbers.isEmpty && !others.isEmpty || agreement(one, two) == contradiction
    }

    /// Weight of the titles when both tickets are described.
    private static let titleShare = 0.75
    /// What remains of a score when the titles differ in a number or say the opposite.
    private static let contradiction = 0.7
    /// What remains when words of one stand in the place of words of the other.
    private static let replacement = 0.95

    private func titleScore(_ two: Similarity) -> Double {
        let (other, slips) = Self.aligned(two.title, to: title)
        let others = slips == 0 ? two.titleShingles : TitleShingles(other)
        let words = titleShingles.words.likeness(to: others.words)
        let characters = titleShingles.characters.likeness(to: others.characters)
        let isOrdered = title.words.count > 1 && other.words.count > 1
        let order = isOrdered ? titleShingles.pairs.likeness(to: others.pairs) : words
        var score = 0.5 * words + 0.3 * characters + 0.2 * order - 0.02 * Double(slips)
        let (mine, theirs) = (title.numbers, other.numbers)
        if mine != theirs, !mine.isEmpty, !theirs.isEmpty { score *= Self.contradiction }
        score *= Self.agreement(title, other)
        return max(0, score)
    }

    /// `text` with words that are only misspelled written as in `model`, and how many there were.
    private static func aligned(_ text: Wording, to model: Wording) -> (Wording, slips: Int) {
        let missing = Set(model.words).subtracting(text.words)
        let surplus = Set(text.words).subtracting(model.words)
        guard missing.count <= maxSlips, surplus.count <= maxSlips else { return (text, 0) }
        var (result, slips) = (text, 0)
        for word in surplus.sorted() {
            guard let meant = missing.sorted().first(where: { Spelling.isSlip(word, $0) }) else { continue }
            result.replace(word, by: meant)
            slips += 1
        }
        return (result, slips)
    }

    /// Words looked at for slips; beyond it the texts differ anyway.
    private static let maxSlips = 8

    /// A word in the place of another is less than a word more or less, and an opposite is a contradiction.
    private static func agreement(_ one: Wording, _ two: Wording) -> Double {
        let (left, right) = (Set(one.words).subtracting(two.words), Set(two.words).subtracting(one.words))
        guard !left.isEmpty, !right.isEmpty else { return 1 }
        guard left.count <= maxSlips, right.count <= maxSlips else { return replacement }
        let isOpposite = left.contains { word in right.contains { Spelling.areOpposite(word, $0) } }
        return isOpposite ? contradiction : replacement
    }
}

/// Short pieces of a text as a multiset.
struct Shingles {
    private let sorted: [Int]

    private init(_ shingles: [Int]) {
        sorted = shingles.sorted()
    }

    static func words(_ text: Wording) -> Shingles { Shingles(text.words.map(\.hashValue)) }

    /// Neighbouring words.
    static func pairs(_ text: Wording) -> Shingles {
        Shingles(
            zip(text.words, text.words.dropFirst()).map { first, second in
                var hasher = Hasher()
                hasher.combine(first)
                hasher.combine(second)
                return hasher.finalize()
            }
        )
    }

    /// Three characters in a row, words with their borders.
    static func characters(_ text: Wording) -> Shingles {
        var shingles: [Int] = []
        for word in text.words {
            var window = 0
            var count = 0
            for scalar in (" " + word + " ").unicodeScalars {
                // A scalar has 21 bits, so three of them fit exactly.
                window = (window << 21 | Int(scalar.value)) & 0x7fff_ffff_ffff_ffff
                count += 1
                if count >= 3 { shingles.append(window) }
            }
        }
        return Shingles(shingles)
    }

    /// Dice's coefficient: twice what both have, of what there is.
    func likeness(to other: Shingles) -> Double {
        guard !sorted.isEmpty || !other.sorted.isEmpty else { return 1 }
        var (mine, theirs, common) = (0, 0, 0)
        while mine < sorted.count, theirs < other.sorted.count {
            if sorted[mine] == other.sorted[theirs] {
                (mine, theirs, common) = (mine + 1, theirs + 1, common + 1)
            } else if sorted[mine] < other.sorted[theirs] {
                mine += 1
            } else {
                theirs += 1
            }
        }
        return 2 * Double(common) / Double(sorted.count + other.sorted.count)
    }
}

/// Words that are nearly the same, and words that mean the opposite.
enum Spelling {
    /// Whether one may be the other with a slip of the pen. Never of numbers, short words, or opposites.
    static func isSlip(_ one: String, _ two: String) -> Bool {
        let shorter = min(one.count, two.count)
        guard shorter >= 5, !areOpposite(one, two) else { return false }
        guard !one.contains(where: \.isNumber), !two.contains(where: \.isNumber) else { return false }
        return distance(Array(one), Array(two), limit: shorter >= 8 ? 2 : 1) != nil
    }

    static func areOpposite(_ one: String, _ two: String) -> Bool {
        if opposites[one]?.contains(two) == true { return true }
        let (short, long) = one.count < two.count ? (one, two) : (two, one)
        return negations.contains { long.count == short.count + $0.count && long == $0 + short }
    }

    /// Insertions, deletions and replacements between the two; nil when more than `limit`.
    private static func distance(_ one: [Character], _ two: [Character], limit: Int) -> Int? {
        guard abs(one.count - two.count) <= limit else { return nil }
        var row = Array(0...two.count)
        for (index, character) in one.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in two.indices {
                let replaced = diagonal + (character == two[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        guard let distance = row.last, distance <= limit else { return nil }
        return distance
    }

    private static let negations = ["un", "de", "dis", "in", "im", "non", "anti", "a"]

    private static let opposites: [String: Set<String>] = {
        let pairs = [
            ("add", "remove"), ("create", "remove"), ("enable", "disable"), ("show", "hide"), ("start", "stop"),
            ("open", "close"), ("increase", "decrease"), ("increase", "reduce"), ("raise", "lower"),
            ("import", "export"), ("upload", "download"), ("login", "logout"), ("encrypt", "decrypt"),
            ("encode", "decode"), ("allow", "deny"), ("allow", "forbid"), ("accept", "reject"), ("approve", "reject"),
            ("grant", "revoke"), ("read", "write"), ("push", "pull"), ("send", "receive"), ("before", "after"),
            ("first", "last"), ("min", "max"), ("minimum", "maximum"), ("horizontal", "vertical"), ("left", "right"),
            ("up", "down"), ("top", "bottom"), ("ios", "android"), ("windows", "linux"), ("client", "server"),
            ("frontend", "backend"), ("light", "dark"), ("upgrade", "downgrade"), ("input", "output"),
            ("inbound", "outbound"), ("request", "response"), ("source", "target"), ("row", "column"),
            ("public", "private"), ("attach", "detach"), ("ascending", "descending"), ("internal", "external"),
            ("unit", "integration"), ("staging", "production"), ("old", "new"), ("more", "less"),
        ]
        var table: [String: Set<String>] = [:]
        for (one, two) in pairs.map({ (Wording($0.0).words[0], Wording($0.1).words[0]) }) {
            table[one, default: []].insert(two)
            table[two, default: []].insert(one)
        }
        return table
    }()
}
