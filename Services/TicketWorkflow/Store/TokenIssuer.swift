import Contracts
import Kernel
import ServiceKit

/// Makes tokens, signed with the workflow's key.
struct TokenIssuer: Sendable {
    /// Lifetime of a person's token unless the request says otherwise.
    static let lifetime: Duration = .seconds(90 * 86_400)
    /// Lifetime of the admin token of the first start.
    static let adminLifetime: Duration = .seconds(3650 * 86_400)
    /// How much longer a sandbox token lives than the attempt may: a spool may be submitted late.
    static let sandboxGrace: Duration = .seconds(7 * 86_400)

    private let signer: TokenSigner

    init(_ signer: TokenSigner) {
        self.signer = signer
    }

    var verificationKey: VerificationKey { signer.verificationKey }

    /// The signed text of a token. Secret.
    func sign(_ token: AccessToken) throws -> String {
        let actor = Actor(subject: token.subject, scope: token.scope, projectID: token.projectID)
        return try signer.sign(
            TokenClaims(actor: actor, id: token.id, issuedAt: token.issuedAt, expiresAt: token.expiresAt)
        )
    }

    /// The signed text of the token for an attempt's sandbox. Secret. It is bound to the attempt and worth nothing
    /// after it, so it is not kept.
    ///
    /// - Parameter scope: `plan` for the task that writes a spec.
    func sign(_ attempt: Attempt, of task: WorkTask, scope: Scope = .sandbox) throws -> String {
        let actor = Actor(
            subject: "sandbox:\(attempt.sandboxID)",
            scope: scope,
            projectID: task.projectID,
            binding: Actor.Binding(
                sandboxID: attempt.sandboxID,
                taskID: task.id,
                attempt: attempt.number,
                fence: attempt.fence
            )
        )
        let expiry = (task.attemptDeadlineAt ?? attempt.startedAt) + Self.sandboxGrace
        return try signer.sign(
            TokenClaims(actor: actor, id: attempt.id, issuedAt: attempt.startedAt, expiresAt: expiry)
        )
    }
}
