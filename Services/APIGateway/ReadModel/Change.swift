import Contracts
import Kernel

/// What one event or one entity of a snapshot changes in the read model: bytes and the columns read from them.
package struct Change: Sendable {
    /// Id of the event; nil for an entity of a snapshot.
    package let eventID: Identifier?
    let entity: Entity
    let version: Int
    let transition: TransitionRow?
    let attempt: AttemptRow?

    enum Entity: Sendable {
        case project(ProjectRow)
        case spec(SpecRow)
        case ticket(TicketRow)
        case task(TaskRow)
        case result(ResultRow)
        /// Only the owner is asked for reports.
        case report(version: Int)
        case sandbox(SandboxRow)
        case token(TokenRow)
    }

    /// Reads an event, ``Contracts/Event``, as it lies on the topic.
    ///
    /// - Throws: ``Fault`` `malformed-request` that names the first member that is missing or wrong.
    package init(event: RawJSON) throws(Fault) {
        let envelope = try Members(event, "event")
        try self.init(eventID: envelope.identifier("id"), data: envelope.required("data"))
    }

    /// Reads ``Contracts/EventData``, an entity with the rows that came with it.
    ///
    /// - Throws: ``Fault`` `malformed-request` that names the first member that is missing or wrong.
    package init(eventID: Identifier?, data: RawJSON) throws(Fault) {
        let members = try Members(data, "data")
        self.eventID = eventID
        if let task = members["task"] {
            entity = try .task(TaskRow(task))
        } else if let ticket = members["ticket"] {
            entity = try .ticket(TicketRow(ticket))
        } else if let sandbox = members["sandbox"] {
            entity = try .sandbox(SandboxRow(sandbox))
        } else if let result = members["result"] {
            entity = try .result(ResultRow(result))
        } else if let report = members["report"] {
            entity = try .report(version: Members(report, "report").integer("version"))
        } else if let spec = members["spec"] {
            entity = try .spec(SpecRow(spec))
        } else if let project = members["project"] {
            entity = try .project(ProjectRow(project))
        } else if let token = members["token"] {
            entity = try .token(TokenRow(token))
        } else {
            throw Fault(.malformed, "data: carries no known entity")
        }
        version = entity.version
        transition = try members["transition"].map { value throws(Fault) in try TransitionRow(value) }
        attempt = try members["attempt"].map { value throws(Fault) in try AttemptRow(value) }
    }
}

extension Change.Entity {
    var version: Int {
        switch self {
        case .project(let row): row.version
        case .spec(let row): row.version
        case .report(let version): version
        case .ticket(let row): row.version
        case .task(let row): row.version
        case .result(let row): row.version
        case .sandbox(let row): row.version
        case .token(let row): row.version
        }
    }
}

/// Typed access to the members of an object, with errors that name the member.
struct Members {
    private let object: RawJSON.RawObject
    private let name: String

    /// - Parameter name: what the object is, for messages.
    init(_ value: RawJSON, _ name: String) throws(Fault) {
        guard let object = value.object else { throw Fault(.malformed, "\(name): must be an object") }
        self.object = object
        self.name = name
    }

    /// All of them.
    var all: RawJSON.RawObject { object }

    /// The member unless it is absent or null.
    subscript(member: String) -> RawJSON? {
        guard let value = object[member], !value.isNull else { return nil }
        return value
    }

    func required(_ member: String) throws(Fault) -> RawJSON {
        guard let value = self[member] else { throw Fault(.malformed, "\(name).\(member): is missing") }
        return value
    }

    func string(_ member: String) throws(Fault) -> String {
        try checked(member, try required(member).string, "a string")
    }

    func integer(_ member: String) throws(Fault) -> Int {
        try checked(member, try required(member).integer, "an integer")
    }

    func boolean(_ member: String) throws(Fault) -> Bool {
        try checked(member, try required(member).boolean, "a boolean")
    }

    func identifier(_ member: String) throws(Fault) -> Identifier {
        try checked(member, try required(member).string.flatMap { Identifier($0) }, "a UUID")
    }

    func optionalIdentifier(_ member: String) throws(Fault) -> Identifier? {
        self[member] == nil ? nil : try identifier(member)
    }

    func timestamp(_ member: String) throws(Fault) -> Timestamp {
        try checked(member, try required(member).string.flatMap { Timestamp($0) }, "an RFC 3339 time")
    }

    func value<Value: RawRepresentable<String>>(_ member: String, of: Value.Type) throws(Fault) -> Value {
        try checked(member, try required(member).string.flatMap { Value(rawValue: $0) }, "a known \(Value.self)")
    }

    private func checked<Value>(_ member: String, _ value: Value?, _ expected: String) throws(Fault) -> Value {
        guard let value else { throw Fault(.malformed, "\(name).\(member): must be \(expected)") }
        return value
    }
}
