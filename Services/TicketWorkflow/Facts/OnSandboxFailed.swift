import Contracts

/// The sandbox broke before its worker could report: the attempt ends by a fault that is not the task's.
enum OnSandboxFailed {
    @Sendable
    static func handle(_ sandbox: Sandbox, _ unit: UnitOfWork) throws {
        let reason = sandbox.reason ?? "sandbox failed"
        if let attempt = try AttemptStore.find(sandbox: sandbox.id, in: unit.database), attempt.status == .open {
            let domain = SandboxFault.domain(reason: sandbox.reason)
            // A worker may have survived its sandbox's bad name: only an agent's own fault forbids a late result.
            try unit.end(
                attempt,
                .init(status: domain.isCounted ? .failed : .lost, domain: domain, error: reason)
            )
        }
        try unit.noteStopped(sandbox.id)
    }
}
