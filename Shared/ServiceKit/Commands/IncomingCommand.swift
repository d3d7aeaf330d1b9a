import Contracts
import Kernel
import Messaging

/// A delivery on a command queue as far as it could be read.
struct IncomingCommand: Sendable {
    /// What is to be done with it.
    enum Plan: Sendable {
        /// Past its deadline: nobody waits for the answer.
        case drop
        case run(CommandHandlers.Prepared)
        /// Cannot be read or is unknown: kept as a dead letter and answered with the fault.
        case bury(Fault)
    }

    let delivery: Delivery
    let actor: Actor
    let traceparent: String?
    let idempotency: Idempotency?
    let plan: Plan

    var name: String { delivery.properties.type ?? "" }

    init(_ delivery: Delivery, handlers: [String: CommandHandlers.Prepare], now: Timestamp) {
        let headers = delivery.properties.headers
        self.delivery = delivery
        traceparent = headers[MessageHeader.traceparent]
        idempotency = Self.idempotency(headers)
        let actor = Self.actor(headers)
        self.actor = actor ?? Actor(subject: "unknown", scope: .viewer)
        if let deadline = headers[MessageHeader.deadline].flatMap(Timestamp.init), deadline <= now {
            plan = .drop
        } else if let actor {
            plan = Self.plan(delivery, actor, handlers)
        } else {
            plan = .bury(Fault(.malformed, "the header \(MessageHeader.actor) is missing or cannot be read"))
        }
    }

    private static func plan(
        _ delivery: Delivery,
        _ actor: Actor,
        _ handlers: [String: CommandHandlers.Prepare]
    ) -> Plan {
        let name = delivery.properties.type ?? ""
        guard let prepare = handlers[name] else { return .bury(.notFound("command", name)) }
        do {
            return .run(try prepare(delivery.body, actor))
        } catch let fault as Fault {
            return .bury(fault)
        } catch {
            return .bury(Fault(.malformed, "the command cannot be read", cause: error))
        }
    }

    private static func actor(_ headers: [String: String]) -> Actor? {
        guard let text = headers[MessageHeader.actor] else { return nil }
        return try? ContractCoder.decode(Actor.self, from: Array(text.utf8))
    }

    private static func idempotency(_ headers: [String: String]) -> Idempotency? {
        guard let scope = headers[MessageHeader.idempotencyScope], let key = headers[MessageHeader.idempotencyKey]
        else { return nil }
        return Idempotency(scope: scope, key: key, digest: headers[MessageHeader.idempotencyDigest] ?? "")
    }
}

/// What becomes of a command: the reply and what is to be done after the commit.
struct CommandOutcome: Sendable {
    var type: String
    var body: [UInt8]
    /// `ok` or the fault's code, for metrics.
    var label: String
    var actions: [@Sendable () -> Void] = []

    /// `{"changes":[…],"reply":…}`, put together from what is encoded already.
    static func ok(reply: [UInt8], events: [[UInt8]]) -> CommandOutcome {
        var body = [UInt8]()
        body.reserveCapacity(reply.count + events.reduce(32) { $0 + $1.count + 1 })
        body.append(contentsOf: #"{"changes":["#.utf8)
        for (index, event) in events.enumerated() {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            body.append(contentsOf: event)
        }
        body.append(contentsOf: #"],"reply":"#.utf8)
        body.append(contentsOf: reply)
        body.append(UInt8(ascii: "}"))
        return CommandOutcome(type: ReplyType.ok, body: body, label: "ok")
    }

    static func fault(_ fault: Fault) -> CommandOutcome {
        // A FaultReply is strings and numbers; should its encoding ever fail, the caller still learns the code.
        let body = (try? ContractCoder.encode(FaultReply(fault))) ?? Array(#"{"code":"internal-error"}"#.utf8)
        return CommandOutcome(type: ReplyType.fault, body: body, label: fault.code.rawValue)
    }
}
