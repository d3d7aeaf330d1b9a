import Testing

@Suite struct `Sizes` {
    @Test func `a file has at most 400 lines`() {
        report(
            Repository.swift.filter { $0.lines.count > 401 }.map {
                Violation(path: $0.path, line: 401, what: "has \($0.lines.count - 1) lines, at most 400")
            }
        )
    }

    @Test func `a function has at most 60 lines`() {
        report(
            Repository.swift.flatMap { file in
                FunctionLength.all(in: file).filter { $0.length > 60 }.map {
                    Violation(path: file.path, line: $0.line, what: "\($0.name) has \($0.length) lines, at most 60")
                }
            }
        )
    }

    @Test func `a line has at most 120 columns`() {
        report(
            Repository.swift.flatMap { file in
                file.lines.enumerated().filter { $0.element.count > 120 }.map {
                    Violation(
                        path: file.path,
                        line: $0.offset + 1,
                        what: "has \($0.element.count) columns, at most 120"
                    )
                }
            }
        )
    }

    @Test func `an executable's main has under 40 lines and one file`() {
        let mains = Repository.swift.filter { $0.area == "Services" && $0.parts[2] == "Main" }
        var violations = mains.filter { $0.lines.count > 40 }.map {
            Violation(path: $0.path, line: 40, what: "a main has no behaviour, under 40 lines")
        }
        for (_, files) in Dictionary(grouping: mains, by: { $0.parts[1] }) where files.count > 1 {
            violations += files.map { Violation(path: $0.path, line: 1, what: "a main is one file") }
        }
        report(violations)
    }
}
