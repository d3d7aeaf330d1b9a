import GRDB
import Kernel
import Synchronization

/// Connections for reads that are over sooner than a hand-over to another thread would be: a row or a few, by key.
///
/// Such a read runs on the calling thread and never waits: it is refused when every connection is in use or the
/// database is locked, and the caller goes the long way.
final class PointReaders: Sendable {
    private struct State {
        var idle: [DatabaseQueue]
        var isClosed = false
    }

    private let state: Mutex<State>

    /// - Parameter configuration: of the store's other connections.
    init(path: String, count: Int, configuration: Configuration) throws {
        var configuration = configuration
        configuration.readonly = true
        configuration.busyMode = .immediateError
        let idle = try (0..<count).map { _ in try DatabaseQueue(path: path, configuration: configuration) }
        state = Mutex(State(idle: idle))
    }

    /// Runs `body`, whose statements each see the latest commit.
    ///
    /// - Returns: nil when no connection was free or the database was locked.
    /// - Throws: what `body` threw.
    func read<T>(_ body: (Database) throws -> T) throws -> T? {
        guard let connection = state.withLock({ $0.idle.popLast() }) else { return nil }
        defer { giveBack(connection) }
        do {
            return try connection.unsafeRead(body)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            return nil
        }
    }

    /// Closes the idle connections at once and the others when they come back.
    func close() throws {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            return state.idle
        }
        for connection in idle { try connection.close() }
    }

    private func giveBack(_ connection: DatabaseQueue) {
        // A connection that comes back after `close` ends with its last reference.
        state.withLock { state in
            if !state.isClosed { state.idle.append(connection) }
        }
    }
}
