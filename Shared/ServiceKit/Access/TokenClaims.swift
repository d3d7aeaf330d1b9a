import Contracts
import JWTKit
import Kernel

/// The content of a bearer token: a JSON Web Token signed with Ed25519 (`EdDSA`, RFC 8037).
package struct TokenClaims: JWTPayload, Equatable {
    /// `iss` of every token.
    package static let issuer = "omoi"

    package var issuer = TokenClaims.issuer
    package var subject: String
    package var scope: Scope
    package var projectID: Identifier?
    package var sandboxID: Identifier?
    package var taskID: Identifier?
    package var attempt: Int?
    package var fence: Int?
    /// The token's own id, by which it is revoked.
    package var id: Identifier
    /// Seconds since 1970.
    package var issuedAt: Int64
    /// Seconds since 1970; the token is valid before it.
    package var expiresAt: Int64

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case scope
        case issuer = "iss"
        case subject = "sub"
        case projectID = "prj"
        case sandboxID = "sbx"
        case taskID = "tsk"
        case attempt = "att"
        case fence = "fen"
        case id = "jti"
        case issuedAt = "iat"
        case expiresAt = "exp"
    }

    /// - Parameters:
    ///   - actor: who the holder is; a binding makes it a sandbox token.
    ///   - id: also the id of the ``AccessToken``.
    package init(actor: Actor, id: Identifier, issuedAt: Timestamp, expiresAt: Timestamp) {
        subject = actor.subject
        scope = actor.scope
        projectID = actor.projectID
        sandboxID = actor.binding?.sandboxID
        taskID = actor.binding?.taskID
        attempt = actor.binding?.attempt
        fence = actor.binding?.fence
        self.id = id
        self.issuedAt = issuedAt.milliseconds / 1000
        self.expiresAt = expiresAt.milliseconds / 1000
    }

    /// Who the holder is; nil when the binding of a sandbox token is missing or incomplete.
    package var actor: Actor? {
        guard let sandboxID, let taskID, let attempt, let fence else {
            let isUnbound = sandboxID == nil && taskID == nil && attempt == nil && fence == nil
            return isUnbound && scope != .sandbox
                ? Actor(subject: subject, scope: scope, projectID: projectID) : nil
        }
        return Actor(
            subject: subject,
            scope: scope,
            projectID: projectID,
            binding: Actor.Binding(sandboxID: sandboxID, taskID: taskID, attempt: attempt, fence: fence)
        )
    }

    /// Nothing to add: issuer and expiry are checked by ``TokenVerifier`` on every call, against the caller's clock.
    package func verify(using algorithm: some JWTAlgorithm) async throws {}
}
