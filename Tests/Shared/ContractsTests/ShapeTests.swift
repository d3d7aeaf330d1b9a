import Kernel
import Testing

@testable import Contracts

/// What answers are declared to look like, held against entities with every member set.
struct ShapeTests {
    private func check(_ entity: some Encodable, _ shape: Schema) throws {
        let value = try ContractCoder.decode(JSONValue.self, from: ContractCoder.encode(entity))
        try shape.validate(value)
        guard case .named(_, .object(let properties)) = shape, case .object(let members) = value else {
            Issue.record("the shape of an entity is a named object")
            return
        }
        #expect(Set(properties.map(\.name)) == Set(members.keys), "the sample sets every member")
        let optional = try ContractCoder.encode(JSONValue.object([:]))
        #expect(throws: Fault.self) { try shape.validate(ContractCoder.decode(JSONValue.self, from: optional)) }
    }

    @Test func `a complete entity fits its shape, and the shape knows nothing else`() throws {
        try check(Entities.project, Shapes.project)
        try check(Entities.ticket, Shapes.ticket)
        try check(Entities.task, Shapes.task)
        try check(Entities.attempt, Shapes.attempt)
        try check(Entities.transition, Shapes.transition)
        try check(Entities.sandbox, Shapes.sandbox)
        try check(Entities.token, Shapes.token)
    }

    @Test func `a problem fits its shape`() throws {
        let fault = Fault.invalid("title", "must not be empty")
        try check(Problem(fault, instance: "/api/v1/tickets"), Shapes.problem)
    }

    @Test func `a schema becomes JSON Schema`() throws {
        let schema = Schema.object([
            .required("id", .identifier),
            .optional("text", .string(min: 1, max: 9)),
            .optional("free", .text),
            .optional("count", .integer(0...5)),
            .optional("kinds", .array(of: .oneOf(["a", "b"]), max: 3)),
            .optional("map", .map(of: .boolean, max: .max)),
            .optional("either", .anyOf([.timestamp, .named("Thing", .object([]))])),
            .deprecated("old", .any, "send text"),
        ])
        let properties: JSONValue = [
            "id": ["type": "string", "format": "uuid"],
            "text": ["type": "string", "minLength": 1, "maxLength": 9],
            "free": ["type": "string"],
            "count": ["type": "integer", "minimum": 0, "maximum": 5],
            "kinds": ["type": "array", "maxItems": 3, "items": ["type": "string", "enum": ["a", "b"]]],
            "map": ["type": "object", "additionalProperties": ["type": "boolean"]],
            "either": [
                "anyOf": [["type": "string", "format": "date-time"], ["$ref": "#/components/schemas/Thing"]]
            ],
            "old": ["deprecated": true, "description": "send text"],
        ]
        #expect(
            schema.jsonSchema(isClosed: true) == [
                "type": "object", "required": ["id"], "properties": properties, "additionalProperties": false,
            ]
        )
        #expect(schema.jsonSchema(isClosed: false)["additionalProperties"] == nil)
        #expect(schema.named.map(\.name) == ["Thing"])
    }

    @Test(arguments: [
        (#"{"a":1}"#, nil), (#"{"b":"x"}"#, nil), (#"{"a":"x"}"#, "a: must be an integer, not a string"),
        (#"{"c":1}"#, "c: is not a known field (and 1 more)"),
    ])
    func `one of several shapes must fit, and the mistakes of the nearest are told`(body: String, says: String?) throws
    {
        let schema = Schema.anyOf([
            .named("A", .object([.required("a", .integer(0...9))])), .object([.required("b", .text)]),
        ])
        let value = try ContractCoder.decode(JSONValue.self, from: Array(body.utf8))
        guard let says else { return try schema.validate(value) }
        let fault = #expect(throws: Fault.self) { try schema.validate(value) }
        #expect(fault?.message == says)
    }
}
