import Testing

/// The rules themselves: that they see what they are to see.
@Suite struct `The rules` {
    @Test(arguments: [
        ("let a = 1 // try!", "let a = 1        "),
        ("let a = \"try!\" + b", "let a = \"    \" + b"),
        ("let a = \"x\\\"y\" + \"z\"", "let a = \"    \" + \" \""),
        ("let a = \"x\\(f(\"y\", (1)))z\" + b", "let a = \" \\(f(\" \", (1))) \" + b"),
        ("let a = #\"x\"y\\(z)\"# + b", "let a = #\"       \"# + b"),
        ("let a = #\"\\#(f(1))x\"# + b", "let a = #\"\\#(f(1)) \"# + b"),
        ("a /* b /* c */ d */ e", "a                   e"),
        ("let a = \"\"\"\n  { \"q\" // no\n  \"\"\"\nb", "let a = \"\"\"\n             \n  \"\"\"\nb"),
        ("func `a open(b` () {}", "func `________` () {}"), ("let a = \"ä€😀\" + b", "let a = \"   \" + b"),
        ("let url = \"http://x\" // c", "let url = \"        \"     "),
        ("let a = \"unterminated\nlet b = 1", "let a = \"            \nlet b = 1"),
    ])
    func `comments and strings are no code`(text: String, masked: String) {
        #expect(Mask.blank(text) == masked)
    }

    @Test func `functions are measured from their first to their last line`() {
        let body = Array(repeating: "        work { \"}\" }", count: 58).joined(separator: "\n")
        let text = """
            protocol P {
                func requirement(a: Int) -> Int
                func another()
            }
            struct S {
                func long(
                    a: Int = { 3 }(), b: String
                ) async throws -> Int
                where A: B {
            \(body)
                }
                init?(x: Int) { self.x = x }
                subscript(index: Int) -> Int { 7 }
                func `with spaces ( in it`() {
                    super.init(x: 1)
                }
                deinit { close() }
            }
            """
        let found = FunctionLength.all(in: SourceFile(path: "a.swift", text: text))
        #expect(
            found == [
                FunctionLength(line: 6, name: "long", length: 63),
                FunctionLength(line: 69, name: "init?", length: 1),
                FunctionLength(line: 70, name: "subscript", length: 1),
                FunctionLength(line: 71, name: "`___________________`", length: 3),
                FunctionLength(line: 74, name: "deinit", length: 1),
            ]
        )
    }

    @Test func `imports are found with their attributes`() {
        let text = "import A\n@testable import B\n@preconcurrency public import C\nimport struct D.E\n// import F"
        let found = SourceFile(path: "a.swift", text: text).imports
        #expect(found.map(\.module) == ["A", "B", "C", "D"] || found.map(\.module) == ["A", "B", "D"])
        #expect(found.first?.line == 1)
    }

    @Test(arguments: [
        ("class A: @unchecked Sendable {\n    // Because of b.", true),
        ("// Because of b.\nclass A: @unchecked Sendable {", true),
        ("class A: @unchecked Sendable {  // Because of b.", true),
        ("/// - Note: `@unchecked` because of b.\nclass A: @unchecked Sendable {", true),
        ("/// Says what, not why.\nclass A: @unchecked Sendable {", false),
        ("let a = \"http://b\"\nclass A: @unchecked Sendable {", false),
        ("class A: @unchecked Sendable {\n    let b = 1", false),
    ])
    func `a reason is a plain comment close by`(text: String, found: Bool) {
        let file = SourceFile(path: "a.swift", text: text)
        let line = file.lines.firstIndex { $0.contains("@unchecked") } ?? 0
        #expect(file.hasReason(at: line + 1) == found)
    }

    @Test func `the whole repository is looked at`() {
        #expect(Repository.swift.count > 50)
        #expect(Repository.production.contains { $0.path == "Shared/Kernel/Fault.swift" })
        #expect(Repository.swift.contains { $0.path == "Tests/Tidy/TidyTests.swift" })
    }
}
