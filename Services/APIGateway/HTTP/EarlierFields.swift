import Contracts
import Kernel

// What fields of the earlier system mean here, see `Schemas+Earlier.swift`.

extension Received<TicketCreate> {
    /// Tickets named in the earlier `dependencies.blocked_by`.
    var earlierBlockedBy: [String]? {
        json.object?["dependencies"]?.object?["blocked_by"]?.elements?.compactMap(\.string)
    }
}

extension Received<TaskCreate> {
    /// Tasks named in the earlier `dependencies.depends_on`.
    var earlierDependsOn: [Identifier]? {
        json.object?["dependencies"]?.object?["depends_on"]?.elements?.compactMap {
            $0.string.flatMap { Identifier($0) }
        }
    }
}

extension Received where Body: Sendable {
    /// The earlier `autonomous_execution_enabled` of a project.
    var earlierAutoStart: Bool? { json.object?["autonomous_execution_enabled"]?.boolean }
}
