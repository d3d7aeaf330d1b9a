import Contracts
import FoundationEssentials
import GRDB
import Kernel
import Messaging
import Storage
import Synchronization
import TestSupport

@testable import ServiceKit

func write(_ text: String, to path: String) throws {
    try text.write(toFile: path, atomically: false, encoding: .utf8)
}

/// A list that is filled from other threads.
final class Collected<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    func append(_ element: Element) { elements.withLock { $0.append(element) } }
    func append(contentsOf more: [Element]) { elements.withLock { $0.append(contentsOf: more) } }

    var all: [Element] { elements.withLock { $0 } }
    var count: Int { elements.withLock { $0.count } }
}

/// A command of the tests: writes `text`, or does what `mode` says.
struct Note: Command {
    static let name = "note.write"

    struct Reply: Codable, Sendable, Equatable {
        var text: String
        var count: Int
    }

    enum Mode: String, Codable, Sendable {
        case write, fault, keptFault, crash, emit
    }

    var text: String
    var mode = Mode.write
}

struct CountNotes: Command {
    static let name = "note.count"
    typealias Reply = Int
}

enum Notes {
    static let migrations =
        ServiceMigrations.all + [Migration("note", "CREATE TABLE note (text TEXT NOT NULL) STRICT")]

    static func insert(_ text: String, in database: Database) throws {
        try database.execute(sql: "INSERT INTO note VALUES (?)", arguments: [text])
    }

    static func all(in database: Database) throws -> [String] {
        try String.fetchAll(database, sql: "SELECT text FROM note ORDER BY rowid")
    }

    static func handlers(ran: Collected<String> = Collected(), committed: Collected<String> = Collected())
        -> CommandHandlers
    {
        var handlers = CommandHandlers()
        handlers.on(Note.self) { command, transaction in
            ran.append(command.text)
            try insert(command.text, in: transaction.database)
            transaction.afterCommit { committed.append(command.text) }
            switch command.mode {
            case .write: break
            case .fault: throw Fault(.conflict, "no")
            case .keptFault: throw KeptFault(Fault(.attemptSuperseded, "kept"))
            case .crash: throw CancellationError()
            case .emit: try transaction.emit(.projectCreated, EventData(project(named: command.text)))
            }
            return Note.Reply(text: command.text, count: try all(in: transaction.database).count)
        }
        handlers.onQuery(CountNotes.self) { _, _, database in try all(in: database).count }
        return handlers
    }
}

func project(named name: String, version: Int = 1) -> Project {
    let now = Timestamp(milliseconds: 1_800_000_000_000)
    return Project(id: .make(), name: name, key: "ABC", version: version, createdAt: now, updatedAt: now)
}

/// Opens a store in a directory of its own.
func withStore<Value>(_ body: (Store) async throws -> Value) async throws -> Value {
    try await withTemporaryDirectory { directory in
        let store = try Store(
            StoreConfiguration(path: directory + "/test.sqlite", durability: .normal),
            migrations: Notes.migrations
        )
        do {
            let value = try await body(store)
            await store.close()
            return value
        } catch {
            await store.close()
            throw error
        }
    }
}

/// A command as it arrives.
func delivery<C: Command>(
    _ command: C,
    id: String = Identifier.make().description,
    actor: Actor = .service("test"),
    headers: [String: String] = [:]
) throws -> Delivery {
    let actor = String(decoding: try ContractCoder.encode(actor), as: UTF8.self)
    return Delivery(
        queue: "test.commands",
        exchange: Topic.commands,
        routingKey: "test.commands",
        redelivered: false,
        properties: MessageProperties(
            messageID: id,
            type: C.name,
            correlationID: "c-" + id,
            replyTo: "reply.queue",
            headers: [MessageHeader.actor: actor].merging(headers) { $1 }
        ),
        body: try ContractCoder.encode(command)
    )
}
