import Hummingbird
import Kernel

/// The query of a request, read with errors that name the parameter. Unknown parameters are ignored.
struct QueryParameters {
    private let parameters: Parameters

    init(_ request: Request) {
        parameters = request.uri.queryParameters
    }

    /// The text of a parameter; nil when it is absent or empty.
    subscript(name: String) -> String? {
        parameters[Substring(name)].flatMap { $0.isEmpty ? nil : String($0) }
    }

    func identifier(_ name: String) throws(Fault) -> Identifier? {
        guard let text = self[name] else { return nil }
        guard let id = Identifier(text) else { throw Fault.invalid(name, "must be a UUID") }
        return id
    }

    func value<Value: CaseIterable & RawRepresentable<String>>(
        _ name: String,
        of: Value.Type
    ) throws(Fault) -> Value? {
        guard let text = self[name] else { return nil }
        guard let value = Value(rawValue: text) else {
            throw Fault.invalid(name, "must be one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return value
    }

    func boolean(_ name: String) throws(Fault) -> Bool? {
        switch self[name] {
        case nil: nil
        case "true", "1": true
        case "false", "0": false
        default: throw Fault.invalid(name, "must be true or false")
        }
    }

    func integer(_ name: String, _ range: ClosedRange<Int>) throws(Fault) -> Int? {
        guard let text = self[name] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw Fault.invalid(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// `limit` and `cursor`, with `offset` where the earlier system had it.
    func page(acceptsOffset: Bool = false) throws(Fault) -> PageRequest {
        var request = PageRequest()
        request.limit = try limit()
        request.cursor = self["cursor"]
        if acceptsOffset, let offset = try integer("offset", 0...Limits.offsetMax) {
            guard request.cursor == nil else { throw Fault.invalid("offset", "cannot be combined with cursor") }
            request.offset = offset
        }
        return request
    }

    func limit() throws(Fault) -> Int {
        try integer("limit", 1...Limits.pageMax) ?? Limits.pageDefault
    }
}

extension Parameters {
    /// An id in the path.
    ///
    /// - Parameter kind: what it identifies, for the message; what is no id cannot exist.
    func identifier(_ name: String, kind: String) throws(Fault) -> Identifier {
        let text = get(name) ?? ""
        guard let id = Identifier(text) else { throw Fault.notFound(kind, text) }
        return id
    }
}
