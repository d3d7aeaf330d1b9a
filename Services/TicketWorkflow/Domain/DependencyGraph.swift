import Contracts
import Kernel

/// Who waits for whom, over everything that can make a task wait: task dependencies, the phase barrier inside a ticket
/// (all earlier phases before a later one) and `blocked_by` between tickets (the last task before the first).
///
/// Tickets and phases are nodes of their own, so that barriers cost one edge per task, not one per pair, and two empty
/// tickets that block each other are a cycle as well.
struct DependencyGraph {
    enum Node: Hashable, Sendable {
        case task(Identifier)
        /// Every task of the ticket up to and including the phase.
        case upTo(ticket: Identifier, Phase)
        /// What must be over before the ticket's first task.
        case start(ticket: Identifier)
    }

    /// The facts the graph is made of. Finished tasks and done tickets wait for nothing and need not be reported.
    protocol Source {
        /// The ticket and phase of the task and what it depends on; nil when it is finished.
        func dependencies(ofTask id: Identifier) throws -> (ticket: Identifier, phase: Phase, dependsOn: [Identifier])?
        /// The unfinished tasks of the phase.
        func tasks(ofTicket id: Identifier, in phase: Phase) throws -> [Identifier]
        /// The tickets that must be done first and are not.
        func blockers(ofTicket id: Identifier) throws -> [Identifier]
    }

    private let source: any Source
    private var colours: [Node: Colour] = [:]
    private static let working = Phase.allCases.filter(\.hasTasks)

    private enum Colour { case open, closed }

    init(_ source: any Source) {
        self.source = source
    }

    /// Looks for a cycle through what `node` waits for.
    ///
    /// Nodes known to be free of cycles are remembered, so asking for many nodes costs as much as one walk.
    /// - Returns: the nodes of the cycle, each waiting for the next and the last for the first; nil when there is none.
    mutating func cycle(from node: Node) throws -> [Node]? {
        guard colours[node] == nil else { return nil }
        var path: [(node: Node, rest: [Node])] = [(node, try predecessors(of: node))]
        colours[node] = .open
        while let (current, remaining) = path.popLast() {
            var rest = remaining
            guard let next = rest.popLast() else {
                colours[current] = .closed
                continue
            }
            path.append((current, rest))
            switch colours[next] {
            case .closed:
                continue
            case .open:
                let nodes = path.map(\.node)
                return Array(nodes[(nodes.firstIndex(of: next) ?? 0)...])
            case nil:
                colours[next] = .open
                path.append((next, try predecessors(of: next)))
            }
        }
        return nil
    }

    private func predecessors(of node: Node) throws -> [Node] {
        switch node {
        case .task(let id):
            guard let task = try source.dependencies(ofTask: id) else { return [] }
            return task.dependsOn.map(Node.task) + [before(task.phase, of: task.ticket)]
        case .upTo(let ticket, let phase):
            return try source.tasks(ofTicket: ticket, in: phase).map(Node.task) + [before(phase, of: ticket)]
        case .start(let ticket):
            guard let last = Self.working.last else { return [] }
            return try source.blockers(ofTicket: ticket).map { .upTo(ticket: $0, last) }
        }
    }

    private func before(_ phase: Phase, of ticket: Identifier) -> Node {
        guard let previous = Self.working.last(where: { $0 < phase }) else { return .start(ticket: ticket) }
        return .upTo(ticket: ticket, previous)
    }
}
