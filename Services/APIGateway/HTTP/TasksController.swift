import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// `/api/v1/tasks`
struct TasksController: Sendable {
    let model: ReadModel
    let commands: CommandClient

    var routes: [Route] { queries + changes }

    private var queries: [Route] {
        [
            Route(
                .get,
                "tasks",
                operation: "listTasks",
                summary: "Tasks, newest first",
                demand: .read,
                query: [
                    .project,
                    QueryParameter("ticket_id", .identifier, "Only of this ticket"),
                    QueryParameter("status", .cases(of: WorkTask.Status.self), "Only with this status"),
                    QueryParameter("phase_id", .cases(of: Phase.self), "Only of this phase"),
                    QueryParameter("has_sandbox", .boolean, "Only those with, or without, a sandbox"),
                ] + .page,
                answers: [.array(of: Shapes.task)],
                handle: list
            ),
            Route(
                .get,
                "tasks/{id}",
                operation: "getTask",
                summary: "One task",
                demand: .read,
                answers: [.entity(Shapes.task)],
                handle: show
            ),
            Route(
                .get,
                "tasks/{id}/dependencies",
                operation: "getTaskDependencies",
                summary: "What a task waits for, and what waits for it",
                demand: .read,
                answers: [.ok(Shapes.dependencies)],
                handle: dependencies
            ),
            Route(
                .get,
                "tasks/{id}/attempts",
                operation: "getTaskAttempts",
                summary: "Every try at a task, newest first",
                demand: .read,
                answers: [.array(of: Shapes.attempt)],
                handle: attempts
            ),
            Route(
                .get,
                "tasks/{id}/explain",
                operation: "explainTask",
                summary: "What holds a task; empty when it may be claimed",
                demand: .read,
                answers: [.ok(Shapes.explanation)],
                handle: explain
            ),
        ]
    }

    private var changes: [Route] {
        [
            Route(
                .post,
                "tasks",
                operation: "createTask",
                summary: "Create a task in a ticket",
                demand: .plan,
                body: Schemas.taskCreate,
                answers: [.created(Shapes.task)],
                handle: create
            ),
            Route(
                .post,
                "tasks/{id}/dependencies",
                operation: "addTaskDependencies",
                summary: "Add dependencies to a task",
                demand: .plan,
                body: Schemas.dependencies,
                heedsIfMatch: true,
                answers: [.ok(Shapes.dependencies)],
                handle: addDependencies
            ),
            Route(
                .put,
                "tasks/{id}/dependencies",
                operation: "replaceTaskDependencies",
                summary: "Set the dependencies of a task",
                demand: .plan,
                body: Schemas.dependencies,
                heedsIfMatch: true,
                answers: [.ok(Shapes.dependencies)],
                handle: replaceDependencies
            ),
            Route(
                .delete,
                "tasks/{id}/dependencies/{dependency}",
                operation: "removeTaskDependency",
                summary: "Remove one dependency of a task",
                demand: .plan,
                heedsIfMatch: true,
                answers: [.ok(Shapes.dependencies)],
                handle: removeDependency
            ),
            Route(
                .post,
                "tasks/{id}/retry",
                operation: "retryTask",
                summary: "Give a failed task another try",
                demand: .write,
                heedsIfMatch: true,
                answers: [.entity(Shapes.task)],
                handle: retry
            ),
        ]
    }

    @Sendable func create(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<TaskCreate>(request, context)
        let actor = try context.requireActor()
        if actor.projectID != nil {
            let ticket = body.value.ticketID
            let found = try await model.store.read { db in
                try TicketTable.locate(ticket.description, only: actor.projectID, in: db)
            }
            guard found != nil else { throw Fault.notFound("ticket", ticket) }
        }
        var task = body.value
        if let earlier = body.earlierDependsOn { task.dependsOn = (task.dependsOn ?? []) + earlier }
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        return try .created(
            try await commands.send(CreateTask(body: task), from: origin),
            at: "/api/v1/tasks"
        )
    }

    @Sendable func list(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let query = QueryParameters(request)
        var filter = TaskFilter()
        filter.projectID = try context.requireActor().narrow(query.identifier("project_id"))
        filter.ticketID = try query.identifier("ticket_id")
        filter.status = try query.value("status", of: WorkTask.Status.self)
        filter.phase = try query.value("phase_id", of: Phase.self)
        filter.hasSandbox = try query.boolean("has_sandbox")
        let page = try query.page()
        return .array(
            try await model.store.read { [filter] db in try TaskTable.list(filter, page, in: db) },
            for: request
        )
    }

    @Sendable func show(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try context.parameters.identifier("id", kind: "task")
        let only = try context.requireActor().projectID
        guard let task = try await model.store.point({ db in try TaskTable.find(id, only: only, in: db) }) else {
            throw Fault.notFound("task", id)
        }
        return .entity(task, for: request)
    }

    @Sendable func attempts(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await locate(context)
        return .array(
            try await model.store.read { db in try AttemptTable.list(of: id, in: db) },
            for: request
        )
    }

    @Sendable func dependencies(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        try await dependencies(of: locate(context))
    }

    @Sendable func addDependencies(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        try await change(.add, request, context)
    }

    @Sendable func replaceDependencies(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        try await change(.replace, request, context)
    }

    @Sendable func removeDependency(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await addressed(context)
        let dependency = try context.parameters.identifier("dependency", kind: "dependency")
        var command = ChangeDependencies(id: id, change: .remove, dependsOn: [dependency])
        command.ifVersion = try EntityTag.demanded(by: request)
        _ = try await commands.send(command, from: .init(request, context))
        return try await dependencies(of: id)
    }

    @Sendable func retry(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await addressed(context)
        var command = RetryTask(id: id)
        command.ifVersion = try EntityTag.demanded(by: request)
        return .changed(try await commands.send(command, from: .init(request, context)))
    }

    /// Asked of the owner, because only it knows the clock and the room of the claim.
    @Sendable func explain(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await addressed(context)
        var origin = try CommandClient.Origin(request, context)
        origin.idempotency = nil
        return .json(raw: try await commands.send(ExplainTask(id: id), from: origin).bytes)
    }

    private func change(
        _ change: ChangeDependencies.Change,
        _ request: Request,
        _ context: OmoiRequestContext
    ) async throws -> Response {
        let id = try await addressed(context)
        let body = try await Received<DependenciesBody>(request, context)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        var command = ChangeDependencies(id: id, change: change, dependsOn: body.value.dependsOn)
        command.ifVersion = try EntityTag.demanded(by: request)
        _ = try await commands.send(command, from: origin)
        return try await dependencies(of: id)
    }

    private func dependencies(of id: Identifier) async throws -> Response {
        guard let answer = try await model.store.read({ db in try TaskTable.dependencies(of: id, in: db) }) else {
            throw Fault.notFound("task", id)
        }
        return .json(raw: answer)
    }

    /// The task of a command: the owner says whether it exists, only a bound token needs a look here.
    private func addressed(_ context: OmoiRequestContext) async throws -> Identifier {
        guard try context.requireActor().projectID == nil else { return try await locate(context) }
        return try context.parameters.identifier("id", kind: "task")
    }

    /// The task of a query.
    private func locate(_ context: OmoiRequestContext) async throws -> Identifier {
        let id = try context.parameters.identifier("id", kind: "task")
        let project = try await model.store.point { db in try TaskTable.project(of: id, in: db) }
        guard let project else { throw Fault.notFound("task", id) }
        try context.requireActor().mustSee(project, else: .notFound("task", id))
        return id
    }
}
