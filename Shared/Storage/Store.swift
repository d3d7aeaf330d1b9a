import Dispatch
import GRDB
import Kernel
import Logging

/// One service's SQLite file: one writer with group commit, a pool of readers, an OS lock against a second process.
///
/// Only the writer's connection writes and checkpoints. No call blocks a thread of Swift's cooperative pool.
package final class Store: Sendable {
    package let path: String
    let pool: DatabasePool
    private let pointReaders: PointReaders
    private let commits: GroupCommit
    private let lock: StoreLock

    /// Takes the lock, opens or creates the database and brings its schema up to date. Blocks the calling thread:
    /// meant for the start of a process.
    ///
    /// - Throws: ``Fault`` `unavailable` in one line that names the file and what to do.
    package init(_ configuration: StoreConfiguration, migrations: [Migration]) throws {
        let path = configuration.path
        self.path = path
        lock = try StoreLock(for: path)
        do {
            pool = try DatabasePool(path: path, configuration: Self.connections(configuration))
            try pool.writeWithoutTransaction { database in
                let synchronous = configuration.durability == .full ? "FULL" : "NORMAL"
                try database.execute(sql: "PRAGMA synchronous = \(synchronous)")
                try Schema(path: path, migrations: Self.tables + migrations).bringUpToDate(database)
                if let pages = configuration.maximumPages {
                    try database.execute(sql: "PRAGMA max_page_count = \(pages)")
                }
            }
            pointReaders = try PointReaders(
                path: path,
                count: configuration.pointReaders,
                configuration: Self.connections(configuration)
            )
        } catch let fault as Fault {
            throw fault
        } catch {
            throw Fault(.unavailable, "cannot open the database \(path): \(oneLine(error))", cause: error)
        }
        commits = GroupCommit(pool: pool, path: path)
        try commits.prepare()
    }

    /// Runs `unit` in a savepoint of the next group commit; returns once that commit is durable.
    ///
    /// - Parameter unit: synchronous; it may run on any thread and must not keep the `Database`.
    /// - Throws: what `unit` threw (only its own changes are undone); ``Fault`` `unavailable` when the commit failed or
    ///   the store is broken or closed. After a failed commit nothing of the unit is stored.
    package func write<T: Sendable>(_ unit: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            commits.submit(
                GroupCommit.Job(
                    unitCount: 1,
                    run: { units in
                        let result = try units.run(unit)
                        return { continuation.resume(with: result) }
                    },
                    fail: { continuation.resume(throwing: $0) }
                )
            )
        }
    }

    /// Runs `units` in order, each in a savepoint of its own, all in the same commit; returns once it is durable.
    ///
    /// - Returns: one result per unit, in order.
    /// - Throws: ``Fault`` `unavailable` when the commit itself failed or the store is broken or closed.
    package func write<T: Sendable>(
        batch units: [@Sendable (Database) throws -> T]
    ) async throws -> [Result<T, any Error>] {
        guard !units.isEmpty else { return [] }
        return try await withCheckedThrowingContinuation { continuation in
            commits.submit(
                GroupCommit.Job(
                    unitCount: units.count,
                    run: { runner in
                        let results = try units.map { try runner.run($0) }
                        return { continuation.resume(returning: results) }
                    },
                    fail: { continuation.resume(throwing: $0) }
                )
            )
        }
    }

    /// Reads a consistent state that contains every commit a caller has been told about. Keep it short: a long reader
    /// keeps the write-ahead log growing.
    ///
    /// - Throws: what `body` threw.
    package func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            pool.asyncRead { [commits] access in
                let result = Result { try body(access.get()) }
                if case .failure(let error) = result { commits.noteRead(error) }
                continuation.resume(with: result)
            }
        }
    }

    /// Reads a row or a few by key, on the calling thread unless that would mean waiting. Each statement sees the
    /// latest commit; several need not see the same one.
    ///
    /// - Throws: what `body` threw.
    package func point<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        if let found = try pointReaders.read(body) { return found }
        return try await read(body)
    }

    /// Calls of `write` that wait for the next group commit; at most ``Limits/groupCommitWaiting``.
    package var waitingWrites: Int { commits.waiting }

    /// True after an error of the disk (full, unreadable, corrupt): every later write fails at once. Only a new start
    /// of the process, which reads the truth again, may go on.
    package var isBroken: Bool { commits.broken != nil }

    /// Calls `action` once when the store breaks, at once if it already is: the service ends itself with an error.
    package func onBroken(_ action: @escaping @Sendable (Fault) -> Void) {
        commits.onBroken(action)
    }

    /// Returns when a unit that appended to the outbox has been committed since the last call, or after `timeout`, or
    /// when the calling task is cancelled. Meant for one waiter, the relay.
    package func waitForOutbox(timeout: Duration) async {
        await commits.outboxSignal.wait(timeout: timeout)
    }

    /// Notes how far the outbox is confirmed: the next commit stores it, so a busy store pays nothing for it. After a
    /// crash before that commit the messages behind the stored watermark are published again.
    package func note(outboxPosition sequence: Int64) {
        commits.note(watermark: sequence)
    }

    /// Refuses new writes, commits what was submitted, closes all connections and gives the lock back. Idempotent.
    package func close() async {
        commits.close()
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { [self] in
                do {
                    try pointReaders.close()
                    try pool.close()
                } catch {
                    Logger(label: "omoi.storage").error("closing \(path) failed: \(oneLine(error))")
                }
                lock.release()
                continuation.resume()
            }
        }
    }

    private static func connections(_ configuration: StoreConfiguration) -> Configuration {
        var connections = Configuration()
        connections.label = "omoi.store"
        connections.busyMode = .timeout(5)
        connections.maximumReaderCount = max(1, configuration.readers)
        connections.foreignKeysEnabled = true
        connections.prepareDatabase { database in
            try database.execute(
                sql: """
                    PRAGMA trusted_schema = OFF;
                    PRAGMA temp_store = MEMORY;
                    PRAGMA cache_size = -16000;
                    PRAGMA cell_size_check = ON;
                    PRAGMA wal_autocheckpoint = 1000;
                    PRAGMA journal_size_limit = 67108864;
                    """
            )
        }
        return connections
    }
}
