import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// `/api/v1/sandboxes`, for people.
struct SandboxesController: Sendable {
    let model: ReadModel
    let commands: CommandClient
    let time: any TimeSource

    var routes: [Route] {
        [
            Route(
                .get,
                "sandboxes",
                operation: "listSandboxes",
                summary: "Sandboxes, newest first",
                demand: .read,
                query: [
                    .project,
                    QueryParameter("task_id", .identifier, "Only those that run this task"),
                    QueryParameter("state", .cases(of: Sandbox.State.self), "Only in this state"),
                    QueryParameter(
                        "status",
                        .cases(of: Sandbox.State.self),
                        "The earlier system's name of state",
                        isDeprecated: true
                    ),
                ] + .page,
                answers: [.page("sandboxes", of: Shapes.sandbox)],
                handle: list
            ),
            Route(
                .get,
                "sandboxes/health",
                operation: "getSandboxHealth",
                summary: "The earlier system's health route",
                demand: .read,
                answers: [
                    .ok(
                        .object([
                            .required("service", .text), .required("status", .oneOf(["ok"])),
                            .required("timestamp", .timestamp),
                        ])
                    )
                ],
                needsReadModel: false,
                handle: health
            ),
            Route(
                .get,
                "sandboxes/capacity",
                operation: "getSandboxCapacity",
                summary: "How many sandboxes run and how many more could",
                details: "From the last heartbeat of every orchestrator; one that is silent is not counted.",
                demand: .read,
                answers: [.ok(Shapes.capacity)],
                needsReadModel: false,
                handle: capacity
            ),
            Route(
                .get,
                "sandboxes/{id}",
                operation: "getSandbox",
                summary: "One sandbox",
                demand: .read,
                answers: [.entity(Shapes.sandbox)],
                handle: show
            ),
            Route(
                .get,
                "sandboxes/{id}/task",
                operation: "getSandboxTask",
                summary: "The task a sandbox runs or ran",
                demand: .read,
                answers: [.entity(Shapes.task)],
                handle: task
            ),
        ]
    }

    @Sendable func list(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let query = QueryParameters(request)
        let projectID = try context.requireActor().narrow(query.identifier("project_id"))
        let taskID = try query.identifier("task_id")
        // `status` is the earlier system's name of it.
        let state =
            try query.value("state", of: Sandbox.State.self) ?? query.value("status", of: Sandbox.State.self)
        let page = try query.page()
        return .page(
            try await model.store.read { db in
                try SandboxTable.list(state: state, projectID: projectID, taskID: taskID, page, in: db)
            },
            as: "sandboxes"
        )
    }

    @Sendable func show(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try context.parameters.identifier("id", kind: "sandbox")
        let only = try context.requireActor().projectID
        guard let sandbox = try await model.store.read({ db in try SandboxTable.find(id, only: only, in: db) }) else {
            throw Fault.notFound("sandbox", id)
        }
        return .entity(sandbox, for: request)
    }

    @Sendable func task(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try context.parameters.identifier("id", kind: "sandbox")
        let only = try context.requireActor().projectID
        let task = try await model.store.read { db in
            guard try SandboxTable.find(id, only: only, in: db) != nil else { throw Fault.notFound("sandbox", id) }
            return try SandboxTable.task(of: id, in: db)
        }
        guard let task else { throw Fault(.notFound, "the sandbox \(id) has no task") }
        return .entity(task, for: request)
    }

    @Sendable func capacity(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        .json(raw: try await commands.send(DescribeCapacity(), from: .init(request, context)).bytes)
    }

    @Sendable func health(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        var answer = JSONObject()
        answer.append("service", "sandbox-api")
        answer.append("status", "ok")
        answer.append("timestamp", time.now().description)
        return .json(raw: answer.bytes)
    }
}
