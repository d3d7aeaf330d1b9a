/// The sentence of a requirement in the EARS form.
enum RequirementText {
    private static let conditionWords = ["when", "while", "if", "where"]
    private static let actionWords = ["the system shall", "the system must", "shall", "must"]

    /// `When <condition>, the system shall <action>.` Words of the form that a writer put into the parts already are
    /// not said twice; a condition that begins with another word of the form (`while`, `if`, `where`) keeps it.
    static func sentence(condition: String, action: String) -> String {
        let condition = core(condition)
        let action = removing(actionWords, from: core(action))
        let hasWord = conditionWords.contains { starts(condition, with: $0) }
        let clause = hasWord ? capitalised(condition) : "When \(condition)"
        return "\(clause), the system shall \(action)."
    }

    /// Without white space around it and without punctuation at its end.
    private static func core(_ text: String) -> String {
        var text = text[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while let last = text.last, last.isWhitespace || last == "." || last == "," || last == ";" { text.removeLast() }
        return String(text)
    }

    private static func removing(_ words: [String], from text: String) -> String {
        guard let word = words.first(where: { starts(text, with: $0) }) else { return text }
        return core(String(text.dropFirst(word.count)))
    }

    private static func starts(_ text: String, with word: String) -> Bool {
        text.lowercased().hasPrefix(word + " ")
    }

    private static func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
