import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// `/api/v1/sandboxes`, for people.
struct SandboxesController: Sendable {
    let model: ReadModel
    let time: any TimeSource

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

    @Sendable func health(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        var answer = JSONObject()
        answer.append("service", "sandbox-api")
        answer.append("status", "ok")
        answer.append("timestamp", time.now().description)
        return .json(raw: answer.bytes)
    }
}
