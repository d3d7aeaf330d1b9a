import Contracts
import GRDB
import Kernel
import ServiceKit

/// Who may ask for something. The gateway has verified the token; this is the owner's own door.
enum Access {
    /// People and services that may change things.
    case member
    /// Members, and the sandbox that writes a spec; what it may change is checked further on.
    case planner
    /// Everybody who is not a sandbox.
    case viewer
    /// Other services, and administrators.
    case admin
    /// Only a sandbox that is bound to an attempt, planning or not.
    case sandbox
    /// Who may change things, and the sandbox that is bound to an attempt.
    case participant

    /// - Throws: ``Fault`` `forbidden`.
    func check(_ actor: Actor) throws {
        let isSandbox = actor.binding != nil && (actor.scope == .sandbox || actor.scope == .plan)
        let isAllowed =
            switch self {
            case .member: actor.scope == .admin || actor.scope == .member
            case .planner: actor.scope == .admin || actor.scope == .member || isSandbox && actor.scope == .plan
            case .viewer: actor.scope != .sandbox
            case .admin: actor.scope == .admin
            case .sandbox: isSandbox
            case .participant:
                actor.scope == .admin || actor.scope == .member || actor.binding != nil
            }
        guard isAllowed else {
            throw Fault(.forbidden, "a token with scope '\(actor.scope.rawValue)' does not allow this")
        }
    }
}

/// A command that changes something: a synchronous function of itself and a unit of work.
protocol WorkflowCommand: Command {
    static var access: Access { get }
    /// - Throws: ``Fault`` for a refusal; nothing is changed then.
    func run(_ unit: UnitOfWork) throws -> Reply
}

/// A command that only asks.
protocol WorkflowQuery: Command {
    static var access: Access { get }
    func run(_ inquiry: Inquiry) throws -> Reply
}

/// What a query may look at.
struct Inquiry {
    let database: Database
    let actor: Actor
    let environment: WorkflowEnvironment
    let now: Timestamp
}

extension WorkflowCommand {
    /// Runs the command and everything that follows from it.
    func execute(_ transaction: Transaction, _ environment: WorkflowEnvironment) throws -> Reply {
        try Self.access.check(transaction.actor)
        let unit = UnitOfWork(transaction, environment)
        let reply = try run(unit)
        try unit.settle()
        return reply
    }
}

extension WorkflowQuery {
    func execute(_ database: Database, _ actor: Actor, _ environment: WorkflowEnvironment) throws -> Reply {
        try Self.access.check(actor)
        return try run(
            Inquiry(database: database, actor: actor, environment: environment, now: environment.time.now())
        )
    }
}

extension CommandHandlers {
    mutating func add<C: WorkflowCommand>(_ type: C.Type, _ environment: WorkflowEnvironment) {
        on(type) { command, transaction in try command.execute(transaction, environment) }
    }

    mutating func add<C: WorkflowQuery>(_ type: C.Type, _ environment: WorkflowEnvironment) {
        onQuery(type) { query, actor, database in try query.execute(database, actor, environment) }
    }
}

extension Actor {
    /// - Throws: ``Fault`` `forbidden` when the token is bound to another project.
    func checkProject(_ id: Identifier) throws {
        guard projectID == nil || projectID == id else {
            throw Fault(.forbidden, "the token is bound to another project")
        }
    }
}

extension UnitOfWork {
    var actor: Actor { transaction.actor }

    /// A project that the actor may change and that takes work.
    func activeProject(_ id: Identifier) throws -> Project {
        let project = try project(id)
        try actor.checkProject(id)
        guard project.status == .active else {
            throw Fault(.conflict, "the project \(project.key) is archived")
        }
        return project
    }
}
