import Contracts
import Crypto
import Kernel
import Messaging

/// Publishes what sandboxes report.
struct ActivityReporter: Sendable {
    /// How far a sandbox's clock may be ahead before the gateway's is used instead.
    static let clockTolerance: Duration = .seconds(60)

    let publisher: Publisher
    let time: any TimeSource

    /// Returns once the broker has taken all of them.
    ///
    /// - Throws: ``Fault`` `unavailable` when it did not; the caller sends the same report again, and the ids stay the
    ///   same as far as its items carry times.
    func publish(
        _ items: [ActivityReport.Item],
        binding: Actor.Binding,
        projectID: Identifier?,
        traceparent: String?
    ) async throws {
        let away = Fault(.unavailable, "the message broker is away; send the report again", retryAfter: .seconds(1))
        guard !items.isEmpty else { return }
        guard publisher.isConnected else { throw away }
        let now = time.now()
        let messages = try items.map { item in
            try message(item, binding: binding, projectID: projectID, traceparent: traceparent, now: now)
        }
        let outcomes = await publisher.publish(messages)
        guard outcomes.allSatisfy({ $0 == .confirmed }) else { throw away }
    }

    private func message(
        _ item: ActivityReport.Item,
        binding: Actor.Binding,
        projectID: Identifier?,
        traceparent: String?,
        now: Timestamp
    ) throws -> OutgoingMessage {
        var time = item.time ?? now
        if time > now + Self.clockTolerance { time = now }
        let activity = Activity(
            id: Self.identifier(of: item, at: time, binding),
            type: item.eventType,
            sandboxID: binding.sandboxID,
            taskID: binding.taskID,
            attempt: binding.attempt,
            sequence: item.sequence,
            time: time,
            traceparent: traceparent,
            data: data(of: item)
        )
        var headers = [MessageHeader.subject: binding.sandboxID.description]
        headers[MessageHeader.project] = projectID?.description
        headers[MessageHeader.traceparent] = traceparent
        return OutgoingMessage(
            exchange: Topic.activityExchange,
            routingKey: item.eventType.rawValue,
            properties: MessageProperties(
                messageID: activity.id.description,
                type: item.eventType.rawValue,
                appID: Gateway.name,
                contentType: ContentType.cloudEvent,
                timestamp: time,
                headers: headers
            ),
            body: try ContractCoder.encode(activity),
            mandatory: true
        )
    }

    /// What was reported, with the source the earlier system kept beside it.
    private func data(of item: ActivityReport.Item) -> JSONValue {
        guard let source = item.source else { return item.eventData ?? .object([:]) }
        guard case .object(var members) = item.eventData ?? .object([:]) else { return item.eventData ?? .null }
        members["source"] = members["source"] ?? .string(source)
        return .object(members)
    }

    /// The same for a repeated report: made of sandbox, number and time. Without a number every report is a new one.
    private static func identifier(
        of item: ActivityReport.Item,
        at time: Timestamp,
        _ binding: Actor.Binding
    ) -> Identifier {
        guard item.sequence > 0, item.time != nil else { return .make(bucket: binding.taskID.bucket) }
        let digest = Array(SHA256.hash(data: Array("\(binding.sandboxID) \(item.sequence)".utf8)))
        let random = digest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        // The number's low bits keep reports of one millisecond in order.
        let high = UInt64(max(0, time.milliseconds)) << 16 | 0x7000 | UInt64(item.sequence & 0xfff)
        let low = 0x8000_0000_0000_0000 | random & 0x3fff_ffff_ffff_ff00 | UInt64(binding.taskID.bucket)
        return Identifier(high: high, low: low)
    }
}
