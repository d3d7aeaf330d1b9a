import Contracts
import GRDB
import Kernel

/// The union graph as the store has it, for ``DependencyGraph``.
struct StoredGraph: DependencyGraph.Source {
    let unit: UnitOfWork

    func dependencies(ofTask id: Identifier) throws -> (ticket: Identifier, phase: Phase, dependsOn: [Identifier])? {
        let task = try unit.task(id)
        return task.status.isFinal ? nil : (task.ticketID, task.phase, task.dependsOn)
    }

    func tasks(ofTicket id: Identifier, in phase: Phase) throws -> [Identifier] {
        let statement = try unit.database.cachedStatement(
            sql: """
                SELECT id FROM task WHERE ticket_id = ? AND is_current = 1 AND phase = ?
                    AND status IN ('pending', 'assigned', 'running')
                """
        )
        return try Identifier.fetchAll(statement, arguments: [id, phase])
    }

    func blockers(ofTicket id: Identifier) throws -> [Identifier] {
        try TicketStore.openBlockers(of: id, in: unit.database).map(\.id)
    }
}

extension UnitOfWork {
    /// Nodes named in a refusal; a longer cycle is shortened.
    private static let namedNodes = 12

    /// - Throws: ``Fault`` `dependency-cycle` that names the cycle.
    func checkCycles(from nodes: [DependencyGraph.Node]) throws {
        guard !nodes.isEmpty else { return }
        try flush()
        var graph = DependencyGraph(StoredGraph(unit: self))
        for node in nodes {
            guard let cycle = try graph.cycle(from: node) else { continue }
            throw Fault(.dependencyCycle, "each waits for the next: \(try describe(cycle))")
        }
    }

    /// The cycle in words, shortened when it is long.
    func describe(_ cycle: [DependencyGraph.Node]) throws -> String {
        var names: [String] = []
        for node in cycle {
            let name =
                switch node {
                case .task(let id): "task '\(try task(id).title)' (\(id))"
                case .upTo(let ticket, _), .start(let ticket): "ticket \(try self.ticket(ticket).key)"
                }
            if names.last != name { names.append(name) }
        }
        if names.count > 1, names.first == names.last { names.removeLast() }
        let shown = names.count > Self.namedNodes ? names.prefix(Self.namedNodes) + ["…"] : names[...]
        return (shown + [names.first ?? ""]).joined(separator: " -> ")
    }

    /// Resolves ids of existing tasks that a task may depend on: of the same project.
    ///
    /// - Throws: ``Fault`` `invalid-field` that names the place in the request.
    func checkDependency(_ id: Identifier, of project: Identifier, field: String) throws {
        guard let task = try? task(id), task.projectID == project else {
            throw Fault.invalid(field, "there is no task '\(id)' in this project")
        }
    }
}
