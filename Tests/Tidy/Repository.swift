import Foundation
import Testing

/// The checkout these tests were compiled from.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Every text file below the folders that make up the project.
    static let files: [SourceFile] = ["Shared", "Services", "Tests", "compose"].flatMap(read) + topLevelFiles

    static let swift = files.filter { $0.path.hasSuffix(".swift") }

    /// Sources of programs: not tests, not what tests are made of.
    static let production = swift.filter { $0.area == "Services" || $0.area == "Shared" }
        .filter { !$0.path.hasPrefix("Shared/TestSupport/") }

    static let byPath = Dictionary(uniqueKeysWithValues: files.map { ($0.path, $0) })

    static func file(_ path: String) throws -> SourceFile {
        try #require(byPath[path], "\(path) is missing")
    }

    /// Names of the folders directly below `path`.
    static func folders(_ path: String) -> [String] {
        let url = root.appending(path: path)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        return names.filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: url.appending(path: name).path, isDirectory: &isFolder)
                && isFolder.boolValue
        }.sorted()
    }

    private static func read(_ folder: String) -> [SourceFile] {
        let start = root.appending(path: folder)
        guard let enumerator = FileManager.default.enumerator(atPath: start.path) else { return [] }
        return enumerator.compactMap { $0 as? String }.sorted().compactMap { name in
            load("\(folder)/\(name)")
        }
    }

    private static var topLevelFiles: [SourceFile] {
        ["Package.swift", "README.md", ".ci/run", ".swift-format", ".gitignore"].compactMap(load)
    }

    /// nil for folders and for files that are no text.
    private static func load(_ path: String) -> SourceFile? {
        guard let text = try? String(contentsOf: root.appending(path: path), encoding: .utf8) else { return nil }
        return SourceFile(path: path, text: text)
    }
}

/// A place that breaks a rule.
struct Violation: Hashable, CustomStringConvertible {
    let path: String
    /// From 1; 0 for the file as a whole.
    let line: Int
    let what: String

    var description: String { "\(path):\(line): \(what)" }
}

/// An exception, with its reason. One that is no longer used fails too, so that the list does not rot.
struct Allowance: Sendable {
    let path: String
    /// A part of the line; empty: the whole file.
    let text: String
    let reason: String

    init(_ path: String, _ text: String = "", because reason: String) {
        self.path = path
        self.text = text
        self.reason = reason
    }
}

/// Reports each violation at its own place, except where an allowance covers it.
func report(_ violations: [Violation], except allowances: [Allowance] = []) {
    var used = Set<Int>()
    for violation in violations {
        let file = Repository.byPath[violation.path]
        let lines = file?.lines ?? []
        let text = violation.line > 0 && violation.line <= lines.count ? lines[violation.line - 1] : ""
        let allowed = allowances.indices.filter { index in
            let allowance = allowances[index]
            return allowance.path == violation.path && (allowance.text.isEmpty || text.contains(allowance.text))
        }
        used.formUnion(allowed)
        guard allowed.isEmpty else { continue }
        Issue.record(
            "\(violation)",
            sourceLocation: SourceLocation(
                fileID: "repository/\(violation.path)",
                filePath: Repository.root.appending(path: violation.path).path,
                line: max(1, violation.line),
                column: 1
            )
        )
    }
    for index in allowances.indices where !used.contains(index) {
        Issue.record("the allowance for \(allowances[index].path) '\(allowances[index].text)' is no longer needed")
    }
}

/// The lines of `files` whose code matches.
func places(
    in files: [SourceFile],
    where matches: (String) -> Bool,
    _ what: String
) -> [Violation] {
    files.flatMap { file in
        file.code.enumerated().filter { matches($0.element) }.map {
            Violation(path: file.path, line: $0.offset + 1, what: what)
        }
    }
}
