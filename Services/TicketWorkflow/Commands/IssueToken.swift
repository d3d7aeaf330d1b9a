import Contracts
import Kernel

extension IssueToken: WorkflowCommand {
    static var access: Access { .admin }

    func run(_ unit: UnitOfWork) throws -> TokenResponse {
        guard [.admin, .member, .viewer].contains(body.scope) else {
            throw Fault.invalid("scope", "must be admin, member or viewer; others are made by the system itself")
        }
        guard body.subject.contains(where: { !$0.isWhitespace }), !body.subject.contains(":") else {
            throw Fault.invalid("subject", "must be a name without ':'")
        }
        if let project = body.projectID { _ = try unit.project(project) }
        try unit.actor.projectID.map { project in
            guard body.projectID == project else {
                throw Fault(.forbidden, "the token is bound to a project and may only issue tokens for it")
            }
        }
        let lifetime = body.expiresIn.map { Duration.seconds($0) } ?? TokenIssuer.lifetime
        let token = AccessToken(
            id: .make(bucket: body.projectID?.bucket ?? 0),
            subject: body.subject,
            scope: body.scope,
            projectID: body.projectID,
            issuedAt: unit.now,
            expiresAt: unit.now + lifetime
        )
        try TokenStore.insert(token, in: unit.database)
        try unit.transaction.emit(.tokenIssued, EventData(token))
        return TokenResponse(token: try unit.environment.tokens.sign(token), details: token)
    }
}
