import Contracts
import GRDB
import Kernel
import ServiceKit

extension CheckCircular: WorkflowQuery {
    static var access: Access { .viewer }

    func run(_ inquiry: Inquiry) throws -> CircularCheck {
        // Nothing is changed through it: a reading connection would refuse.
        let unit = UnitOfWork(
            Transaction(inquiry.database, now: inquiry.now, actor: inquiry.actor, source: Workflow.source),
            inquiry.environment
        )
        let task = try unit.task(id)
        try inquiry.actor.checkProject(task.projectID)
        for (index, other) in dependsOn.enumerated() {
            if other == id { return CircularCheck(cycle: [id], detail: "the task would wait for itself") }
            try unit.checkDependency(other, of: task.projectID, field: "body[\(index)]")
        }
        var graph = DependencyGraph(
            Supposition(task: id, added: dependsOn, stored: StoredGraph(unit: unit))
        )
        guard let cycle = try graph.cycle(from: .task(id)) else { return CircularCheck() }
        return CircularCheck(cycle: Self.subjects(of: cycle), detail: try unit.describe(cycle))
    }

    private static func subjects(of cycle: [DependencyGraph.Node]) -> [Identifier] {
        var ids: [Identifier] = []
        for node in cycle where ids.last != node.subject { ids.append(node.subject) }
        if ids.count > 1, ids.first == ids.last { ids.removeLast() }
        return ids
    }
}

extension DependencyGraph.Node {
    /// The task or ticket it is about.
    fileprivate var subject: Identifier {
        switch self {
        case .task(let id): id
        case .upTo(let ticket, _), .start(let ticket): ticket
        }
    }
}

/// The graph as it would be with further dependencies of one task.
private struct Supposition: DependencyGraph.Source {
    let task: Identifier
    let added: [Identifier]
    let stored: StoredGraph

    func dependencies(ofTask id: Identifier) throws -> (ticket: Identifier, phase: Phase, dependsOn: [Identifier])? {
        guard var facts = try stored.dependencies(ofTask: id) else { return nil }
        if id == task { facts.dependsOn += added }
        return facts
    }

    func tasks(ofTicket id: Identifier, in phase: Phase) throws -> [Identifier] {
        try stored.tasks(ofTicket: id, in: phase)
    }

    func blockers(ofTicket id: Identifier) throws -> [Identifier] { try stored.blockers(ofTicket: id) }
}
