import Foundation
import GRDB
import Kernel
import Storage
import Synchronization
import Testing

/// A folder that goes with the test.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "omoi-storage-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var database: String { path + "/store.sqlite" }

    var files: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }

    var snapshots: [String] {
        get throws { try files.filter { $0.contains(".before-") } }
    }
}

/// Opens a store, hands it to `body`, closes it.
@discardableResult
func withStore<T: Sendable>(
    _ folder: TemporaryFolder,
    _ migrations: [Migration] = [noteTable],
    durability: Durability = .full,
    maximumPages: Int? = nil,
    _ body: (Store) async throws -> T
) async throws -> T {
    var configuration = StoreConfiguration(path: folder.database, durability: durability)
    configuration.maximumPages = maximumPages
    let store = try Store(configuration, migrations: migrations)
    do {
        let result = try await body(store)
        await store.close()
        return result
    } catch {
        await store.close()
        throw error
    }
}

let noteTable = Migration("note-1", "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;")

@Sendable func insertNote(_ text: String, _ database: Database) throws {
    try database.execute(sql: "INSERT INTO note (text) VALUES (?)", arguments: [text])
}

/// A connection of its own, unknown to the store: sees exactly what is committed.
struct RawConnection: Sendable {
    private let queue: DatabaseQueue

    init(_ folder: TemporaryFolder) throws {
        try self.init(path: folder.database)
    }

    init(path: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        queue = try DatabaseQueue(path: path, configuration: configuration)
    }

    func notes() throws -> [String] {
        try queue.read { try String.fetchAll($0, sql: "SELECT text FROM note ORDER BY id") }
    }

    func text(_ sql: String) throws -> String? {
        try queue.read { try String.fetchOne($0, sql: sql) }
    }

    func count() throws -> Int {
        try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM note") ?? 0 }
    }
}

/// Expects `error` to be the one-line fault of a store that cannot be used.
func expectUnavailable(
    _ error: (any Error)?,
    naming parts: String...,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let fault = try #require(error as? Fault, sourceLocation: sourceLocation)
    #expect(fault.code == .unavailable, sourceLocation: sourceLocation)
    #expect(!fault.message.contains("\n"), "one line: \(fault.message)", sourceLocation: sourceLocation)
    for part in parts {
        #expect(fault.message.contains(part), "\(fault.message)", sourceLocation: sourceLocation)
    }
}

struct Refused: Error, Equatable {
    var text: String
}

/// Something to publish.
func entry(_ number: Int, body: [UInt8] = [1, 2, 3]) -> OutboxEntry {
    OutboxEntry(
        id: Identifier(high: 7, low: UInt64(number)),
        exchange: "facts",
        routingKey: "note.added",
        contentType: "application/json",
        headers: ["trace": "00-\(number)", "odd:name": "a\\b\nc"],
        body: body,
        type: "note.added",
        at: Timestamp(milliseconds: Int64(number))
    )
}

/// Lets a unit wait on purpose, on the store's own thread, for something a task does.
final class Gate: Sendable {
    private let opened = Atomic<Bool>(false)

    func open() { opened.store(true, ordering: .releasing) }

    func blockUntilOpen() {
        while !opened.load(ordering: .acquiring) { usleep(500) }
    }
}
