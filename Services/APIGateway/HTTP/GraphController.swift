import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// `/api/v1/graph`
struct GraphController: Sendable {
    let model: ReadModel

    var routes: [Route] {
        let resolved = QueryParameter("include_resolved", .boolean, "Whether completed tasks are shown; default true")
        return [
            Route(
                .get,
                "graph/dependency-graph/project/{id}",
                operation: "getProjectGraph",
                summary: "Tickets and tasks of a project, what waits for what, and the longest chain",
                details: "Edges lead from what comes first to what waits for it. Archived tickets are left out.",
                demand: .read,
                query: [resolved],
                answers: [.ok(Shapes.dependencyGraph)],
                handle: project
            ),
            Route(
                .get,
                "graph/dependency-graph/ticket/{id}",
                operation: "getTicketGraph",
                summary: "Tasks of a ticket and what they wait for",
                details: "Tasks of other tickets are shown when a task of this one waits for them.",
                demand: .read,
                query: [
                    resolved,
                    QueryParameter(
                        "include_discoveries",
                        .boolean,
                        "Accepted and ignored: there are no discoveries",
                        isDeprecated: true
                    ),
                ],
                answers: [.ok(Shapes.dependencyGraph)],
                handle: ticket
            ),
            Route(
                .get,
                "graph/dependency-graph/task/{id}/blocked",
                operation: "listBlockedTasks",
                summary: "Tasks that wait for this one",
                demand: .read,
                answers: [.ok(Shapes.blockedTasks)],
                handle: blocked
            ),
            Route(
                .get,
                "graph/dependency-graph/task/{id}/blocking",
                operation: "listBlockingTasks",
                summary: "Tasks that this one waits for",
                demand: .read,
                answers: [.ok(Shapes.blockingTasks)],
                handle: blocking
            ),
        ]
    }

    @Sendable func project(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try context.parameters.identifier("id", kind: "project")
        try context.requireActor().mustSee(id, else: .notFound("project", id))
        let includesResolved = try QueryParameters(request).boolean("include_resolved") ?? true
        return try await model.store.read { db in
            guard try ProjectTable.find(id, in: db) != nil else { throw Fault.notFound("project", id) }
            var answer = GraphAnswer(
                try GraphTable.tasks(of: id, in: db),
                tickets: try GraphTable.tickets(of: id, in: db),
                includesResolved: includesResolved
            )
            return .json(raw: answer.bytes())
        }
    }

    @Sendable func ticket(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let reference = context.parameters.get("id") ?? ""
        let only = try context.requireActor().projectID
        let includesResolved = try QueryParameters(request).boolean("include_resolved") ?? true
        return try await model.store.read { db in
            guard let id = try TicketTable.locate(reference, only: only, in: db) else {
                throw Fault.notFound("ticket", reference)
            }
            let tasks = try GraphTable.tasks(around: id, in: db)
            let own = tasks.filter { $0.ticketID == id.description }
            let shown = Set(own.flatMap(\.task.dependsOn)).union(own.map(\.task.id))
            var answer = GraphAnswer(
                tasks,
                isShown: { shown.contains($0.task.id) },
                includesResolved: includesResolved
            )
            return .json(raw: answer.bytes())
        }
    }

    @Sendable func blocked(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try context.parameters.identifier("id", kind: "task")
        let only = try context.requireActor().projectID
        return try await model.store.read { db in
            guard try TaskTable.find(id, only: only, in: db) != nil else { throw Fault.notFound("task", id) }
            var tasks = Page()
            for task in try GraphTable.dependents(of: id, in: db) {
                var item = JSONObject()
                item.copy(["description", "id", "phase_id", "priority", "status", "title"], from: task)
                tasks.append(item.bytes)
            }
            var answer = JSONObject()
            answer.append("blocked_count", tasks.count)
            answer.append("blocked_tasks", array: tasks)
            answer.append("task_id", id.description)
            return .json(raw: answer.bytes)
        }
    }

    @Sendable func blocking(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try context.parameters.identifier("id", kind: "task")
        let only = try context.requireActor().projectID
        return try await model.store.read { db in
            guard try TaskTable.find(id, only: only, in: db) != nil else { throw Fault.notFound("task", id) }
            let prerequisites = try GraphTable.prerequisites(of: id, in: db)
            var tasks = Page()
            for node in prerequisites {
                var item = JSONObject()
                item.copy(["description", "id"], from: node.body)
                item.append("is_complete", node.task.isComplete)
                item.copy(["phase_id", "priority", "status", "title"], from: node.body)
                tasks.append(item.bytes)
            }
            var answer = JSONObject()
            answer.append("all_dependencies_complete", prerequisites.allSatisfy(\.task.isComplete))
            answer.append("blocking_tasks", array: tasks)
            answer.append("task_id", id.description)
            return .json(raw: answer.bytes)
        }
    }
}
