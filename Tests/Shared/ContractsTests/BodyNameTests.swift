import FoundationEssentials
import Testing

@testable import Contracts

/// Schemas whose bodies are checked elsewhere as a whole: here only that schema and type know the same members.
@Suite struct `Schemas and member names` {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let schema: Schema
        let members: Set<String>
        var testDescription: String { name }

        init<Keys: CodingKey & CaseIterable>(_ name: String, _ schema: Schema, _ keys: Keys.Type) {
            self.name = name
            self.schema = schema
            members = Set(keys.allCases.map(\.stringValue))
        }

        init(_ name: String, _ schema: Schema, _ members: Set<String>) {
            self.name = name
            self.schema = schema
            self.members = members
        }
    }

    static let rows = [
        Row("board-move", Schemas.boardMove, BoardMove.CodingKeys.self),
        Row("settings-patch", Schemas.settingsPatch, ProjectSettings.CodingKeys.self),
        Row("task-patch", Schemas.taskPatch, TaskPatch.CodingKeys.self),
        Row("task-timeout", Schemas.taskTimeout, TimeoutBody.CodingKeys.self),
        Row("conversation", Schemas.conversation, ConversationBody.CodingKeys.self),
        Row("verification", Schemas.verification, VerificationBody.CodingKeys.self),
        Row("title", Schemas.title, ["context"]),
        Row("titles", Schemas.titles, ["limit"]),
        Row("spec-create", Schemas.specCreate, SpecCreate.CodingKeys.self),
        Row("spec-patch", Schemas.specPatch, SpecPatch.CodingKeys.self),
        Row("requirement-create", Schemas.requirementCreate, RequirementCreate.CodingKeys.self),
        Row("requirement-patch", Schemas.requirementPatch, RequirementPatch.CodingKeys.self),
        Row("criterion-create", Schemas.criterionCreate, CriterionCreate.CodingKeys.self),
        Row("criterion-patch", Schemas.criterionPatch, CriterionPatch.CodingKeys.self),
        Row("design", Schemas.designBody, DesignBody.CodingKeys.self),
        Row("spec-task-create", Schemas.specTaskCreate, SpecTaskCreate.CodingKeys.self),
    ]

    @Test(arguments: rows)
    func `schema and type know the same members`(row: Row) throws {
        guard case .object(let properties) = row.schema else {
            Issue.record("the schema of a body is an object")
            return
        }
        #expect(Set(properties.filter { !$0.isDeprecated }.map(\.name)) == row.members)
    }

    @Test func `a circular check takes ids`() throws {
        try Schemas.circularCheck.validate(.array([.string(Entities.taskID.description)]))
    }

    @Test func `every schema of the source is tested`() throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let source = tests.appending(path: "../../../Shared/Contracts/HTTP").standardizedFileURL
        func text(_ folder: URL, where isMeant: (String) -> Bool) throws -> String {
            try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { $0.hasSuffix(".swift") && isMeant($0) }
                .map { try String(contentsOf: folder.appending(path: $0), encoding: .utf8) }
                .joined()
        }
        let declared = try text(source) { $0.hasPrefix("Schemas") }.matches(of: /package static let (\w+)/).map(\.1)
        let tested = Set(try text(tests) { _ in true }.matches(of: /Schemas\.(\w+)/).map(\.1))
        #expect(declared.filter { !tested.contains($0) } == [])
        #expect(declared.count > 30)
    }
}
