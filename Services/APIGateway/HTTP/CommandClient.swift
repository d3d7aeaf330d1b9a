import Contracts
import Crypto
import HTTPTypes
import Hummingbird
import Kernel
import Logging
import Messaging
import ServiceKit

/// Sends commands to their owners on behalf of HTTP callers.
struct CommandClient: Sendable {
    let requester: Requester
    let model: ReadModel
    let logger: Logger
    let meanings = MeaningHint()

    /// What of an HTTP request travels with its command.
    struct Origin: Sendable {
        var actor: Actor
        var idempotency: Messaging.RequestContext.Idempotency?
        var traceparent: String?

        /// The gateway speaks for itself.
        init(service: String, traceparent: String?) {
            actor = .service(service)
            self.traceparent = traceparent
        }

        /// - Parameter body: as received; its digest tells whether a repeated key repeats the request.
        /// - Throws: ``Fault`` `invalid-field` for an unusable `Idempotency-Key`.
        init(_ request: Request, _ context: OmoiRequestContext, body: [UInt8] = []) throws(Fault) {
            let actor = try context.requireActor()
            self.actor = actor
            traceparent = context.trace?.traceparent
            // What only asks is asked anew every time.
            guard request.method != .get, let key = request.headers[.idempotencyKey] else { return }
            guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
                throw Fault.invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters")
            }
            // Tokens of two projects may have the same subject.
            let project = actor.projectID.map { ":\($0)" } ?? ""
            idempotency = Messaging.RequestContext.Idempotency(
                scope: "\(actor.subject)\(project) \(request.method.rawValue) \(request.uri.path)",
                key: key,
                digest: Self.digest(of: body, query: request.uri.query)
            )
        }

        /// Of everything that makes a request what it is, beside its method and path.
        private static func digest(of body: [UInt8], query: String?) -> String {
            var hash = SHA256()
            if let query { hash.update(data: Array("?\(query)\n".utf8)) }
            hash.update(data: body)
            return hash.finalize().map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        }
    }

    /// Sends a command, shows what it changed in the read model, and returns the reply as it was written.
    ///
    /// - Throws: the owner's ``Fault``; `unavailable` with a time to retry when the owner or the broker is away.
    func send(
        _ command: some Command,
        to queue: String = Topic.workflow(),
        from origin: Origin,
        deadline: Duration = Limits.commandDeadline
    ) async throws -> RawJSON {
        let reply = try await requester.exchange(
            command,
            to: queue,
            context: Messaging.RequestContext(
                actor: origin.actor,
                deadline: deadline,
                traceparent: origin.traceparent,
                idempotency: origin.idempotency
            )
        )
        let members = try Members(RawJSON(reply.body), "reply")
        let answer = try members.required("reply")
        do {
            let events = members["changes"]?.elements ?? []
            try await model.apply(events.map { event throws(Fault) in try Change(event: event) })
        } catch {
            // The command has been carried out; the stream brings the change a little later.
            logger.error("a command's changes could not be shown at once", metadata: ["error": "\(error)"])
        }
        return answer
    }
}

extension HTTPField.Name {
    static let idempotencyKey = known("Idempotency-Key")
    static let nextPage = known("Link")
    static let rateLimit = known("RateLimit")
    static let rateLimitPolicy = known("RateLimit-Policy")

    static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no header name") }
        return name
    }
}
