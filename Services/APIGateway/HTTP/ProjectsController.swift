import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// `/api/v1/projects`
struct ProjectsController: Sendable {
    let model: ReadModel
    let commands: CommandClient

    @Sendable func create(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<ProjectCreate>(request, Schemas.projectCreate)
        guard try context.requireActor().projectID == nil else {
            throw Fault(.forbidden, "a token bound to one project may not create another")
        }
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        let project = try await commands.send(CreateProject(body: body.value), from: origin)
        return try .created(project, at: "/api/v1/projects")
    }

    @Sendable func list(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let query = QueryParameters(request)
        let status = try query.value("status", of: Project.Status.self)
        let page = try query.page(acceptsOffset: true)
        let only = try context.requireActor().projectID
        return .page(
            try await model.store.read { db in try ProjectTable.list(status: status, only: only, page, in: db) },
            as: "projects"
        )
    }

    @Sendable func show(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try context.parameters.identifier("id", kind: "project")
        let only = try context.requireActor().projectID
        guard let project = try await model.store.read({ db in try ProjectTable.find(id, only: only, in: db) }) else {
            throw Fault.notFound("project", id)
        }
        return .entity(project, for: request)
    }

    @Sendable func update(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try context.parameters.identifier("id", kind: "project")
        try context.requireActor().mustSee(id, else: .notFound("project", id))
        let body = try await Received<ProjectPatch>(request, Schemas.projectPatch)
        let version = try EntityTag.demanded(by: request)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        let project = try await EntityTag.guarding(version) {
            try await commands.send(UpdateProject(id: id, ifVersion: version, body: body.value), from: origin)
        }
        return .changed(project)
    }
}
