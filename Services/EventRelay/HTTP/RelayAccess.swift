import Contracts
import HTTPTypes
import Hummingbird
import Kernel
import ServiceKit

/// Who may read: a bearer token in the header, or a short-lived one in the address for browser streams, which cannot
/// set headers.
struct RelayAccess: Sendable {
    typealias Verify = @Sendable (_ token: String, _ now: Timestamp) async throws -> VerifiedToken

    let verify: Verify
    let time: any TimeSource

    /// A caller whose token was good.
    struct Caller: Sendable {
        let actor: Actor
        /// Checks the token again: it may have expired or been revoked since.
        let check: @Sendable () async throws -> Void
    }

    /// - Throws: ``Fault`` `unauthenticated`.
    func caller(of request: Request) async throws -> Caller {
        let token: String
        var isInAddress = false
        if let header = request.headers[.authorization] {
            let parts = header.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else {
                throw Fault(.unauthenticated, "send a token as Authorization: Bearer <token>")
            }
            token = String(parts[1].drop { $0 == " " })
        } else if let parameter = request.uri.queryParameters["access_token"] {
            token = String(parameter)
            isInAddress = true
        } else {
            throw Fault(.unauthenticated, "send a token as Authorization: Bearer <token>")
        }
        let verified = try await verify(token, time.now())
        if isInAddress, verified.expiresAt - time.now() > Limits.addressTokenLifetime {
            throw Fault(
                .unauthenticated,
                "a token in ?access_token= must expire within \(Int(Limits.addressTokenLifetime.seconds)) s;"
                    + " send a longer-lived one as Authorization: Bearer <token>"
            )
        }
        return Caller(actor: verified.actor) { [verify, time] in _ = try await verify(token, time.now()) }
    }
}
