import Contracts
import GRDB
import Kernel
import Storage

/// Somebody whose messages may end as dead letters and be handed to it again.
package protocol DeadLetterSource: Sendable {
    /// Handles the message once more inside `transaction`.
    ///
    /// - Returns: false when it is none of this source's messages.
    /// - Throws: why it still cannot be handled.
    func replay(_ letter: DeadLetter, in transaction: Transaction) throws -> Bool
}

/// Answers `dead-letters.list`, `.replay` and `.discard` for a service.
///
/// A replay is one transaction: the handler's changes, what it emits and the removal of the letter. One that fails
/// leaves the letter, counts the try and says why.
struct DeadLetterOffice: Sendable {
    let service: String
    let commands: CommandHandlers
    let settle: (@Sendable (Transaction) throws -> Void)?
    let sources: [any DeadLetterSource]

    func addHandlers(to handlers: inout CommandHandlers) {
        handlers.onQuery(ListDeadLetters.self) { [service] command, actor, database in
            try Self.check(actor)
            let letters = try DeadLetters.list(limit: min(max(command.limit, 1), Limits.pageMax), in: database)
            return DeadLetterPage(
                items: letters.map { Self.item($0, service) },
                total: try DeadLetters.count(in: database)
            )
        }
        handlers.on(DiscardDeadLetter.self) { command, transaction in
            try Self.check(transaction.actor)
            guard try DeadLetters.delete(id: command.id, in: transaction.database) else {
                throw Fault.notFound("dead letter", command.id)
            }
            return Empty()
        }
        handlers.on(ReplayDeadLetter.self) { [self] command, transaction in
            try Self.check(transaction.actor)
            guard let letter = try DeadLetters.find(id: command.id, in: transaction.database) else {
                throw Fault.notFound("dead letter", command.id)
            }
            try replay(letter, transaction)
            return Empty()
        }
    }

    private static func check(_ actor: Actor) throws {
        // They may belong to any project, and a replay acts as whoever sent the message.
        guard actor.scope == .admin, actor.projectID == nil else {
            throw Fault(.forbidden, "dead letters need an admin's token that is bound to no project")
        }
    }

    private func replay(_ letter: DeadLetter, _ transaction: Transaction) throws {
        let database = transaction.database
        var reason = "no handler takes messages of type '\(letter.type)'"
        do {
            var handled = false
            try database.inSavepoint {
                handled = try hand(letter, transaction)
                if handled { try DeadLetters.delete(id: letter.id, in: database) }
                return handled ? .commit : .rollback
            }
            if handled { return }
        } catch {
            reason = (error as? Fault)?.message ?? (error as? KeptFault)?.fault.message ?? String(describing: error)
        }
        try DeadLetters.markReplayed(id: letter.id, in: database)
        throw KeptFault(Fault(.conflict, "the message still cannot be handled: \(reason)"))
    }

    private func hand(_ letter: DeadLetter, _ transaction: Transaction) throws -> Bool {
        for source in sources where try source.replay(letter, in: transaction) { return true }
        guard let prepare = commands.all[letter.type] else { return false }
        guard let text = letter.headers[MessageHeader.actor] else {
            throw Fault(.malformed, "the header \(MessageHeader.actor) is missing")
        }
        let actor = try ContractCoder.decode(Actor.self, from: Array(text.utf8))
        guard case .change(let run) = try prepare(letter.body, actor) else { return true }
        let inner = transaction.acting(as: actor, traceparent: letter.headers[MessageHeader.traceparent])
        _ = try run(inner)
        try settle?(inner)
        transaction.adopt(inner)
        return true
    }

    private static func item(_ letter: DeadLetter, _ service: String) -> DeadLetterItem {
        DeadLetterItem(
            id: letter.id,
            service: service,
            source: letter.source,
            type: letter.type,
            reason: letter.reason,
            messageID: letter.messageID,
            receivedAt: letter.at,
            replays: letter.replays
        )
    }
}
