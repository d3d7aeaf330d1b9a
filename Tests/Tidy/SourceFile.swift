import Foundation
import Testing

/// A file of the repository, as text and as code without comments and string contents.
struct SourceFile: Sendable {
    /// Relative to the repository's root.
    let path: String
    let lines: [String]
    /// The same lines with the contents of comments and strings blanked.
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        code =
            path.hasSuffix(".swift")
            ? Mask.blank(text).split(separator: "\n", omittingEmptySubsequences: false).map(String.init) : lines
    }

    /// First part of the path: `Shared`, `Services`, `Tests`.
    var area: String { parts[0] }

    var parts: [String] { path.split(separator: "/").map(String.init) }

    /// The modules the file imports, with the line of each, from 1.
    var imports: [(module: String, line: Int)] {
        code.enumerated().compactMap { index, line in
            guard line.contains("import"),
                let match = line.firstMatch(of: /^\s*(?:@\w+(?:\([^)]*\))?\s+)*import\s+(?:\w+\s+)?(\w+)/)
            else {
                return nil
            }
            return (String(match.output.1), index + 1)
        }
    }

    /// Whether a plain comment, or a documentation comment that names the matter, stands on the line (from 1), up to
    /// three lines above it or up to three below.
    func hasReason(at line: Int) -> Bool {
        let range = max(0, line - 4)..<min(lines.count, line + 3)
        return lines[range].contains { line in
            line.contains("//")
                && (line.contains(/(^|[^\/:])\/\/($|[^\/])/) || line.contains(/\/\/\/.*(unchecked|unstructured)/))
        }
    }
}

/// Replaces what is not code by spaces, so that rules about code do not trip over text. Knows line and nested block
/// comments, strings, multi-line strings, raw strings, interpolation and raw identifiers; line breaks stay.
struct Mask {
    private enum Context {
        /// Parentheses open since an interpolation began; nil outside of one.
        case code(depth: Int?)
        case string(quotes: Int, hashes: Int)
    }

    private let input: [UInt8]
    private var output: [UInt8] = []
    private var position = 0
    private var contexts: [Context] = [.code(depth: nil)]

    static func blank(_ text: String) -> String {
        var mask = Mask(input: Array(text.utf8))
        mask.run()
        return String(decoding: mask.output, as: UTF8.self)
    }

    private init(input: [UInt8]) {
        self.input = input
        output.reserveCapacity(input.count)
    }

    private mutating func run() {
        while position < input.count, let context = contexts.last {
            switch context {
            case .code(let depth): code(depth)
            case .string(let quotes, let hashes): string(quotes, hashes)
            }
        }
    }

    private mutating func code(_ depth: Int?) {
        var plain = position
        while plain < input.count, !Self.isSpecialInCode[Int(input[plain])] { plain += 1 }
        keep(plain - position)
        guard position < input.count else { return }
        if input[position] == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "/") {
            hide { $0 != UInt8(ascii: "\n") }
        } else if input[position] == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
            blockComment()
        } else if input[position] == UInt8(ascii: "`") {
            keep(1)
            hide(as: UInt8(ascii: "_")) { $0 != UInt8(ascii: "`") && $0 != UInt8(ascii: "\n") }
            keep(1)
        } else if let opening = stringOpening() {
            keep(opening.hashes + opening.quotes)
            contexts.append(.string(quotes: opening.quotes, hashes: opening.hashes))
        } else {
            countParentheses(depth)
            keep(1)
        }
    }

    private static let isSpecialInCode: [Bool] = (0..<256).map { "/\"#()`".utf8.contains(UInt8($0)) }

    private mutating func countParentheses(_ depth: Int?) {
        guard let depth else { return }
        if input[position] == UInt8(ascii: "(") {
            contexts[contexts.count - 1] = .code(depth: depth + 1)
        } else if input[position] == UInt8(ascii: ")") {
            if depth == 1 {
                contexts.removeLast()
            } else {
                contexts[contexts.count - 1] = .code(depth: depth - 1)
            }
        }
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            let pair = (input[position], byte(1))
            if pair == (UInt8(ascii: "/"), UInt8(ascii: "*")) {
                depth += 1
                hideOne()
            } else if pair == (UInt8(ascii: "*"), UInt8(ascii: "/")) {
                depth -= 1
                hideOne()
            }
            hideOne()
        } while depth > 0 && position < input.count
    }

    private mutating func string(_ quotes: Int, _ hashes: Int) {
        hide { $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\n") }
        guard position < input.count else { return }
        switch input[position] {
        case UInt8(ascii: "\\") where isRepeated("#", hashes, at: 1) && byte(1 + hashes) == UInt8(ascii: "("):
            keep(hashes + 2)
            contexts.append(.code(depth: 1))
        case UInt8(ascii: "\\") where hashes == 0:
            hideOne()
            hideOne()
        case UInt8(ascii: "\"") where isRepeated("\"", quotes, at: 0) && isRepeated("#", hashes, at: quotes):
            keep(quotes + hashes)
            contexts.removeLast()
        case UInt8(ascii: "\n") where quotes == 1:
            // Unterminated, such as a quote inside a regular expression.
            contexts.removeLast()
        default:
            hideOne()
        }
    }

    private func stringOpening() -> (quotes: Int, hashes: Int)? {
        var hashes = 0
        while byte(hashes) == UInt8(ascii: "#") { hashes += 1 }
        guard byte(hashes) == UInt8(ascii: "\"") else { return nil }
        return (isRepeated("\"", 3, at: hashes) ? 3 : 1, hashes)
    }

    private func byte(_ distance: Int) -> UInt8 {
        position + distance < input.count ? input[position + distance] : 0
    }

    private func isRepeated(_ character: Unicode.Scalar, _ count: Int, at distance: Int) -> Bool {
        (0..<count).allSatisfy { byte(distance + $0) == UInt8(ascii: character) }
    }

    private mutating func keep(_ count: Int) {
        let end = min(position + count, input.count)
        output += input[position..<end]
        position = end
    }

    private mutating func hide(as blank: UInt8 = UInt8(ascii: " "), while condition: (UInt8) -> Bool) {
        while position < input.count, condition(input[position]) { hideOne(as: blank) }
    }

    /// One blank per character: the bytes that continue a character disappear.
    private mutating func hideOne(as blank: UInt8 = UInt8(ascii: " ")) {
        guard position < input.count else { return }
        if input[position] == UInt8(ascii: "\n") {
            output.append(input[position])
        } else if input[position] & 0xc0 != 0x80 {
            output.append(blank)
        }
        position += 1
    }
}
