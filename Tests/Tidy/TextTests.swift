import Foundation
import Testing

@Suite struct `Banned text` {
    /// Everything but these rules themselves, which name what they ban.
    private static let swift = Repository.swift.filter { $0.area != "Package.swift" }
    private static let others = Repository.files.filter { !$0.path.hasPrefix("Tests/Tidy/") }

    private func isForLater(_ line: String) -> Bool {
        ["TODO", "FIXME", "XXX", "HACK"].contains(where: line.contains) && line.contains(/\b(TODO|FIXME|XXX|HACK)\b/)
    }

    /// Places whose code matches and that carry no comment with a reason.
    private func unexplained(_ what: String, where matches: (String) -> Bool) -> [Violation] {
        places(in: Self.swift, where: matches, what).filter { violation in
            guard let file = Repository.byPath[violation.path] else { return true }
            return !file.hasReason(at: violation.line)
        }
    }

    @Test func `what the compiler no longer checks says why`() {
        report(unexplained("try! needs a comment with its reason") { $0.contains("try!") })
        report(
            unexplained("@unchecked Sendable needs a comment with its reason") { $0.contains("@unchecked Sendable") }
        )
        report(
            unexplained("nonisolated(unsafe) needs a comment with its reason") { $0.contains("nonisolated(unsafe)") }
        )
    }

    @Test func `an unstructured task says why`() {
        report(
            unexplained("an unstructured task needs a comment with its reason") {
                $0.contains("Task")
                    && $0.contains(/\bTask(<[^>]*>)?\s*(\([^)]*\)\s*)?\{|\bTask\.detached\b|\bTask\.immediate\b/)
            }
        )
    }

    @Test func `programs log and do not print`() {
        let files = Repository.production.filter { file in
            // What the file itself calls print is something else.
            !file.path.hasPrefix("Services/CommandLine/Output/")
                && !file.code.contains { $0.contains("print") && $0.contains(/\b(func|let|var) print\b/) }
        }
        report(
            places(
                in: files,
                where: {
                    ($0.contains("rint(") || $0.contains("dump(") || $0.contains("NSLog("))
                        && $0.contains(/(^|[^.\w])(print|debugPrint|dump|NSLog)\(/)
                },
                "log it, or print it in Services/CommandLine/Output"
            )
        )
    }

    @Test func `nothing is left for later`() {
        report(
            Self.others.flatMap { file in
                file.lines.enumerated().filter { isForLater($0.element) }.map {
                    Violation(path: file.path, line: $0.offset + 1, what: "do it, or drop it")
                }
            }
        )
    }

    @Test func `nothing ends the process but a broken promise of the code itself`() {
        report(
            places(
                in: Repository.production,
                where: { $0.contains("fatalError(") || $0.contains("assertionFailure(") },
                "throw a Fault, or use precondition for what only a bug can cause"
            )
        )
    }

    @Test func `access is package`() {
        report(
            places(
                in: Self.swift,
                where: { line in
                    (line.contains("public ") || line.contains("open ")) && isMoreThanPackage(line)
                },
                "use package"
            )
        )
    }

    private func isMoreThanPackage(_ line: String) -> Bool {
        line.contains(
            /(^|\s)(public|open)\s+(final|class|struct|enum|actor|func|var|let|init|static|extension|override)\b/
        )
    }

    @Test func `tests wait for what they need, not for time to pass`() {
        let tests = Self.swift.filter { $0.area == "Tests" || $0.path.hasPrefix("Shared/TestSupport/") }
        let sleeping = places(in: tests, where: { $0.contains("Task.sleep(") }, "wait for the event itself")
        report(
            sleeping.filter { violation in
                let line = Repository.byPath[violation.path]?.lines[violation.line - 1] ?? ""
                return !line.contains("// poll interval")
            }
        )
    }

    @Test func `no error disappears`() {
        report(
            Self.swift.flatMap { file in
                file.lines.indices.filter { index in
                    guard file.code[index].contains("catch") else { return false }
                    let next = index + 1 < file.lines.count ? file.lines[index + 1] : ""
                    return file.code[index].contains(/\bcatch(\s+[^{]*)?\{\s*\}/)
                        || (file.code[index].contains(/\bcatch(\s+[^{]*)?\{\s*$/) && next.contains(/^\s*\}/))
                }.map { Violation(path: file.path, line: $0 + 1, what: "an empty catch hides the error") }
            }
        )
    }

    @Test func `no path of somebody's machine is written down`() {
        var machine = [Repository.root.path]
        let home = NSHomeDirectory()
        if home.count > 1 { machine.append(home + "/") }
        report(
            Self.others.flatMap { file in
                file.lines.enumerated().filter { _, line in
                    machine.contains { line.contains($0) }
                        || ((line.contains("/home/") || line.contains("/Users/"))
                            && line.contains(/\/(home|Users)\/[A-Za-z]+\//))
                }.map { Violation(path: file.path, line: $0.offset + 1, what: "a path of one machine") }
            }
        )
    }
}
