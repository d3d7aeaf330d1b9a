import Contracts

/// The worker has shown a sign of life: the task runs. (A worker that is completing has run, whatever was heard
/// before.)
enum OnSandboxRunning {
    @Sendable
    static func handle(_ sandbox: Sandbox, _ unit: UnitOfWork) throws {
        guard let attempt = try AttemptStore.find(sandbox: sandbox.id, in: unit.database), attempt.status == .open
        else { return }
        try unit.start(task: attempt.taskID, attempt: attempt)
    }
}
