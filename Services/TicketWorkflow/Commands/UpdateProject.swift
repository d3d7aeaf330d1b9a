import Contracts
import Kernel

extension UpdateProject: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> Project {
        let before = try unit.project(id)
        try unit.actor.checkProject(id)
        try checkVersion(ifVersion, before.version, "project")
        if let name = body.name, !name.contains(where: { !$0.isWhitespace }) {
            throw Fault.invalid("name", "must not be empty")
        }
        var after = before
        after.name = body.name ?? before.name
        after.description = body.description ?? before.description
        after.repository = body.repository ?? before.repository
        after.defaultBranch = body.defaultBranch ?? before.defaultBranch
        if let patch = body.settings { after.settings = try Self.merge(patch, into: before.settings) }
        after.status = body.status ?? before.status
        try checkContents(of: after)
        guard after != before else { return before }
        let isArchiving = before.status == .active && after.status == .archived
        let project = try unit.update(project: id, isArchiving ? .projectArchived : .projectUpdated) { $0 = after }
        unit.reconsider(project: id)
        if before.settings.gates != after.settings.gates {
            for ticket in try TicketStore.held(in: id, database: unit.database) { unit.touch(ticket: ticket) }
        }
        try unit.settle()
        return project
    }

    private static func merge(_ patch: JSONValue, into settings: ProjectSettings) throws -> ProjectSettings {
        let own: JSONValue = try ContractCoder.decode(from: ContractCoder.encode(settings))
        do {
            return try ContractCoder.decode(from: ContractCoder.encode(own.merged(with: patch)))
        } catch {
            throw Fault(.invalid, "settings: do not fit the settings of a project", cause: error)
        }
    }
}

/// - Throws: ``Fault`` `precondition-failed` when the caller saw another version.
func checkVersion(_ expected: Int?, _ actual: Int, _ kind: String) throws {
    guard let expected, expected != actual else { return }
    throw Fault(.preconditionFailed, "the \(kind) has version \(actual) by now, not \(expected)")
}
