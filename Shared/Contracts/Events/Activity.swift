import Kernel

/// Something an agent or worker did, reported by a sandbox. CloudEvents 1.0; never changes an entity.
package struct Activity: Codable, Sendable, Equatable {
    package var specversion = "1.0"
    package var id: Identifier
    /// `/sandboxes/<id>`.
    package var source: String
    package var type: ActivityType
    /// Id of the sandbox.
    package var subject: Identifier
    package var time: Timestamp
    package var datacontenttype = "application/json"
    package var dataschema = "urn:omoi:activity:1"
    package var taskID: Identifier?
    package var attempt: Int?
    package var traceparent: String?
    /// The worker's own sequence number, from 1, without holes.
    package var sequence: Int
    package var data: JSONValue

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case specversion, id, source, type, subject, time, datacontenttype, dataschema, attempt, traceparent, sequence
        case data
        case taskID = "taskid"
    }

    package init(
        id: Identifier,
        type: ActivityType,
        sandboxID: Identifier,
        taskID: Identifier?,
        attempt: Int?,
        sequence: Int,
        time: Timestamp,
        traceparent: String? = nil,
        data: JSONValue
    ) {
        self.id = id
        self.source = "/sandboxes/\(sandboxID)"
        self.type = type
        self.subject = sandboxID
        self.time = time
        self.taskID = taskID
        self.attempt = attempt
        self.traceparent = traceparent
        self.sequence = sequence
        self.data = data
    }
}
