import Contracts
import GRDB
import Kernel

/// The edges between tasks, and the counts that follow from them.
enum DependencyStore {
    /// Replaces what the task depends on and counts what of it is open.
    static func set(_ dependencies: [Identifier], of task: Identifier, in database: Database) throws {
        try database.cachedStatement(sql: "DELETE FROM task_dependency WHERE task_id = ?").execute(arguments: [task])
        try insert(dependencies, of: task, in: database)
    }

    /// Stores what a new task depends on and counts what of it is open.
    static func insert(_ dependencies: [Identifier], of task: Identifier, in database: Database) throws {
        let insert = try database.cachedStatement(
            sql: "INSERT INTO task_dependency (task_id, depends_on_id) VALUES (?, ?)"
        )
        for dependency in dependencies { try insert.execute(arguments: [task, dependency]) }
        try database.cachedStatement(
            sql: """
                UPDATE task SET open_dependencies = (
                    SELECT count(*) FROM task_dependency JOIN task AS other ON other.id = depends_on_id
                    WHERE task_id = task.id AND other.status <> 'completed')
                WHERE id = ?
                """
        ).execute(arguments: [task])
    }

    /// Tells the dependents of a task that it is completed.
    ///
    /// - Returns: the tickets of the dependents.
    static func noteCompletion(of task: Identifier, in database: Database) throws -> [Identifier] {
        let statement = try database.cachedStatement(
            sql: """
                UPDATE task SET open_dependencies = open_dependencies - 1
                WHERE id IN (SELECT task_id FROM task_dependency WHERE depends_on_id = ?) RETURNING ticket_id
                """
        )
        var seen: Set<Identifier> = []
        return try Identifier.fetchAll(statement, arguments: [task]).filter { seen.insert($0).inserted }
    }

    static func dependencies(of task: Identifier, in database: Database) throws -> [Readiness.Dependency] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT task.id, task.status, task.updated_at FROM task_dependency
                JOIN task ON task.id = task_dependency.depends_on_id
                WHERE task_dependency.task_id = ? ORDER BY task.id
                """
        )
        return try Row.fetchAll(statement, arguments: [task]).map { .init(id: $0[0], status: $0[1], since: $0[2]) }
    }

    /// Unfinished tasks that depend on this one.
    static func countDependents(of task: Identifier, in database: Database) throws -> Int {
        let statement = try database.cachedStatement(
            sql: """
                SELECT count(*) FROM task_dependency JOIN task ON task.id = task_dependency.task_id
                WHERE depends_on_id = ? AND task.status IN ('pending', 'assigned', 'running')
                """
        )
        return try Int.fetchOne(statement, arguments: [task]) ?? 0
    }

    /// Pending tasks that depend on this one.
    static func pendingDependents(of task: Identifier, in database: Database) throws -> [Identifier] {
        try Identifier.fetchAll(
            database,
            sql: """
                SELECT task.id FROM task_dependency JOIN task ON task.id = task_dependency.task_id
                WHERE depends_on_id = ? AND task.status = 'pending' ORDER BY task.id
                """,
            arguments: [task]
        )
    }

    /// Branches that the task's work builds on: of the completed tasks it depends on and of all completed tasks of
    /// earlier phases of its ticket, in the order of completion.
    static func baseBranches(of task: WorkTask, in database: Database) throws -> [String] {
        let earlier = Phase.allCases.filter { $0 < task.phase }.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        let branches = try String.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT branch FROM task
                    WHERE status = 'completed' AND branch IS NOT NULL AND (
                        id IN (SELECT depends_on_id FROM task_dependency WHERE task_id = ?1)
                        OR (ticket_id = ?2 AND phase IN (\(earlier))))
                    ORDER BY completed_at, id
                    """
            ),
            arguments: [task.id, task.ticketID]
        )
        var seen: Set<String> = []
        return branches.filter { seen.insert($0).inserted }
    }
}
