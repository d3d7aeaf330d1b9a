import Contracts
import Kernel

extension CleanUpTimedOut: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> CleanedUp {
        let overdue = try unit.overdueAttempts()
        let ended = overdue.prefix(Limits.cleanUpBatch)
        for (attempt, seconds) in ended { try unit.timeOut(attempt, after: seconds) }
        try unit.settle()
        return CleanedUp(cleanedCount: ended.count, totalTimedOut: overdue.count)
    }
}
