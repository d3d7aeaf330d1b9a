import Kernel

extension Schema {
    /// As JSON Schema 2020-12, the dialect of OpenAPI 3.1.
    ///
    /// - Parameter isClosed: whether unknown members are refused: of requests, never of answers, which may grow.
    package func jsonSchema(isClosed: Bool) -> JSONValue {
        switch self {
        case .object(let properties): Self.object(properties, isClosed)
        case .array(let element, let max):
            .members(
                ["type": "array", "items": element.jsonSchema(isClosed: isClosed)],
                ("maxItems", max == .max ? nil : .integer(Int64(max)))
            )
        case .string(let min, let max):
            .members(
                ["type": "string"],
                ("minLength", min == 0 ? nil : .integer(Int64(min))),
                ("maxLength", max == .max ? nil : .integer(Int64(max)))
            )
        case .identifier: ["type": "string", "format": "uuid"]
        case .timestamp: ["type": "string", "format": "date-time"]
        case .oneOf(let values): ["type": "string", "enum": .array(values.map(JSONValue.string))]
        case .integer(let range):
            .members(
                ["type": "integer"],
                ("minimum", range.lowerBound == .min ? nil : .integer(range.lowerBound)),
                ("maximum", range.upperBound == .max ? nil : .integer(range.upperBound))
            )
        case .number(let range):
            ["type": "number", "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)]
        case .boolean: ["type": "boolean"]
        case .map(let element, let max):
            .members(
                ["type": "object", "additionalProperties": element.jsonSchema(isClosed: isClosed)],
                ("maxProperties", max == .max ? nil : .integer(Int64(max)))
            )
        case .any: true
        case .anyOf(let schemas): ["anyOf": .array(schemas.map { $0.jsonSchema(isClosed: isClosed) })]
        case .named(let name, _): ["$ref": .string("#/components/schemas/\(name)")]
        }
    }

    /// Every named shape inside this one, itself included.
    package var named: [(name: String, schema: Schema)] {
        switch self {
        case .named(let name, let schema): [(name, schema)] + schema.named
        case .object(let properties): properties.flatMap { $0.schema.named }
        case .array(let element, _), .map(let element, _): element.named
        case .anyOf(let schemas): schemas.flatMap(\.named)
        case .string, .identifier, .timestamp, .oneOf, .integer, .number, .boolean, .any: []
        }
    }

    private static func object(_ properties: [Property], _ isClosed: Bool) -> JSONValue {
        let members = properties.map { property in
            var schema = property.schema.jsonSchema(isClosed: isClosed)
            // `true` stands for any value and has no room for words.
            if property.isDeprecated || property.description != nil, schema == true { schema = [:] }
            if property.isDeprecated { schema = .members(schema, ("deprecated", true)) }
            schema = .members(schema, ("description", property.description.map(JSONValue.string)))
            return (property.name, schema)
        }
        let required = properties.filter(\.required).map { JSONValue.string($0.name) }
        return .members(
            ["type": "object", "properties": .object(Dictionary(members) { _, last in last })],
            ("required", required.isEmpty ? nil : .array(required)),
            ("additionalProperties", isClosed ? false : nil)
        )
    }
}

extension JSONValue {
    /// An object with further members; those that are nil are left out.
    package static func members(_ value: JSONValue, _ further: (String, JSONValue?)...) -> JSONValue {
        guard case .object(var members) = value else { return value }
        for (name, value) in further {
            if let value { members[name] = value }
        }
        return .object(members)
    }
}
