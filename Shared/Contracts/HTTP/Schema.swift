import Kernel

/// The declared shape of a body, of a request or an answer. Validation names every refused field at once, unknown
/// ones included.
package indirect enum Schema: Sendable {
    case object([Property])
    case array(of: Schema, max: Int)
    case string(min: Int = 0, max: Int)
    case identifier
    case timestamp
    case oneOf([String])
    case integer(ClosedRange<Int64>)
    case number(ClosedRange<Double>)
    case boolean
    /// An object with free member names.
    case map(of: Schema, max: Int)
    /// Any JSON; the size limit of the body applies.
    case any
    /// One of several shapes.
    case anyOf([Schema])
    /// A shape that is described once, under this name.
    case named(String, Schema)

    /// Text of any length, for answers.
    package static let text = Schema.string(max: .max)
    /// Any number of elements, for answers.
    package static func list(of element: Schema) -> Schema { .array(of: element, max: .max) }
    /// A number of things, for answers.
    package static let count = Schema.integer(0...Int64.max)

    package struct Property: Sendable {
        package var name: String
        package var schema: Schema
        package var required: Bool
        /// Known from the earlier system and accepted, but better not sent any more.
        package var isDeprecated = false
        /// What it means, where the name does not say it.
        package var description: String?

        package static func required(_ name: String, _ schema: Schema) -> Property {
            Property(name: name, schema: schema, required: true)
        }

        package static func optional(_ name: String, _ schema: Schema) -> Property {
            Property(name: name, schema: schema, required: false)
        }

        /// A field of the earlier system that is accepted.
        ///
        /// - Parameter description: what is done with it, or what to send instead.
        package static func deprecated(_ name: String, _ schema: Schema, _ description: String) -> Property {
            Property(name: name, schema: schema, required: false, isDeprecated: true, description: description)
        }
    }

    /// The raw values of an enumeration.
    package static func cases<Value: CaseIterable & RawRepresentable>(of: Value.Type) -> Schema
    where Value.RawValue == String {
        .oneOf(Value.allCases.map(\.rawValue))
    }

    /// Checks a body.
    ///
    /// - Throws: ``Fault`` `invalid-field` that lists the mistakes, at most ``Limits/fieldErrors``.
    package func validate(_ value: JSONValue) throws(Fault) {
        var errors: [Fault.FieldError] = []
        check(value, at: "", &errors)
        guard let first = errors.first else { return }
        let more = errors.count > 1 ? " (and \(errors.count - 1) more)" : ""
        throw Fault(
            .invalid,
            "\(first.field): \(first.message)\(more)",
            errors: Array(errors.prefix(Limits.fieldErrors))
        )
    }

    private func check(_ value: JSONValue, at path: String, _ errors: inout [Fault.FieldError]) {
        switch self {
        case .named(_, let schema): schema.check(value, at: path, &errors)
        case .anyOf(let schemas): Self.check(value, at: path, asOneOf: schemas, &errors)
        default: checkDirectly(value, at: path, &errors)
        }
    }

    /// The mistakes of the shape that fits best are told.
    private static func check(
        _ value: JSONValue,
        at path: String,
        asOneOf schemas: [Schema],
        _ errors: inout [Fault.FieldError]
    ) {
        let attempts = schemas.map { schema in
            var mistakes: [Fault.FieldError] = []
            schema.check(value, at: path, &mistakes)
            return mistakes
        }
        errors += attempts.min { $0.count < $1.count } ?? []
    }

    private func checkDirectly(_ value: JSONValue, at path: String, _ errors: inout [Fault.FieldError]) {
        func refuse(_ message: String) {
            errors.append(Fault.FieldError(field: path.isEmpty ? "body" : path, message: message))
        }
        switch (self, value) {
        case (.object(let properties), .object(let members)):
            checkMembers(properties, members, at: path, &errors)
        case (.array(let element, let max), .array(let elements)):
            guard elements.count <= max else { return refuse("has \(elements.count) elements, at most \(max) fit") }
            for (index, item) in elements.enumerated() {
                element.check(item, at: "\(path)[\(index)]", &errors)
            }
        case (.map(let element, let max), .object(let members)):
            guard members.count <= max else { return refuse("has \(members.count) members, at most \(max) fit") }
            for (name, item) in members.sorted(by: { $0.key < $1.key }) {
                element.check(item, at: path.isEmpty ? name : "\(path).\(name)", &errors)
            }
        case (.string(let min, let max), .string(let text)):
            // As JSON Schema counts: a character put together from many code points must not pass as one.
            let length = text.unicodeScalars.count
            if length < min { refuse(min == 1 ? "must not be empty" : "must have at least \(min) characters") }
            if length > max { refuse("has \(length) characters, at most \(max) fit") }
            if text.utf8.contains(0) { refuse("must not contain the NUL character") }
        case (.identifier, .string(let text)):
            if Identifier(text) == nil { refuse("must be a UUID") }
        case (.timestamp, .string(let text)):
            if Timestamp(text) == nil { refuse("must be an RFC 3339 time such as 2026-01-31T12:00:00Z") }
        case (.oneOf(let values), .string(let text)):
            if !values.contains(text) { refuse("must be one of \(values.joined(separator: ", "))") }
        case (.integer(let range), .integer(let number)):
            if !range.contains(number) { refuse("must be between \(range.lowerBound) and \(range.upperBound)") }
        case (.number(let range), .integer(let number)):
            if !range.contains(Double(number)) { refuse("must be between \(range.lowerBound) and \(range.upperBound)") }
        case (.number(let range), .number(let number)):
            if !range.contains(number) { refuse("must be between \(range.lowerBound) and \(range.upperBound)") }
        case (.boolean, .bool), (.any, _):
            break
        default:
            refuse("must be \(expectation), not \(value.kind)")
        }
    }

    private func checkMembers(
        _ properties: [Property],
        _ members: [String: JSONValue],
        at path: String,
        _ errors: inout [Fault.FieldError]
    ) {
        func place(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
        let known = Set(properties.map(\.name))
        for name in members.keys.sorted() where !known.contains(name) {
            errors.append(Fault.FieldError(field: place(name), message: "is not a known field"))
        }
        for property in properties {
            switch members[property.name] {
            case nil, .null:
                if property.required {
                    errors.append(Fault.FieldError(field: place(property.name), message: "is required"))
                }
            case .some(let member):
                property.schema.check(member, at: place(property.name), &errors)
            }
        }
    }

    private var expectation: String {
        switch self {
        case .object, .map: "an object"
        case .array: "an array"
        case .string, .identifier, .timestamp, .oneOf: "a string"
        case .integer: "an integer"
        case .number: "a number"
        case .boolean: "a boolean"
        case .any, .anyOf: "any value"
        case .named(_, let schema): schema.expectation
        }
    }
}
