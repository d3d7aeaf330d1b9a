import Contracts
import Kernel
import Testing

@Suite struct `Schema validation` {
    private static let schema = Schema.object([
        .required("title", .string(min: 1, max: 5)),
        .optional("nickname", .string(min: 2, max: 3)),
        .optional("count", .integer(1...9)),
        .optional("ratio", .number(0...1)),
        .optional("id", .identifier),
        .optional("at", .timestamp),
        .optional("kind", .oneOf(["a", "b"])),
        .optional("on", .boolean),
        .optional("tags", .array(of: .string(max: 3), max: 2)),
        .optional(
            "nested",
            .object([.required("items", .array(of: .object([.required("n", .integer(0...1))]), max: 9))])
        ),
        .optional("map", .map(of: .integer(0...9), max: 2)),
        .optional("any", .any),
    ])

    private static func errors(_ json: String) throws -> [String] {
        let value = try ContractCoder.decode(JSONValue.self, from: Array(json.utf8))
        do throws(Fault) {
            try schema.validate(value)
            return []
        } catch {
            #expect(error.code == .invalid)
            #expect(!error.errors.isEmpty)
            return error.errors.map { "\($0.field): \($0.message)" }
        }
    }

    @Test func `a character of many code points counts as many`() throws {
        let accented = "a" + String(repeating: "\u{301}", count: 5)
        #expect(accented.count == 1)
        #expect(throws: Fault.self) { try Self.schema.validate(.object(["title": .string(accented)])) }
    }

    @Test(arguments: [
        #"{"title":"x"}"#, #"{"title":"12345","count":9,"ratio":1,"on":false,"kind":"b"}"#,
        #"{"title":"x","nickname":null,"tags":[],"map":{},"any":{"a":[null]}}"#,
        #"{"title":"äöüß€","id":"0193ab12-cdef-7000-8abc-def012345678","at":"2026-01-31T12:00:00+01:00"}"#,
        #"{"title":"x","nested":{"items":[{"n":0},{"n":1}]},"map":{"a":1,"b":2},"ratio":0.25}"#,
    ])
    func `what fits is accepted`(json: String) throws {
        #expect(try Self.errors(json) == [])
    }

    @Test(arguments: [
        ("{}", "title: is required"),
        (#"{"title":null}"#, "title: is required"),
        (#"{"title":""}"#, "title: must not be empty"),
        (#"{"title":"123456"}"#, "title: has 6 characters, at most 5 fit"),
        (#"{"title":"x\u0000"}"#, "title: must not contain the NUL character"),
        (#"{"title":7}"#, "title: must be a string, not an integer"),
        (#"{"title":"x","nickname":"y"}"#, "nickname: must have at least 2 characters"),
        (#"{"title":"x","titel":"y"}"#, "titel: is not a known field"),
        (#"{"title":"x","count":0}"#, "count: must be between 1 and 9"),
        (#"{"title":"x","count":10}"#, "count: must be between 1 and 9"),
        (#"{"title":"x","count":1.5}"#, "count: must be an integer, not a number"),
        (#"{"title":"x","count":"1"}"#, "count: must be an integer, not a string"),
        (#"{"title":"x","ratio":2}"#, "ratio: must be between 0.0 and 1.0"),
        (#"{"title":"x","ratio":1.01}"#, "ratio: must be between 0.0 and 1.0"),
        (#"{"title":"x","id":"7"}"#, "id: must be a UUID"),
        (#"{"title":"x","at":"2026-02-30T00:00:00Z"}"#, "at: must be an RFC 3339 time such as 2026-01-31T12:00:00Z"),
        (#"{"title":"x","kind":"c"}"#, "kind: must be one of a, b"),
        (#"{"title":"x","on":"true"}"#, "on: must be a boolean, not a string"),
        (#"{"title":"x","on":1}"#, "on: must be a boolean, not an integer"),
        (#"{"title":"x","tags":["a","b","c"]}"#, "tags: has 3 elements, at most 2 fit"),
        (#"{"title":"x","tags":["a","1234"]}"#, "tags[1]: has 4 characters, at most 3 fit"),
        (#"{"title":"x","tags":[null]}"#, "tags[0]: must be a string, not null"),
        (#"{"title":"x","tags":{}}"#, "tags: must be an array, not an object"),
        (#"{"title":"x","nested":{"items":[{"n":0},{"n":2}]}}"#, "nested.items[1].n: must be between 0 and 1"),
        (#"{"title":"x","nested":{"items":[{"n":0,"m":1}]}}"#, "nested.items[0].m: is not a known field"),
        (#"{"title":"x","nested":{}}"#, "nested.items: is required"),
        (#"{"title":"x","map":{"a":1,"b":2,"c":3}}"#, "map: has 3 members, at most 2 fit"),
        (#"{"title":"x","map":{"a":"z"}}"#, "map.a: must be an integer, not a string"),
        ("[]", "body: must be an object, not an array"),
        ("null", "body: must be an object, not null"),
    ])
    func `what does not fit is refused with its place`(json: String, error: String) throws {
        #expect(try Self.errors(json) == [error])
    }

    @Test func `all mistakes are listed at once`() throws {
        let errors = try Self.errors(#"{"zzz":1,"aaa":2,"count":0,"on":7}"#)
        #expect(
            errors == [
                "aaa: is not a known field", "zzz: is not a known field", "title: is required",
                "count: must be between 1 and 9", "on: must be a boolean, not an integer",
            ]
        )
    }

    @Test func `the list of mistakes is bounded, whatever is sent`() throws {
        let members = (0..<5000).map { #""unknown\#($0)":1"# }.joined(separator: ",")
        let errors = try Self.errors("{\(members)}")
        #expect(errors.count <= Limits.fieldErrors)
    }
}

/// A body, its schema, and the names its Swift type uses.
struct BodySchema: Sendable, CustomTestStringConvertible {
    let name: String
    let schema: Schema
    let members: Set<String>
    /// A body with every member set.
    let sample: @Sendable () throws -> JSONValue

    init<Body: Encodable & Sendable, Keys: CodingKey & CaseIterable>(
        _ name: String,
        _ schema: Schema,
        _ keys: Keys.Type,
        leavingOut: Set<String> = [],
        _ body: Body
    ) {
        self.name = name
        self.schema = schema
        members = Set(keys.allCases.map(\.stringValue)).subtracting(leavingOut)
        sample = { try ContractCoder.decode(JSONValue.self, from: ContractCoder.encode(body)) }
    }

    var testDescription: String { name }
}

@Suite struct `Schemas and body types` {
    static let bodies: [BodySchema] = [
        BodySchema("project-create", Schemas.projectCreate, ProjectCreate.CodingKeys.self, Samples.projectCreate),
        BodySchema("project-patch", Schemas.projectPatch, ProjectPatch.CodingKeys.self, Samples.projectPatch),
        BodySchema("project-settings", Schemas.projectSettings, ProjectSettings.CodingKeys.self, Entities.settings),
        BodySchema(
            "ticket-create",
            Schemas.ticketCreate,
            TicketCreate.CodingKeys.self,
            leavingOut: ["ref"],
            single
        ),
        BodySchema("ticket-batch", Schemas.ticketBatch, TicketBatch.CodingKeys.self, batch),
        BodySchema(
            "ticket-transition",
            Schemas.ticketTransition,
            TicketTransition.CodingKeys.self,
            Samples.ticketTransition
        ),
        BodySchema("ticket-patch", Schemas.ticketPatch, TicketPatch.CodingKeys.self, Samples.ticketPatch),
        BodySchema("ticket-approval", Schemas.ticketApproval, TicketApproval.CodingKeys.self, Samples.ticketApproval),
        BodySchema(
            "ticket-rejection",
            Schemas.ticketRejection,
            TicketRejection.CodingKeys.self,
            Samples.ticketRejection
        ),
        BodySchema("ticket-context", Schemas.ticketContext, TicketContextUpdate.CodingKeys.self, Samples.contextUpdate),
        BodySchema("artifact-create", Schemas.artifactCreate, ArtifactCreate.CodingKeys.self, Samples.artifactCreate),
        BodySchema(
            "phase-transition",
            Schemas.phaseTransition,
            PhaseTransition.CodingKeys.self,
            Samples.phaseTransition
        ),
        BodySchema("gate", Schemas.gate, GateSettings.CodingKeys.self, Entities.gate),
        BodySchema("task-create", Schemas.taskCreate, TaskCreate.CodingKeys.self, Samples.taskCreate),
        BodySchema(
            "dependencies",
            Schemas.dependencies,
            DependenciesBody.CodingKeys.self,
            DependenciesBody(dependsOn: [Entities.id(31)])
        ),
        BodySchema("cancel", Schemas.cancel, CancelBody.CodingKeys.self, CancelBody(reason: "x")),
        BodySchema("token-create", Schemas.tokenCreate, TokenCreate.CodingKeys.self, Samples.tokenCreate),
        BodySchema(
            "result-submission",
            Schemas.resultSubmission,
            ResultSubmission.CodingKeys.self,
            Samples.resultSubmission
        ),
        BodySchema(
            "activity",
            Schemas.activity,
            ActivityReport.Item.CodingKeys.self,
            Samples.activityReport.events[0]
        ),
    ]

    /// A ticket on its own has no `ref`; one of a batch has no `project_id`.
    private static let single: TicketCreate = {
        var ticket = Samples.ticketCreate
        ticket.ref = nil
        return ticket
    }()

    private static let batch: TicketBatch = {
        var batch = Samples.ticketBatch
        batch.tickets[0].projectID = nil
        batch.tickets[0].checkDuplicates = nil
        batch.tickets[0].similarityThreshold = nil
        batch.tickets[0].forceCreate = nil
        return batch
    }()

    @Test(arguments: bodies + BodySchema.duplicatesAndGitHub)
    func `name the same members`(body: BodySchema) throws {
        guard case .object(let properties) = body.schema else {
            Issue.record("the schema of a body is an object")
            return
        }
        // What only the earlier system knew has no place in our types.
        let own = properties.filter { !$0.isDeprecated }
        #expect(Set(own.map(\.name)) == body.members)
        #expect(Set(properties.map(\.name)).count == properties.count, "a name is declared twice")
    }

    @Test(arguments: bodies + BodySchema.duplicatesAndGitHub)
    func `a complete body passes its schema`(body: BodySchema) throws {
        let value = try body.sample()
        guard case .object(let members) = value else {
            Issue.record("a body is an object")
            return
        }
        #expect(Set(members.keys) == body.members, "the sample sets every member")
        try body.schema.validate(value)
    }

    @Test func `a report of activity passes its schema`() throws {
        let value = try ContractCoder.decode(
            JSONValue.self,
            from: ContractCoder.encode(Samples.activityReport)
        )
        try Schemas.activityReport.validate(value)
    }
}
