import Kernel

/// How far a slow effect is that another command asked for. Known for ``Limits/effectRetention`` after its end.
package struct DescribeEffect: Command {
    package static let name = "effect.describe"
    package typealias Reply = EffectReport
    package var id: Identifier
    package init(id: Identifier) { self.id = id }
}

/// The state of a slow effect.
package struct EffectReport: Codable, Sendable, Equatable {
    package enum Status: String, Codable, Sendable, CaseIterable {
        case waiting, running, done, failed

        package var isFinal: Bool { self == .done || self == .failed }
    }

    package var id: Identifier
    package var kind: String
    /// The entity it is about.
    package var subject: Identifier
    package var status: Status
    /// Calls so far.
    package var tries: Int
    /// What the outside said; its shape depends on ``kind``.
    package var answer: JSONValue?
    /// The latest failure.
    package var fault: FaultReply?

    package init(
        id: Identifier,
        kind: String,
        subject: Identifier,
        status: Status,
        tries: Int,
        answer: JSONValue? = nil,
        fault: FaultReply? = nil
    ) {
        self.id = id
        self.kind = kind
        self.subject = subject
        self.status = status
        self.tries = tries
        self.answer = answer
        self.fault = fault
    }
}
