import Foundation
import Testing

@Suite struct `Layout` {
    @Test func `the top level holds what the layout names`() throws {
        // Package.resolved is written by the package manager and not part of the repository.
        let known: Set = [
            "Package.swift", "Package.resolved", "README.md", "Services", "Shared", "Tests", "compose",
        ]
        let names = try FileManager.default.contentsOfDirectory(atPath: Repository.root.path)
        report(
            names.filter { !known.contains($0) && !$0.hasPrefix(".") }.sorted().map {
                Violation(path: $0, line: 0, what: "does not belong at the top level")
            }
        )
        for name in known.subtracting(["Package.resolved"]) {
            #expect(names.contains(name), "\(name) is missing")
        }
    }

    /// Folders whose files the package compiles, as `Package.swift` names them.
    private static func isDeclared(_ file: SourceFile, in package: String) -> Bool {
        let parts = file.parts
        guard parts.count > 2 else { return false }
        switch (parts[0], parts[1]) {
        case ("Tests", "Shared"), ("Tests", "Services"):
            let module = parts[2].hasSuffix("Tests") ? String(parts[2].dropLast(5)) : ""
            return parts.count > 3 && package.contains(Regex<Substring>.call(named: module))
        case ("Tests", let folder):
            return package.contains("\"Tests/\(folder)\"")
        case ("Shared", let module):
            return package.contains("\"Shared/\(module)\"") || package.contains(Regex<Substring>.call(named: module))
        case ("Services", let folder):
            return package.contains(Regex<Substring>.call(named: folder)) || package.contains("folder: \"\(folder)\"")
        default:
            return false
        }
    }

    @Test func `every source file belongs to a target`() throws {
        let package = try Repository.file("Package.swift").lines.joined(separator: "\n")
        let sources = Repository.swift.filter {
            $0.path != "Package.swift" && !$0.path.hasPrefix("Tests/Fixtures/")
        }
        report(
            sources.filter { !Self.isDeclared($0, in: package) }.map {
                Violation(path: $0.path, line: 0, what: "belongs to no target of Package.swift")
            }
        )
    }

    @Test func `other files inside a target are excluded by name`() throws {
        let package = try Repository.file("Package.swift").lines.joined(separator: "\n")
        let compiled: Set = ["swift", "c", "h", "modulemap"]
        let strangers = Repository.files.filter { file in
            guard ["Shared", "Services", "Tests"].contains(file.area), !file.path.hasPrefix("Tests/Fixtures/"),
                let name = file.parts.last, !compiled.contains(String(name.split(separator: ".").last ?? ""))
            else { return false }
            return !file.parts.dropFirst(2).contains { package.contains("\"\($0)\"") }
        }
        // One report per folder is enough.
        let folders = Dictionary(grouping: strangers) { $0.parts.dropLast() }
        report(
            folders.values.compactMap(\.first).map {
                Violation(path: $0.path, line: 0, what: "is not excluded in Package.swift")
            }
        )
    }

    @Test func `no placeholder is left`() {
        report(
            Repository.files.filter { $0.parts.last?.hasPrefix("placeholder.") == true }.map {
                Violation(path: $0.path, line: 0, what: "is a placeholder")
            }
        )
    }

    @Test func `nothing is called utilities, helpers or common`() {
        report(
            Repository.files.filter { file in
                file.parts.contains { $0.contains(/^(Utils?|Utilities|Helpers?|Common|Misc)(\.swift)?$/) }
            }.map { Violation(path: $0.path, line: 0, what: "lacks a name") }
        )
    }

    @Test func `no type has its module's name`() {
        let modules = Set(Repository.folders("Shared") + Repository.folders("Services")).union(["CommandLineTool"])
        report(
            Repository.production.flatMap { file in
                file.code.enumerated().compactMap { index, line -> Violation? in
                    guard modules.contains(where: line.contains),
                        let match = line.firstMatch(of: /\b(?:class|struct|enum|actor|protocol)\s+(\w+)/),
                        modules.contains(String(match.output.1))
                    else { return nil }
                    return Violation(path: file.path, line: index + 1, what: "\(match.output.1) is a module's name")
                }
            },
            except: [
                Allowance(
                    "Shared/LocalBroker/LocalBroker.swift",
                    "class LocalBroker",
                    because: "the module is this one class and what it is made of"
                )
            ]
        )
    }

    @Test func `tables are strict and named in snake case`() {
        var violations: [Violation] = []
        for file in Repository.production {
            let text = file.lines.joined(separator: "\n")
            for match in text.matches(of: /CREATE (TEMP |TEMPORARY )?TABLE (IF NOT EXISTS )?(?<name>[\w.]+)\s*\(/) {
                let line = text[..<match.range.lowerBound].count { $0 == "\n" } + 1
                let options = text[match.range.upperBound...].drop(whileInsideParentheses: 1).prefix(40)
                let name = String(match.output.name)
                let isStrict = options.prefix(while: { $0 != ";" && $0 != "\"" }).contains("STRICT")
                if !isStrict {
                    violations.append(Violation(path: file.path, line: line, what: "table \(name) is not STRICT"))
                }
                if name.contains(/[A-Z]/) {
                    violations.append(Violation(path: file.path, line: line, what: "table \(name): use snake case"))
                }
            }
        }
        report(violations)
    }
}

extension Substring {
    /// What follows the parenthesis that closes the `depth` open ones.
    fileprivate func drop(whileInsideParentheses depth: Int) -> Substring {
        var depth = depth
        for index in indices {
            if self[index] == "(" { depth += 1 }
            if self[index] == ")" { depth -= 1 }
            if depth == 0 { return self[index...].dropFirst() }
        }
        return ""
    }
}

extension Regex {
    /// `shared("Kernel"` or `service(\n "APIGateway"`.
    fileprivate static func call(named name: String) -> Regex<Substring> {
        let escaped = NSRegularExpression.escapedPattern(for: name)
        return (try? Regex<Substring>("(?:shared|service)\\(\\s*\"\(escaped)\"")) ?? /$^/
    }
}
