import Contracts
import Kernel

/// The dependency graph as JSON: nodes, edges and what they add up to. Pure.
struct GraphAnswer {
    private let tasks: [GraphTable.TaskNode]
    private let tickets: [GraphTable.TicketNode]
    private let graph: TaskGraph
    /// Which tasks are nodes.
    private let isShown: [Bool]
    private var edges = Page()

    /// - Parameters:
    ///   - tasks: also those that are not shown but tell whether others are blocked, or how many wait.
    ///   - tickets: shown with the tasks they contain and the tickets they wait for.
    ///   - isShown: which tasks belong to what was asked for.
    ///   - includesResolved: whether completed tasks are shown.
    init(
        _ tasks: [GraphTable.TaskNode],
        tickets: [GraphTable.TicketNode] = [],
        isShown: (GraphTable.TaskNode) -> Bool = { _ in true },
        includesResolved: Bool
    ) {
        self.tasks = tasks
        self.tickets = tickets
        graph = TaskGraph(tasks.map(\.task))
        self.isShown = tasks.map { isShown($0) && (includesResolved || !$0.task.isComplete) }
    }

    /// JSON of a ``Shapes/dependencyGraph``.
    mutating func bytes() -> [UInt8] {
        let nodes = nodes()
        connectTasks()
        connectTickets()
        let shown = tasks.indices.filter { isShown[$0] }
        let path = graph.criticalPath { isShown[$0] }
        var ids = Page()
        for position in path { ids.append(Self.quoted(tasks[position].task.id)) }
        var metadata = JSONObject()
        metadata.append("blocked_count", shown.count { graph.isBlocked($0) })
        metadata.append("critical_path", array: ids)
        metadata.append("critical_path_length", path.count)
        metadata.append("resolved_count", shown.count { tasks[$0].task.isComplete })
        metadata.append("total_edges", edges.count)
        metadata.append("total_tasks", shown.count)
        var answer = JSONObject()
        answer.append("edges", array: edges)
        answer.append("metadata", raw: metadata.bytes)
        answer.append("nodes", array: nodes)
        return answer.bytes
    }

    private func nodes() -> Page {
        var nodes = Page()
        for (position, node) in tasks.enumerated() where isShown[position] {
            var object = JSONObject()
            object.append("blocks_count", graph.dependents[position].count)
            object.copy(["completed_at", "created_at", "description", "id"], from: node.body)
            object.append("is_blocked", graph.isBlocked(position))
            if let title = node.body["title"] { object.append("label", raw: title.bytes) }
            object.copy(
                ["phase_id", "priority", "sandbox_id", "started_at", "status", "task_type", "ticket_id"],
                from: node.body
            )
            object.append("type", "task")
            nodes.append(object.bytes)
        }
        var blocks: [Identifier: Int] = [:]
        for blocker in tickets.flatMap(\.blockedBy) { blocks[blocker, default: 0] += 1 }
        for node in tickets {
            var object = JSONObject()
            object.copy(["blocked_by"], from: node.body)
            object.append("blocks_count", blocks[node.id] ?? 0)
            object.append("id", Self.name(ofTicket: node.id))
            object.append("is_blocked", node.body["block"].map { !$0.isNull } ?? false)
            object.copy(["key"], from: node.body)
            if let title = node.body["title"] { object.append("label", raw: title.bytes) }
            object.copy(["phase_id", "priority", "status", "task_count"], from: node.body)
            object.append("type", "ticket")
            nodes.append(object.bytes)
        }
        return nodes
    }

    /// From what comes first to what waits for it; from a task to the one that does its work again.
    private mutating func connectTasks() {
        var shown: Set<Identifier> = []
        for (position, node) in tasks.enumerated() where isShown[position] { shown.insert(node.task.id) }
        for (position, node) in tasks.enumerated() where isShown[position] {
            let id = node.task.id.description
            for before in graph.prerequisites[position] where isShown[before] {
                connect(tasks[before].task.id.description, id, "depends_on", "is needed by")
            }
            let reworked = node.body["rework_of"]?.string.flatMap { Identifier($0) }
            if let reworked, shown.contains(reworked) {
                connect(reworked.description, id, "spawned_from", "is done again by")
            }
        }
    }

    private mutating func connectTickets() {
        guard !tickets.isEmpty else { return }
        let known = Set(tickets.map(\.id))
        for (position, node) in tasks.enumerated() where isShown[position] {
            guard let ticket = Identifier(node.ticketID), known.contains(ticket) else { continue }
            connect(Self.name(ofTicket: ticket), node.task.id.description, "ticket_contains", "contains")
        }
        for ticket in tickets {
            for blocker in ticket.blockedBy where known.contains(blocker) {
                connect(Self.name(ofTicket: blocker), Self.name(ofTicket: ticket.id), "ticket_blocks", "blocks")
            }
        }
    }

    private mutating func connect(_ source: String, _ target: String, _ type: String, _ label: String) {
        var edge = JSONObject()
        edge.append("label", label)
        edge.append("source", source)
        edge.append("target", target)
        edge.append("type", type)
        edges.append(edge.bytes)
    }

    private static func name(ofTicket id: Identifier) -> String { "ticket-\(id)" }

    private static func quoted(_ id: Identifier) -> [UInt8] { Array("\"\(id)\"".utf8) }
}

extension JSONObject {
    /// Takes members over as they are; those that are absent or null stay away.
    mutating func copy(_ names: [String], from object: RawJSON.RawObject) {
        for name in names {
            if let value = object[name], !value.isNull { append(name, raw: value.bytes) }
        }
    }
}
