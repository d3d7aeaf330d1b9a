import Contracts

/// The sandbox broke before its worker could report: the attempt ends.
enum OnSandboxFailed {
    @Sendable
    static func handle(_ sandbox: Sandbox, _ unit: UnitOfWork) throws {
        if let attempt = try AttemptStore.find(sandbox: sandbox.id, in: unit.database), attempt.status == .open {
            try unit.end(attempt, SandboxFault.ending(reason: sandbox.reason))
        }
        try unit.noteStopped(sandbox.id)
    }
}
