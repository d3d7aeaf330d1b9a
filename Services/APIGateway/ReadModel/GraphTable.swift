import Contracts
import FoundationEssentials
import GRDB
import Kernel

/// What the graph reads: tasks and tickets with the members that nodes show.
enum GraphTable {
    struct TaskNode: Sendable {
        let task: TaskGraph.Task
        let ticketID: String
        let body: RawJSON.RawObject

        init(_ row: Row) throws {
            let json = try RawJSON(row.withUnsafeData(named: "body") { Array($0 ?? Data()) })
            let members = try Members(json, "task")
            let dependsOn = try members.required("depends_on").elements ?? []
            task = TaskGraph.Task(
                id: try members.identifier("id"),
                dependsOn: dependsOn.compactMap { $0.string.flatMap { Identifier($0) } },
                isComplete: try members.string("status") == WorkTask.Status.completed.rawValue
            )
            ticketID = row["ticket_id"]
            body = members.all
        }
    }

    struct TicketNode: Sendable {
        let id: Identifier
        let blockedBy: [Identifier]
        let body: RawJSON.RawObject

        init(_ row: Row) throws {
            let json = try RawJSON(row.withUnsafeData(named: "body") { Array($0 ?? Data()) })
            let members = try Members(json, "ticket")
            id = try members.identifier("id")
            blockedBy = (try members.required("blocked_by").elements ?? [])
                .compactMap { $0.string.flatMap { Identifier($0) } }
            body = members.all
        }
    }

    /// Tickets of a project that are not archived, oldest first.
    static func tickets(of projectID: Identifier, in db: Database) throws -> [TicketNode] {
        let sql = "SELECT body FROM ticket WHERE archived = 0 AND project_id = ? ORDER BY id"
        return try nodes(sql, [projectID.description], in: db, TicketNode.init)
    }

    /// Tasks of a project whose tickets are not archived, oldest first.
    static func tasks(of projectID: Identifier, in db: Database) throws -> [TaskNode] {
        let sql = """
            SELECT ticket_id, body FROM task WHERE project_id = ?
            AND ticket_id NOT IN (SELECT id FROM ticket WHERE archived = 1 AND project_id = ?) ORDER BY id
            """
        return try nodes(sql, [projectID.description, projectID.description], in: db, TaskNode.init)
    }

    /// Tasks of a ticket, and of other tickets those they wait for and those that wait for them.
    static func tasks(around ticketID: Identifier, in db: Database) throws -> [TaskNode] {
        let sql = """
            SELECT ticket_id, body FROM task WHERE id IN (
                SELECT id FROM task WHERE ticket_id = ?1
                UNION SELECT edge.depends_on FROM task_dependency AS edge JOIN task ON task.id = edge.task_id
                WHERE task.ticket_id = ?1
                UNION SELECT edge.task_id FROM task_dependency AS edge JOIN task ON task.id = edge.depends_on
                WHERE task.ticket_id = ?1
            ) ORDER BY id
            """
        return try nodes(sql, [ticketID.description], in: db, TaskNode.init)
    }

    /// Bodies of the tasks that wait for one.
    static func dependents(of taskID: Identifier, in db: Database) throws -> [RawJSON.RawObject] {
        let sql = """
            SELECT task.ticket_id, task.body FROM task_dependency AS edge JOIN task ON task.id = edge.task_id
            WHERE edge.depends_on = ? ORDER BY edge.task_id LIMIT \(Limits.graphNeighbours)
            """
        return try nodes(sql, [taskID.description], in: db, TaskNode.init).map(\.body)
    }

    /// Bodies of the tasks that one waits for.
    static func prerequisites(of taskID: Identifier, in db: Database) throws -> [TaskNode] {
        let sql = """
            SELECT task.ticket_id, task.body FROM task_dependency AS edge JOIN task ON task.id = edge.depends_on
            WHERE edge.task_id = ? ORDER BY edge.depends_on LIMIT \(Limits.graphNeighbours)
            """
        return try nodes(sql, [taskID.description], in: db, TaskNode.init)
    }

    private static func nodes<Node>(
        _ sql: String,
        _ arguments: StatementArguments,
        in db: Database,
        _ make: (Row) throws -> Node
    ) throws -> [Node] {
        let rows = try Row.fetchCursor(db.cachedStatement(sql: sql), arguments: arguments)
        var nodes: [Node] = []
        while let row = try rows.next() {
            guard nodes.count < Limits.graphTasks else {
                throw Fault(.invalid, "the graph has more than \(Limits.graphTasks) nodes; ask for one ticket's")
            }
            nodes.append(try make(row))
        }
        return nodes
    }
}
