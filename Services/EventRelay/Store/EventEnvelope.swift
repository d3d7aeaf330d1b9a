import Contracts
import Kernel

/// The members of a CloudEvent the relay looks at. It does not know entities, so an event of a newer service with a
/// type or payload it has never seen is relayed like any other.
package struct EventEnvelope: Decodable, Sendable, Equatable {
    package var specversion: String
    package var id: Identifier
    package var type: String
    package var subject: String?
    package var time: Timestamp
    package var projectID: Identifier?
    package var ticketID: Identifier?
    package var taskID: Identifier?

    private enum CodingKeys: String, CodingKey {
        case specversion, id, type, subject, time
        case projectID = "projectid"
        case ticketID = "ticketid"
        case taskID = "taskid"
    }

    /// Reads the envelope of a message.
    ///
    /// - Throws: ``Fault`` `malformed-request` for anything that is not a CloudEvent 1.0 in structured JSON.
    package static func decode(_ body: [UInt8]) throws -> EventEnvelope {
        let envelope = try ContractCoder.decode(EventEnvelope.self, from: body)
        guard envelope.specversion == "1.0" else {
            throw Fault(.malformed, "specversion: must be 1.0, not '\(envelope.specversion)'")
        }
        guard !envelope.type.isEmpty else { throw Fault(.malformed, "type: must not be empty") }
        return envelope
    }
}
