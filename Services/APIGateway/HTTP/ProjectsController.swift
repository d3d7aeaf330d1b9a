import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// `/api/v1/projects`
struct ProjectsController: Sendable {
    let model: ReadModel
    let commands: CommandClient

    var routes: [Route] {
        [
            Route(
                .get,
                "projects",
                operation: "listProjects",
                summary: "Projects, newest first",
                demand: .read,
                query: [
                    QueryParameter("status", .cases(of: Project.Status.self), "Only those that are active, or archived")
                ] + .pageWithOffset,
                answers: [.page("projects", of: Shapes.project)],
                handle: list
            ),
            Route(
                .get,
                "projects/{id}",
                operation: "getProject",
                summary: "One project",
                demand: .read,
                answers: [.entity(Shapes.project)],
                handle: show
            ),
            Route(
                .post,
                "projects",
                operation: "createProject",
                summary: "Create a project",
                demand: .write,
                body: Schemas.projectCreate,
                answers: [.created(Shapes.project)],
                handle: create
            ),
            Route(
                .patch,
                "projects/{id}",
                operation: "updateProject",
                summary: "Change a project",
                demand: .write,
                body: Schemas.projectPatch,
                heedsIfMatch: true,
                answers: [.entity(Shapes.project)],
                handle: update
            ),
        ]
    }

    @Sendable func create(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<ProjectCreate>(request, context)
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
        guard let project = try await model.store.point({ db in try ProjectTable.find(id, only: only, in: db) }) else {
            throw Fault.notFound("project", id)
        }
        return .entity(project, for: request)
    }

    @Sendable func update(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try context.parameters.identifier("id", kind: "project")
        try context.requireActor().mustSee(id, else: .notFound("project", id))
        let body = try await Received<ProjectPatch>(request, context)
        let version = try EntityTag.demanded(by: request)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        let project = try await EntityTag.guarding(version) {
            try await commands.send(UpdateProject(id: id, ifVersion: version, body: body.value), from: origin)
        }
        return .changed(project)
    }
}
