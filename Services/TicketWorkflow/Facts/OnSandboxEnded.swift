import Contracts

/// The sandbox has completed or was terminated. An attempt that is still open then will never report.
enum OnSandboxEnded {
    @Sendable
    static func handle(_ sandbox: Sandbox, _ unit: UnitOfWork) throws {
        if let attempt = try AttemptStore.find(sandbox: sandbox.id, in: unit.database), attempt.status == .open {
            let reason = sandbox.reason.map { ": \($0)" } ?? ""
            try unit.end(
                attempt,
                .init(status: .lost, domain: .platform, error: "the sandbox ended without a result\(reason)")
            )
        }
        try unit.noteStopped(sandbox.id)
    }
}
