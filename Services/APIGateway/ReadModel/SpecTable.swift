import Contracts
import FoundationEssentials
import GRDB
import Kernel

struct SpecRow: Sendable {
    let id: Identifier
    let version: Int
    let projectID: Identifier
    let status: Spec.Status
    let deleted: Bool
    let body: RawJSON

    init(_ json: RawJSON) throws(Fault) {
        let members = try Members(json, "spec")
        id = try members.identifier("id")
        version = try members.integer("version")
        projectID = try members.identifier("project_id")
        status = try members.value("status", of: Spec.Status.self)
        deleted = try members.boolean("deleted")
        body = json
    }
}

/// Specs, newest first, with what follows from their tasks. A deleted one stays as a tombstone that no query shows.
enum SpecTable {
    static func apply(_ row: SpecRow, to db: Database) throws {
        try db.run(
            """
            INSERT INTO spec (id, version, project_id, status, deleted, body) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET version = excluded.version, project_id = excluded.project_id,
                status = excluded.status, deleted = excluded.deleted, body = excluded.body
            WHERE excluded.version > spec.version
            """,
            [
                row.id.description, row.version, row.projectID.description, row.status.rawValue, row.deleted,
                row.body.data,
            ]
        )
    }

    /// - Parameter only: the one project the caller may see.
    static func find(_ id: Identifier, only: Identifier? = nil, in db: Database) throws -> Spec? {
        guard let stored = try db.entity("spec", id, only: only) else { return nil }
        let spec: Spec = try ContractCoder.decode(from: stored.body)
        return spec.deleted ? nil : spec
    }

    static func list(
        of projectID: Identifier,
        status: Spec.Status?,
        _ request: PageRequest,
        in db: Database
    ) throws -> SpecList {
        var selection = Selection()
        selection.add("deleted = 0")
        selection.add("project_id = ?", projectID.description)
        selection.add("status = ?", status?.rawValue)
        let total = try Int.fetchOne(
            db,
            sql: "SELECT count(*) FROM spec \(selection.whereClause)",
            arguments: selection.arguments
        )
        if let cursor = request.cursor {
            selection.add("id < ?", try PageCursor(parsing: cursor, list: "specs").key.first)
        }
        var page = Page()
        try page.append(
            selection.rows(db, "SELECT id, body FROM spec", "ORDER BY id DESC", limit: request),
            list: "specs",
            limit: request.limit,
            key: { [$0["id"]] }
        )
        let specs: [Spec] = try ContractCoder.decode(from: [UInt8(ascii: "[")] + page.items + [UInt8(ascii: "]")])
        return SpecList(
            specs: try specs.map { try view($0, in: db) },
            total: total ?? 0,
            nextCursor: page.nextCursor
        )
    }

    /// The spec with what follows from its tasks.
    static func view(_ spec: Spec, in db: Database) throws -> SpecView {
        let tasks = try currentTasks(of: spec, in: db)
        return SpecView(
            spec,
            tasks: items(tasks, of: spec),
            figures: try figures(of: tasks, in: db)
        )
    }

    /// What the results that completed these tasks brought.
    private static func figures(of tasks: [WorkTask], in db: Database) throws -> SpecExecution.Figures {
        let statement = try db.cachedStatement(
            sql: """
                SELECT coalesce(sum(commits), 0), coalesce(sum(lines_added), 0), coalesce(sum(lines_removed), 0),
                    coalesce(sum(checks), 0), coalesce(sum(checks_passed), 0) FROM result
                WHERE task_id IN (SELECT value FROM json_each(?)) AND status = 'completed' AND applied = 1
                """
        )
        let completed = tasks.filter { $0.status == .completed }.map(\.id)
        guard let row = try Row.fetchOne(statement, arguments: [try array(completed)]) else { return .init() }
        return SpecExecution.Figures(
            commits: row[0],
            linesAdded: row[1],
            linesRemoved: row[2],
            checks: row[3],
            checksPassed: row[4]
        )
    }

    static func tasks(of spec: Spec, in db: Database) throws -> [SpecTask] {
        items(try currentTasks(of: spec, in: db), of: spec)
    }

    /// Requirement -> criterion -> ticket -> task -> attempt -> commit.
    static func trace(of spec: Spec, in db: Database) throws -> SpecTrace {
        let work = try TracedWork(all: allTasks(of: spec, in: db), db)
        let requirements = spec.requirements.map { requirement in
            SpecTrace.RequirementTrace(
                requirement,
                criteria: requirement.criteria.map { criterion in
                    SpecTrace.CriterionTrace(
                        criterion,
                        tickets: work.tickets(
                            lineages: spec.taskLinks.filter { $0.criterionIDs.contains(criterion.id) }.map(\.taskID)
                        )
                    )
                },
                tickets: work.tickets(
                    lineages: spec.taskLinks.filter { $0.requirementIDs.contains(requirement.id) }.map(\.taskID)
                )
            )
        }
        let traced = Set(
            spec.taskLinks.filter { !$0.requirementIDs.isEmpty || !$0.criterionIDs.isEmpty }.map(\.taskID)
        )
        return SpecTrace(
            specID: spec.id,
            requirements: requirements,
            unlinked: work.tickets(lineages: work.lineages.filter { !traced.contains($0) })
        )
    }

    private static func items(_ tasks: [WorkTask], of spec: Spec) -> [SpecTask] {
        let links = Dictionary(spec.taskLinks.map { ($0.taskID, $0) }, uniquingKeysWith: { first, _ in first })
        return tasks.map { SpecTask($0, link: links[$0.lineageID]) }
    }

    /// Of each lineage the newest task: the others were replaced by it.
    private static func currentTasks(of spec: Spec, in db: Database) throws -> [WorkTask] {
        var newest: [Identifier: WorkTask] = [:]
        for task in try allTasks(of: spec, in: db) { newest[task.lineageID] = task }
        return newest.values.sorted { $0.id < $1.id }
    }

    /// The linked tasks with all of their lineages, and every task of the tickets made for the spec; oldest first.
    private static func allTasks(of spec: Spec, in db: Database) throws -> [WorkTask] {
        let planned = spec.tickets.filter { $0.relation == .planned }.map(\.ticketID)
        let statement = try db.cachedStatement(
            sql: """
                SELECT body FROM task WHERE id IN (
                    SELECT id FROM task WHERE lineage_id IN (SELECT value FROM json_each(?))
                    UNION SELECT id FROM task WHERE ticket_id IN (SELECT value FROM json_each(?)))
                ORDER BY id
                """
        )
        let bodies = try Data.fetchAll(
            statement,
            arguments: [try array(spec.taskLinks.map(\.taskID)), try array(planned)]
        )
        return try bodies.map { try ContractCoder.decode(from: Array($0)) }
    }

    fileprivate static func array(_ ids: [Identifier]) throws -> String {
        String(decoding: try ContractCoder.encode(ids), as: UTF8.self)
    }
}

/// Tasks with their tickets and attempts, for a trace.
private struct TracedWork {
    private let tasks: [Identifier: [WorkTask]]
    private let tickets: [Identifier: Ticket]
    private let attempts: [Identifier: [Attempt]]
    /// In the order of their first tasks.
    let lineages: [Identifier]

    init(all: [WorkTask], _ db: Database) throws {
        tasks = Dictionary(grouping: all, by: \.lineageID)
        lineages = tasks.keys.sorted()
        let found: [Ticket] = try Self.rows(
            "SELECT body FROM ticket WHERE id IN (SELECT value FROM json_each(?))",
            Array(Set(all.map(\.ticketID))),
            db
        )
        tickets = Dictionary(found.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let tries: [Attempt] = try Self.rows(
            "SELECT body FROM attempt WHERE task_id IN (SELECT value FROM json_each(?)) ORDER BY number",
            all.map(\.id),
            db
        )
        attempts = Dictionary(grouping: tries, by: \.taskID)
    }

    /// The tasks of these lineages in their tickets.
    func tickets(lineages: [Identifier]) -> [SpecTrace.TicketTrace] {
        let work = Dictionary(grouping: lineages.flatMap { tasks[$0] ?? [] }, by: \.ticketID)
        return work.keys.sorted().compactMap { id in
            guard let ticket = tickets[id], let tasks = work[id] else { return nil }
            return SpecTrace.TicketTrace(
                ticket,
                tasks: tasks.sorted { $0.id < $1.id }
                    .map { SpecTrace.TaskTrace($0, attempts: attempts[$0.id] ?? []) }
            )
        }
    }

    private static func rows<Value: Decodable>(_ sql: String, _ ids: [Identifier], _ db: Database) throws -> [Value] {
        try Data.fetchAll(db.cachedStatement(sql: sql), arguments: [try SpecTable.array(ids)])
            .map { try ContractCoder.decode(from: Array($0)) }
    }
}
