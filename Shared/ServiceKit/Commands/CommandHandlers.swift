import Contracts
import GRDB
import Kernel

/// The commands a service answers, by name.
package struct CommandHandlers: Sendable {
    /// A command that was read and only has to be run.
    enum Prepared: Sendable {
        case change(@Sendable (Transaction) throws -> [UInt8])
        case query(@Sendable (Database) throws -> [UInt8])
    }

    /// Reads a body. Throws a ``Fault`` `malformed-request` when it is not the command it says it is.
    typealias Prepare = @Sendable (_ body: [UInt8], _ actor: Actor) throws -> Prepared

    private(set) var all: [String: Prepare] = [:]

    package init() {}

    /// Answers `type` by a change: runs in a savepoint of the writer, together with what it emits.
    package mutating func on<C: Command>(
        _ type: C.Type,
        _ handle: @escaping @Sendable (C, Transaction) throws -> C.Reply
    ) {
        all[C.name] = { body, _ in
            let command = try ContractCoder.decode(C.self, from: body)
            return .change { try ContractCoder.encode(try handle(command, $0)) }
        }
    }

    /// Answers `type` by a read on a connection of its own, after the changes of the same batch.
    package mutating func onQuery<C: Command>(
        _ type: C.Type,
        _ handle: @escaping @Sendable (C, Actor, Database) throws -> C.Reply
    ) {
        all[C.name] = { body, actor in
            let command = try ContractCoder.decode(C.self, from: body)
            return .query { try ContractCoder.encode(try handle(command, actor, $0)) }
        }
    }
}
