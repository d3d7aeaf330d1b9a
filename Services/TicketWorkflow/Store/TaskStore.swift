import Contracts
import GRDB
import Kernel

/// A task with what only its owner knows about it.
struct TaskRecord: Sendable, Equatable {
    var task: WorkTask
    /// The highest fence given out, or raised by a cancel.
    var fence = 0
    /// Counts for its ticket: of the current round and not replaced by a retry.
    var isCurrent = true
    /// Place in the order of claims; meaningful while ready.
    var rank: Int64 = 0
    var isUrgent = false
}

/// Reads and writes tasks and their dependencies.
enum TaskStore {
    // `open_dependencies` is not among them: it is only changed by the statements that count.
    private static let columns = TableColumns(
        "task",
        """
        id ticket_id project_id phase task_type title description priority status depends_on sandbox_id attempt
        counted_failures platform_losses max_attempts timeout_seconds deadline_at ready_at not_before round lineage_id
        result_id summary error branch head sandbox_stopped version created_at updated_at started_at completed_at
        fence is_current claim_rank is_urgent attempt_deadline_at not_before_cause rework_of conversation_id
        persistence_dir title_source
        """
    )
    static let selectList = columns.list
    private static let selectByID = "SELECT \(columns.list) FROM task WHERE id = ?"
    private static let insertSQL = columns.insert
    /// Only what may change after the creation.
    private static let changing = TableColumns(
        "task",
        """
        id status depends_on sandbox_id attempt counted_failures platform_losses deadline_at ready_at not_before
        result_id summary error branch head sandbox_stopped version updated_at started_at completed_at fence is_current
        claim_rank is_urgent attempt_deadline_at not_before_cause conversation_id persistence_dir title_source title
        description priority task_type timeout_seconds
        """
    )
    private static let updateSQL = changing.update

    /// Whether a newer task of the same lineage has taken the task's place.
    static func hasSuccessor(_ task: WorkTask, in database: Database) throws -> Bool {
        try Int.fetchOne(
            database.cachedStatement(sql: "SELECT 1 FROM task WHERE lineage_id = ? AND id > ? LIMIT 1"),
            arguments: [task.lineageID, task.id]
        ) != nil
    }

    static func find(_ id: Identifier, in database: Database) throws -> TaskRecord? {
        try Row.fetchOne(database.cachedStatement(sql: selectByID), arguments: [id]).map(record)
    }

    static func insert(_ record: TaskRecord, in database: Database) throws {
        try database.cachedStatement(sql: insertSQL).execute(arguments: StatementArguments(values(record)))
    }

    static func update(_ record: TaskRecord, in database: Database) throws {
        let task = record.task
        try database.cachedStatement(sql: updateSQL).execute(arguments: [
            task.status, IdentifierList.encode(task.dependsOn), task.sandboxID, task.attempt, task.countedFailures,
            task.platformLosses, task.deadlineAt, task.readyAt, task.notBefore, task.resultID, task.summary,
            task.error, task.branch, task.commit, task.sandboxStopped, task.version, task.updatedAt, task.startedAt,
            task.completedAt, record.fence, record.isCurrent, record.rank, record.isUrgent, task.attemptDeadlineAt,
            task.notBeforeCause, task.conversationID, task.persistenceDirectory, task.titleSource, task.title,
            task.description, task.priority, task.taskType, task.timeoutSeconds, task.id,
        ])
    }

    static func record(_ row: Row) throws -> TaskRecord {
        var task = WorkTask(
            id: row[0],
            ticketID: row[1],
            projectID: row[2],
            phase: row[3],
            taskType: row[4],
            title: row[5],
            description: row[6],
            priority: row[7],
            status: row[8],
            dependsOn: IdentifierList.decode(row[9]),
            maxAttempts: row[14],
            timeoutSeconds: row[15],
            round: row[19],
            lineageID: row[20],
            version: row[27],
            createdAt: row[28]
        )
        task.sandboxID = row[10]
        task.attempt = row[11]
        task.countedFailures = row[12]
        task.platformLosses = row[13]
        task.deadlineAt = row[16]
        task.readyAt = row[17]
        task.notBefore = row[18]
        task.resultID = row[21]
        task.summary = row[22]
        task.error = row[23]
        task.branch = row[24]
        task.commit = row[25]
        task.sandboxStopped = row[26]
        task.updatedAt = row[29]
        task.startedAt = row[30]
        task.completedAt = row[31]
        task.attemptDeadlineAt = row[36]
        task.notBeforeCause = row[37]
        task.reworkOf = row[38]
        task.conversationID = row[39]
        task.persistenceDirectory = row[40]
        task.titleSource = row[41]
        return TaskRecord(task: task, fence: row[32], isCurrent: row[33], rank: row[34], isUrgent: row[35])
    }

    private static func values(_ record: TaskRecord) throws -> [(any DatabaseValueConvertible)?] {
        let task = record.task
        return [
            task.id, task.ticketID, task.projectID, task.phase, task.taskType, task.title, task.description,
            task.priority, task.status, IdentifierList.encode(task.dependsOn), task.sandboxID, task.attempt,
            task.countedFailures, task.platformLosses, task.maxAttempts, task.timeoutSeconds, task.deadlineAt,
            task.readyAt, task.notBefore, task.round, task.lineageID, task.resultID, task.summary, task.error,
            task.branch, task.commit, task.sandboxStopped, task.version, task.createdAt, task.updatedAt,
            task.startedAt, task.completedAt, record.fence, record.isCurrent, record.rank, record.isUrgent,
            task.attemptDeadlineAt, task.notBeforeCause, task.reworkOf, task.conversationID,
            task.persistenceDirectory, task.titleSource,
        ]
    }
}

// MARK: - Questions about the tasks of a ticket

extension TaskStore {
    /// Current tasks of the ticket, counted by phase and state.
    static func tallies(of ticket: Identifier, in database: Database) throws -> [Phase: Settle.Tally] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT phase, status, open_dependencies > 0, count(*) FROM task
                WHERE ticket_id = ? AND is_current = 1 GROUP BY 1, 2, 3
                """
        )
        var tallies: [Phase: Settle.Tally] = [:]
        for row in try Row.fetchAll(statement, arguments: [ticket]) {
            let (phase, status, isHeld, count): (Phase, WorkTask.Status, Bool, Int) = (row[0], row[1], row[2], row[3])
            switch status {
            case .pending where isHeld: tallies[phase, default: .init()].held += count
            case .pending: tallies[phase, default: .init()].free += count
            case .assigned, .running: tallies[phase, default: .init()].active += count
            case .failed, .timedOut: tallies[phase, default: .init()].failed += count
            case .completed: tallies[phase, default: .init()].completed += count
            case .cancelled: tallies[phase, default: .init()].cancelled += count
            }
        }
        return tallies
    }

    /// The ticket's pending tasks to which nothing but the word is missing to be ready.
    static func becomingReady(in ticket: Ticket, now: Timestamp, _ database: Database) throws -> [TaskRecord] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT \(selectList) FROM task
                WHERE ticket_id = ? AND is_current = 1 AND phase = ? AND status = 'pending' AND open_dependencies = 0
                    AND ready_at IS NULL AND (not_before IS NULL OR not_before <= ?)
                ORDER BY id
                """
        )
        return try Row.fetchAll(statement, arguments: [ticket.id, ticket.phase, now]).map(record)
    }

    /// The ticket's tasks that are marked ready and are not any more.
    ///
    /// - Parameter isOpen: whether tasks of the ticket's phase may run.
    static func losingReadiness(in ticket: Ticket, isOpen: Bool, _ database: Database) throws -> [TaskRecord] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT \(selectList) FROM task
                WHERE ticket_id = ? AND status = 'pending' AND ready_at IS NOT NULL
                    AND (NOT ? OR phase <> ? OR open_dependencies > 0)
                """
        )
        return try Row.fetchAll(statement, arguments: [ticket.id, isOpen, ticket.phase]).map(record)
    }

    /// The task an orchestrator gets next: the best of the best of every project with room.
    static func bestClaimable(project: Identifier?, in database: Database) throws -> Identifier? {
        let statement = try database.cachedStatement(
            sql: """
                SELECT task.id FROM project_load AS load JOIN task ON task.id = (
                    SELECT id FROM task WHERE project_id = load.project_id AND status = 'pending'
                        AND ready_at IS NOT NULL ORDER BY is_urgent DESC, claim_rank, id LIMIT 1)
                WHERE load.active = 1 AND load.ready_tasks > 0 AND load.open_tasks < load.concurrency
                    AND (?1 IS NULL OR load.project_id = ?1)
                ORDER BY task.is_urgent DESC, task.claim_rank, task.id LIMIT 1
                """
        )
        return try Identifier.fetchOne(statement, arguments: [project])
    }

    /// Names a task of another ticket that a held task of the ticket's phase waits for, `ABC-3 'Title'`.
    static func foreignHold(of ticket: Ticket, in database: Database) throws -> String? {
        let statement = try database.cachedStatement(
            sql: """
                SELECT holder.key, other.title FROM task
                JOIN task_dependency AS edge ON edge.task_id = task.id
                JOIN task AS other ON other.id = edge.depends_on_id
                JOIN ticket AS holder ON holder.id = other.ticket_id
                WHERE task.ticket_id = ? AND task.is_current = 1 AND task.phase = ? AND task.status = 'pending'
                    AND other.status <> 'completed' AND other.ticket_id <> task.ticket_id LIMIT 1
                """
        )
        guard let row = try Row.fetchOne(statement, arguments: [ticket.id, ticket.phase]) else { return nil }
        let (key, title): (String, String) = (row[0], row[1])
        return "\(key) '\(title)'"
    }

    /// Names a current task of the ticket that is out of attempts, with its error.
    static func failure(in ticket: Identifier, _ database: Database) throws -> String? {
        let statement = try database.cachedStatement(
            sql: """
                SELECT id, title, coalesce(error, status) FROM task
                WHERE ticket_id = ? AND is_current = 1 AND status IN ('failed', 'timed_out') ORDER BY id LIMIT 1
                """
        )
        guard let row = try Row.fetchOne(statement, arguments: [ticket]) else { return nil }
        let (id, title, error): (Identifier, String, String) = (row[0], row[1], row[2])
        return "task '\(title)' (\(id)): \(error)"
    }

    /// Every current task of the ticket, in the order of their creation.
    static func current(of ticket: Identifier, in database: Database) throws -> [TaskRecord] {
        let statement = try database.cachedStatement(
            sql: "SELECT \(selectList) FROM task WHERE ticket_id = ? AND is_current = 1 ORDER BY id"
        )
        return try Row.fetchAll(statement, arguments: [ticket]).map(record)
    }

    /// Current tasks of the ticket that are not final, in the order of their creation.
    static func unfinished(of ticket: Identifier, in database: Database) throws -> [TaskRecord] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT \(selectList) FROM task WHERE ticket_id = ? AND is_current = 1
                    AND status IN ('pending', 'assigned', 'running') ORDER BY id
                """
        )
        return try Row.fetchAll(statement, arguments: [ticket]).map(record)
    }

    /// The newest tasks that want a generated title: theirs is longer than one, or was made by rule.
    ///
    /// - Parameters:
    ///   - project: only of this one; nil: of all.
    ///   - includesDerived: whether titles made by rule count.
    static func untitled(
        of project: Identifier?,
        includesDerived: Bool,
        limit: Int,
        in database: Database
    ) throws -> [WorkTask] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT \(selectList) FROM task
                WHERE (?1 IS NULL OR project_id = ?1) AND status <> 'cancelled'
                    AND (length(title) > ?2 OR (?3 AND title_source = 'derived'))
                ORDER BY id DESC LIMIT ?4
                """
        )
        let arguments: StatementArguments = [project, Limits.generatedTitleLength, includesDerived, limit]
        return try Row.fetchAll(statement, arguments: arguments).map { try record($0).task }
    }

    /// Tasks with an id above `after`, oldest first.
    static func page(after: Identifier?, limit: Int, in database: Database) throws -> [WorkTask] {
        try Row.fetchAll(
            database,
            sql: "SELECT \(selectList) FROM task WHERE id > ? ORDER BY id LIMIT ?",
            arguments: [after?.description ?? "", limit]
        ).map { try record($0).task }
    }
}
