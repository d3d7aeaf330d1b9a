import Testing

@Suite struct `Wire names` {
    /// Every name that is declared in `Contracts`: exchanges, queues, streams, headers, event types, commands.
    private static func declared() throws -> Set<String> {
        var names = Set<String>()
        let patterns: [(String, Regex<(Substring, Substring)>)] = [
            ("Topic.swift", /static let \w+ = "([^"]+)"/),
            ("Events/EventType.swift", /case \w+ = "([^"]+)"/),
            ("Commands/", /static let name = "([^"]+)"/),
        ]
        for file in Repository.swift where file.path.hasPrefix("Shared/Contracts/") {
            for (place, pattern) in patterns where file.path.dropFirst("Shared/Contracts/".count).hasPrefix(place) {
                for line in file.lines {
                    names.formUnion(line.matches(of: pattern).map { String($0.output.1) })
                }
            }
        }
        // Names of services, standards and media types mean more than a place on the wire.
        return names.filter { ($0.contains(".") || $0.hasPrefix("omoi-")) && !$0.contains("/") }
    }

    @Test func `are written once, in Contracts`() throws {
        let names = try Self.declared()
        #expect(names.count > 50, "the declarations are found")
        #expect(names.isSuperset(of: ["omoi.events", "omoi.commands", "omoi.log", "ticket-workflow.facts"]))
        var violations: [Violation] = []
        for file in Repository.production where !file.path.hasPrefix("Shared/Contracts/") {
            for (index, line) in file.lines.enumerated() {
                guard line.contains("\"") else { continue }
                for match in line.matches(of: /"([^"\\]*)(?:"|\\\()/) {
                    let text = String(match.output.1)
                    let isName = names.contains(text)
                    let isPrefix = ["ticket-workflow.", "orchestrator."].contains(text)
                    guard isName || isPrefix, !line.contains(/^\s*\/\//) else { continue }
                    violations.append(
                        Violation(path: file.path, line: index + 1, what: "take '\(text)' from Contracts")
                    )
                }
            }
        }
        report(violations)
    }
}
