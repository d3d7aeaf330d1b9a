import Contracts
import Kernel

extension RevokeToken: WorkflowCommand {
    static var access: Access { .admin }

    /// Revoking twice is fine.
    func run(_ unit: UnitOfWork) throws -> AccessToken {
        guard var token = try TokenStore.find(id, in: unit.database) else { throw Fault.notFound("token", id) }
        if let project = unit.actor.projectID, token.projectID != project { throw Fault.notFound("token", id) }
        guard !token.revoked else { return token }
        token.revoked = true
        token.version += 1
        try TokenStore.update(token, in: unit.database)
        try unit.transaction.emit(.tokenRevoked, EventData(token))
        return token
    }
}
