import GRDB
import Kernel
import Logging
import Synchronization

/// Collects units of work while the previous commit runs, executes them in one transaction with a savepoint each, and
/// tells the waiters after the one commit. Everything but `submit` happens on the writer's own queue.
final class GroupCommit: Sendable {
    /// Tells one waiter that its units are durable.
    typealias Completion = @Sendable () -> Void

    /// The units of one waiter: they share a commit.
    struct Job: Sendable {
        var unitCount: Int
        /// Throws only when the whole transaction is lost.
        var run: @Sendable (UnitRunner) throws -> Completion
        var fail: @Sendable (any Error) -> Void
    }

    private struct State {
        var jobs: [Job] = []
        /// A drain is scheduled or running on the writer's queue.
        var draining = false
        var closed = false
        var broken: Fault?
        var brokenActions: [@Sendable (Fault) -> Void] = []
    }

    let outboxSignal = OutboxSignal()
    private let pool: DatabasePool
    private let path: String
    private let metrics: StoreMetrics
    private let state = Mutex(State())
    /// Highest outbox row seen by a commit.
    private let outboxEnd = Mutex<Int64>(0)
    /// A watermark of the outbox that the next commit stores; nil when the stored one is the newest.
    private let watermark = Mutex<Int64?>(nil)

    init(pool: DatabasePool, path: String) {
        self.pool = pool
        self.path = path
        metrics = StoreMetrics(path: path)
    }

    /// Notes where the outbox ends, so that the first wait returns at once when something is left over.
    func prepare() throws {
        let end = try pool.writeWithoutTransaction { try Outbox.end(in: $0) }
        outboxEnd.withLock { $0 = end }
        outboxSignal.raise()
    }

    func submit(_ job: Job) {
        let refusal: Fault? = state.withLock { state in
            if let broken = state.broken { return broken }
            if state.closed { return Fault(.unavailable, "the database \(path) is closed") }
            if state.jobs.count >= Limits.groupCommitWaiting {
                return Fault(.unavailable, "too many writes are waiting", retryAfter: .seconds(1))
            }
            state.jobs.append(job)
            if !state.draining {
                state.draining = true
                // Only puts it on the queue; under the lock, so that it stands there before what `close` puts there.
                pool.asyncWriteWithoutTransaction { [self] in drain($0) }
            }
            return nil
        }
        if let refusal { job.fail(refusal) }
    }

    /// Has the next commit store the watermark, whoever causes that commit.
    func note(watermark position: Int64) { watermark.withLock { $0 = position } }

    /// Callers whose units are not yet part of a group.
    var waiting: Int { state.withLock { $0.jobs.count } }

    /// Refuses new units. Those submitted are on the writer's queue, ahead of whatever is put there next.
    func close() { state.withLock { $0.closed = true } }

    // MARK: - On the writer's queue

    private func drain(_ database: Database) {
        while let group = nextGroup() {
            commit(group, database)
        }
    }

    private func nextGroup() -> [Job]? {
        state.withLock { state in
            guard !state.jobs.isEmpty else {
                state.draining = false
                return nil
            }
            var count = 1
            var units = state.jobs[0].unitCount
            while count < state.jobs.count, units + state.jobs[count].unitCount <= Limits.groupCommitUnits {
                units += state.jobs[count].unitCount
                count += 1
            }
            let group = Array(state.jobs.prefix(count))
            state.jobs.removeFirst(count)
            return group
        }
    }

    private func commit(_ group: [Job], _ database: Database) {
        if let broken {
            for job in group { job.fail(broken) }
            return
        }
        let start = ContinuousClock.now
        var completions: [Completion] = []
        completions.reserveCapacity(group.count)
        let appended: Bool
        do {
            try database.cachedStatement(sql: "BEGIN IMMEDIATE").execute()
            let units = UnitRunner(database: database)
            for job in group {
                completions.append(try job.run(units))
            }
            let position = watermark.withLock { $0 }
            if let position { try Outbox.setPosition(position, in: database) }
            let end = try Outbox.end(in: database)
            try database.cachedStatement(sql: "COMMIT").execute()
            watermark.withLock { if $0 == position { $0 = nil } }
            appended = outboxEnd.withLock { last in
                defer { last = end }
                return end != last
            }
        } catch {
            let fault = undo(after: error, database)
            for job in group { job.fail(fault) }
            return
        }
        metrics.committed(units: group.reduce(0) { $0 + $1.unitCount }, in: start.duration(to: .now))
        if appended { outboxSignal.raise() }
        for completion in completions { completion() }
    }

    /// Leaves the connection without a transaction and says what all waiters are told.
    private func undo(after error: any Error, _ database: Database) -> Fault {
        if UnitRunner.isFatal(error) { markBroken(error) }
        do {
            try database.rollback()
        } catch {
            markBroken(error)
        }
        metrics.failed()
        return broken
            ?? Fault(.unavailable, "the database \(path) could not commit", retryAfter: .seconds(1), cause: error)
    }

    // MARK: - Broken

    var broken: Fault? { state.withLock { $0.broken } }

    func onBroken(_ action: @escaping @Sendable (Fault) -> Void) {
        let broken = state.withLock { state in
            if state.broken == nil { state.brokenActions.append(action) }
            return state.broken
        }
        if let broken { action(broken) }
    }

    /// Marks the store broken when what a reader got says that the disk can no longer be trusted.
    func noteRead(_ error: any Error) {
        if UnitRunner.isFatalForReading(error) { markBroken(error) }
    }

    private func markBroken(_ error: any Error) {
        let fault = Fault(
            .unavailable,
            "the database \(path) failed and takes no more writes until a restart: \(oneLine(error))",
            cause: error
        )
        let actions: [@Sendable (Fault) -> Void]? = state.withLock { state in
            guard state.broken == nil else { return nil }
            state.broken = fault
            defer { state.brokenActions = [] }
            return state.brokenActions
        }
        guard let actions else { return }
        Logger(label: "omoi.storage").critical("\(fault.message)")
        for action in actions { action(fault) }
    }
}

/// Executes units inside the group's transaction.
struct UnitRunner {
    let database: Database

    /// Runs one unit in a savepoint: a throwing unit is undone alone.
    ///
    /// - Throws: only when the whole transaction is lost, and with it every unit of the group.
    func run<T>(_ unit: (Database) throws -> T) throws -> Result<T, any Error> {
        try database.cachedStatement(sql: "SAVEPOINT unit").execute()
        let result = Result { try unit(database) }
        if case .failure(let error) = result, Self.isFatal(error) { throw error }
        guard database.isInsideTransaction else {
            throw DatabaseError(resultCode: .SQLITE_ABORT, message: "a unit ended the transaction of its group")
        }
        if case .failure = result {
            try database.cachedStatement(sql: "ROLLBACK TO unit").execute()
        }
        try database.cachedStatement(sql: "RELEASE unit").execute()
        return result
    }

    /// Errors after which what the connection believes and what is on disk may differ.
    static func isFatal(_ error: any Error) -> Bool {
        switch (error as? DatabaseError)?.resultCode {
        case .some(.SQLITE_FULL), .some(.SQLITE_READONLY), .some(.SQLITE_CANTOPEN): true
        default: isFatalForReading(error)
        }
    }

    static func isFatalForReading(_ error: any Error) -> Bool {
        switch (error as? DatabaseError)?.resultCode {
        case .some(.SQLITE_IOERR), .some(.SQLITE_CORRUPT), .some(.SQLITE_NOTADB): true
        default: false
        }
    }
}
