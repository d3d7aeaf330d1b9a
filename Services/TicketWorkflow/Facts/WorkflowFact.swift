import Contracts
import Kernel
import ServiceKit

/// What to do about a sandbox's fact. It may come twice, late or out of order.
typealias SandboxFact = @Sendable (Sandbox, UnitOfWork) throws -> Void

extension FactHandlers {
    mutating func add(_ types: [EventType], _ environment: WorkflowEnvironment, _ handle: @escaping SandboxFact) {
        for type in types {
            on(type) { event, transaction in
                guard let sandbox = event.data.sandbox else {
                    throw Fault(.malformed, "an event of type '\(event.type.rawValue)' must carry a sandbox")
                }
                let unit = UnitOfWork(transaction, environment)
                try handle(sandbox, unit)
                try unit.settle()
            }
        }
    }
}

extension UnitOfWork {
    /// A sandbox is gone: its task, which was ended from outside, need not wait for it any longer.
    func noteStopped(_ sandbox: Identifier) throws {
        guard let attempt = try AttemptStore.find(sandbox: sandbox, in: database) else { return }
        let task = try task(attempt.taskID)
        let wasEnded = task.status == .cancelled || task.status == .failed && attempt.status == .cancelled
        guard wasEnded, task.sandboxID == sandbox, !task.sandboxStopped else { return }
        try update(task: task.id, .taskUpdated) { $0.task.sandboxStopped = true }
    }
}
