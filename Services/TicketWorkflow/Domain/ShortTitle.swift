import Kernel

/// Titles of at most ``Limits/generatedTitleLength`` characters.
enum ShortTitle {
    /// A title by rule: the first sentence of the text, without marks of lists and headings, cut between words.
    ///
    /// - Returns: nil when the text has no visible character.
    static func derive(from text: String) -> String? {
        let lines = text.split(whereSeparator: \.isNewline).map { trimmed($0) }
        guard let line = lines.first(where: { $0.contains(where: { $0.isLetter || $0.isNumber }) }) else { return nil }
        let cut = shorten(firstSentence(line))
        guard let first = cut.first else { return nil }
        return first.uppercased() + cut.dropFirst()
    }

    /// What a model answered, as a title: one line without quotation marks around it.
    ///
    /// - Returns: nil when nothing is left.
    static func clean(_ answer: String) -> String? {
        guard let line = answer.split(whereSeparator: \.isNewline).map({ trimmed($0) }).first(where: { !$0.isEmpty })
        else { return nil }
        let quotes: Set<Character> = ["\"", "'", "“", "”", "„", "«", "»", "`", "*"]
        var title = line[...]
        while let first = title.first, quotes.contains(first) { title = title.dropFirst() }
        while let last = title.last, quotes.contains(last) || last == "." { title = title.dropLast() }
        let cut = shorten(String(title))
        return cut.isEmpty ? nil : cut
    }

    private static func trimmed(_ line: Substring) -> String {
        var rest = line.drop { $0.isWhitespace || "#*->_`".contains($0) }
        let afterNumber = rest.drop(while: \.isNumber)
        if afterNumber.count < rest.count, let mark = afterNumber.first, mark == "." || mark == ")",
            afterNumber.dropFirst().first?.isWhitespace == true
        {
            rest = afterNumber.dropFirst().drop(while: \.isWhitespace)
        }
        while let last = rest.last, last.isWhitespace { rest = rest.dropLast() }
        return String(rest)
    }

    private static func firstSentence(_ line: String) -> String {
        var index = line.startIndex
        while index < line.endIndex {
            let next = line.index(after: index)
            if ".!?:;".contains(line[index]), next == line.endIndex || line[next].isWhitespace {
                return String(line[..<index])
            }
            index = next
        }
        return line
    }

    private static func shorten(_ text: String) -> String {
        let words = text.split(whereSeparator: \.isWhitespace)
        var title = ""
        for word in words {
            let longer = title.isEmpty ? String(word) : "\(title) \(word)"
            guard longer.count <= Limits.generatedTitleLength else { break }
            title = longer
        }
        return title.isEmpty ? String((words.first ?? "").prefix(Limits.generatedTitleLength)) : title
    }
}
