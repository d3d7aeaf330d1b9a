import Contracts
import FoundationEssentials
import GRDB
import Kernel

// How long tasks take: of the running ones, and of those that took too long.
extension TaskTable {
    /// A task with its latest attempt and the time it may take.
    struct Timed {
        var task: WorkTask
        var attempt: Attempt?
        var seconds: Int

        func status(now: Timestamp) -> TimeoutStatus { TimeoutStatus(task, attempt, seconds: seconds, now: now) }
    }

    /// nil for an unknown task.
    static func timed(_ id: Identifier, only: Identifier?, in db: Database) throws -> Timed? {
        guard let stored = try find(id, only: only, in: db) else { return nil }
        return try timed(ContractCoder.decode(from: stored.body), in: db)
    }

    /// Tasks that ended by their timeout, and those whose open attempt is over its time; newest first.
    static func timedOut(
        project: Identifier?,
        _ request: PageRequest,
        now: Timestamp,
        in db: Database
    ) throws -> Page {
        let overdue = try live(project: project, in: db)
            .map { try timed($0, in: db) }
            .filter { $0.status(now: now).isTimedOut }
            .map(\.task.id.description)
        var selection = Selection()
        selection.add("project_id = ?", project?.description)
        selection.add(
            "(status = 'timed_out' OR id IN (SELECT value FROM json_each(?)))",
            String(decoding: try ContractCoder.encode(overdue), as: UTF8.self)
        )
        return try page(selection, "timed-out", request, now: now, in: db)
    }

    /// Tasks that can still be cancelled, newest first.
    static func cancellable(
        project: Identifier?,
        _ request: PageRequest,
        now: Timestamp,
        in db: Database
    ) throws -> Page {
        var selection = Selection()
        selection.add("project_id = ?", project?.description)
        selection.add("status IN ('pending', 'assigned', 'running')")
        return try page(selection, "cancellable", request, now: now, in: db)
    }

    private static func page(
        _ selection: Selection,
        _ list: String,
        _ request: PageRequest,
        now: Timestamp,
        in db: Database
    ) throws -> Page {
        var selection = selection
        if let cursor = request.cursor {
            selection.add("id < ?", try PageCursor(parsing: cursor, list: list).key.first)
        }
        let rows = try selection.rows(db, "SELECT id, body FROM task", "ORDER BY id DESC", limit: request)
        var tasks: [WorkTask] = []
        while let row = try rows.next() { tasks.append(try ContractCoder.decode(from: Array(row[1] as Data))) }
        var page = Page()
        for task in tasks.prefix(request.limit) {
            let timed = try timed(task, in: db)
            page.append(Data(try ContractCoder.encode(TimedTask(task, timed.attempt, timed.status(now: now)))))
        }
        if tasks.count > request.limit, let last = tasks.prefix(request.limit).last {
            page.nextCursor = PageCursor(list: list, key: [last.id.description]).text
        }
        return page
    }

    private static func live(project: Identifier?, in db: Database) throws -> [WorkTask] {
        var selection = Selection()
        selection.add("project_id = ?", project?.description)
        selection.add("status IN ('assigned', 'running')")
        let statement = try db.cachedStatement(sql: "SELECT body FROM task \(selection.whereClause)")
        return try Data.fetchAll(statement, arguments: selection.arguments)
            .map { try ContractCoder.decode(from: Array($0)) }
    }

    private static func timed(_ task: WorkTask, in db: Database) throws -> Timed {
        let attempt = try Data.fetchOne(
            db.cachedStatement(sql: "SELECT body FROM attempt WHERE task_id = ? ORDER BY number DESC LIMIT 1"),
            arguments: [task.id.description]
        )
        let allowed = try task.timeoutSeconds ?? ProjectTable.settings(of: task.projectID, in: db)?.agent.timeoutSeconds
        return Timed(
            task: task,
            attempt: try attempt.map { try ContractCoder.decode(from: Array($0)) },
            seconds: allowed ?? AgentSettings().timeoutSeconds
        )
    }
}
