/// Functions with their length, found by counting braces in masked code.
struct FunctionLength: Equatable {
    let line: Int
    let name: String
    let length: Int

    static func all(in file: SourceFile) -> [FunctionLength] {
        file.code.enumerated().compactMap { index, line in
            guard ["func ", "init", "deinit", "subscript"].contains(where: line.contains),
                let match = line.firstMatch(of: declaration)
            else { return nil }
            let column = line.utf8.distance(from: line.startIndex, to: match.range.upperBound)
            guard let end = end(ofFunctionAt: index, column: column, in: file.code) else { return nil }
            let name = String(match.output.name ?? match.output.keyword)
            return FunctionLength(line: index + 1, name: name, length: end - index + 1)
        }
    }

    /// A function's name, or the word that stands for one. Calls such as `super.init(` do not match.
    nonisolated(unsafe) private static let declaration =
        // A regular expression is a constant, though its type does not say so.
        /(?:^|[^.\w`])(?<keyword>func\s+(?<name>`[^`]*`|[^\s(<]+)|init[?!]?(?=[(<])|deinit(?=\s*\{)|subscript(?=[(<]))/

    /// Index of the line with the closing brace; nil for a declaration without a body, or a call.
    private static func end(ofFunctionAt start: Int, column: Int, in code: [String]) -> Int? {
        var parentheses = 0
        var braces = 0
        for index in start..<code.count {
            let text = code[index].utf8.dropFirst(index == start ? column : 0)
            if index > start, parentheses == 0, braces == 0, !continuesDeclaration(code[index]) { return nil }
            for byte in text {
                switch byte {
                case UInt8(ascii: "("), UInt8(ascii: "["): parentheses += 1
                case UInt8(ascii: ")"), UInt8(ascii: "]"): parentheses -= 1
                case UInt8(ascii: "{") where parentheses == 0 || braces > 0: braces += 1
                case UInt8(ascii: "}") where braces > 0:
                    braces -= 1
                    if braces == 0 { return index }
                default: break
                }
            }
            if parentheses < 0 { return nil }
        }
        return nil
    }

    private static func continuesDeclaration(_ line: String) -> Bool {
        line.contains(/^\s*(\{|->|where\b|async\b|throws\b|rethrows\b|$)/)
    }
}
