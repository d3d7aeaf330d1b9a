import Contracts
import FoundationEssentials
import GRDB
import Kernel
import Messaging
import ServiceKit
import Storage
import Synchronization

/// The gateway's projection of all facts: what queries are answered from. It owns nothing; its file may be deleted at
/// any time and is rebuilt from the log stream, or from the owner's snapshot when the stream no longer reaches back.
///
/// It may be fed twice, late and out of order: the newer version of an entity wins, append-only rows go by their own
/// id.
package final class ReadModel: Sendable {
    /// Events applied from command replies and not yet seen in the stream; beyond this the oldest is forgotten and only
    /// costs a second look.
    static let recentLimit = 100_000

    let store: Store
    private let emptied = Atomic<Bool>(false)
    private let recent = Mutex(RecentIdentifiers(limit: recentLimit))
    /// Tokens that were revoked.
    package let revoked = RevokedTokens()

    /// Opens the file or makes a new one.
    ///
    /// - Throws: ``Fault`` `unavailable` in one line that names the file.
    package init(path: String) throws {
        var configuration = StoreConfiguration(path: path, durability: .normal)
        configuration.pointReaders = Limits.pointReaders
        store = try Store(configuration, migrations: ReadModelSchema.migrations)
    }

    /// Reads what is kept in memory: call once before the first request.
    ///
    /// Rows of another schema are thrown away and the stream's position with them, so that the follower rebuilds all.
    package func load(now: Timestamp) async throws {
        for id in try await store.read({ db in try TokenTable.revoked(at: now, in: db) }) { revoked.insert(id) }
        try await store.write { [self] db in
            if try ReadModelSchema.isOutdated(db) {
                try clear(db)
                try FollowerPosition.clear(stream: Topic.log, in: db)
            }
            try ReadModelSchema.noteOrigin(db)
        }
    }

    /// True from the moment the rows are thrown away until the owner's snapshot is there again.
    var isEmptied: Bool {
        get { emptied.load(ordering: .acquiring) }
        set { emptied.store(newValue, ordering: .releasing) }
    }

    package func close() async { await store.close() }

    /// Applies what a command changed; returns when queries show it.
    package func apply(_ changes: [Change]) async throws {
        guard !changes.isEmpty else { return }
        let ids = changes.compactMap(\.eventID)
        do {
            try await store.write { [self] db in
                for change in changes { try apply(change, to: db) }
                // Inside the unit, so that it cannot come after a `clear` that took the rows away again.
                recent.withLock { recent in ids.forEach { recent.insert($0) } }
            }
        } catch {
            recent.withLock { recent in ids.forEach { _ = recent.remove($0) } }
            throw error
        }
    }

    /// Applies messages of the log stream.
    ///
    /// - Throws: ``Fault`` `malformed-request` for a message that cannot be read.
    func apply(_ deliveries: [Delivery], to db: Database) throws {
        for delivery in deliveries {
            if let id = delivery.properties.messageID.flatMap({ Identifier($0) }),
                recent.withLock({ $0.remove(id) })
            {
                continue
            }
            try apply(delivery.body, to: db)
        }
    }

    /// Applies one event as it lies on the topic.
    ///
    /// - Throws: ``Fault`` `malformed-request` when it cannot be read.
    func apply(_ event: [UInt8], to db: Database) throws {
        try apply(Change(event: RawJSON(event)), to: db)
    }

    /// Applies a page of the owner's snapshot, JSON of a ``SnapshotPage``.
    ///
    /// - Returns: where the next page begins; nil after the last.
    /// - Throws: ``Fault`` `malformed-request` for a page that cannot be read.
    func apply(snapshot page: RawJSON) async throws -> String? {
        let members = try Members(page, "snapshot")
        let changes = try (members.required("entities").elements ?? []).map { entity throws(Fault) in
            try Change(eventID: nil, data: entity)
        }
        let transitions = try (members.required("transitions").elements ?? []).map { row throws(Fault) in
            try TransitionRow(row)
        }
        let attempts = try (members.required("attempts").elements ?? []).map { row throws(Fault) in
            try AttemptRow(row)
        }
        try await store.write { [self] db in
            for change in changes { try apply(change, to: db) }
            for transition in transitions { try TransitionTable.apply(transition, to: db) }
            for attempt in attempts { try AttemptTable.apply(attempt, version: 0, to: db) }
        }
        return members["next_cursor"]?.string
    }

    /// The key that verified tokens when the process last ran.
    func verificationKey() async throws -> VerificationKey? {
        try await store.read { db in
            try Data.fetchOne(db, sql: "SELECT body FROM verification_key")
                .map { try ContractCoder.decode(from: Array($0)) }
        }
    }

    /// Keeps a key for the next start.
    func keep(_ key: VerificationKey) async throws {
        let body = Data(try ContractCoder.encode(key))
        _ = try await store.write { db in
            try db.run(
                "INSERT INTO verification_key (id, body) VALUES (1, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
                [body]
            )
        }
    }

    /// Throws every row away. Revocations stay: a token never comes back.
    func clear(_ db: Database) throws {
        isEmptied = true
        for table in ReadModelSchema.tables { try db.execute(sql: "DELETE FROM \(table)") }
        try db.execute(sql: "INSERT INTO ticket_text (ticket_text) VALUES ('delete-all')")
        recent.withLock { $0.removeAll() }
    }

    private func apply(_ change: Change, to db: Database) throws {
        switch change.entity {
        case .project(let row): try ProjectTable.apply(row, to: db)
        case .spec(let row): try SpecTable.apply(row, to: db)
        case .ticket(let row): try TicketTable.apply(row, to: db)
        case .task(let row): try TaskTable.apply(row, to: db)
        case .result(let row): try ResultTable.apply(row, to: db)
        case .report: break
        case .sandbox(let row): try SandboxTable.apply(row, to: db)
        case .token(let row):
            try TokenTable.apply(row, to: db)
            // Even before the commit: revoking too early harms nobody.
            if row.revoked { revoked.insert(row.id) }
        }
        if let transition = change.transition { try TransitionTable.apply(transition, to: db) }
        if let attempt = change.attempt { try AttemptTable.apply(attempt, version: change.version, to: db) }
    }
}
