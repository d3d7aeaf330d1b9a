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
                details: "Settings are merged (RFC 7396): what is absent stays, null gives back the default.",
                demand: .write,
                body: Schemas.projectPatch,
                heedsIfMatch: true,
                answers: [.entity(Shapes.project)],
                handle: update
            ),
            Route(
                .delete,
                "projects/{id}",
                operation: "archiveProject",
                summary: "Archive a project",
                details: "Nothing is deleted; status active brings it back.",
                demand: .write,
                heedsIfMatch: true,
                answers: [.ok(Shapes.projectArchived)],
                handle: archive
            ),
            Route(
                .get,
                "projects/{id}/stats",
                operation: "getProjectStats",
                summary: "Tickets, agents and commits of a project in numbers",
                demand: .read,
                answers: [.ok(Shapes.projectStats)],
                handle: stats
            ),
            Route(
                .get,
                "projects/{id}/settings",
                operation: "getProjectSettings",
                summary: "The settings of a project",
                demand: .read,
                answers: [.entity(Schemas.projectSettings)],
                handle: settings
            ),
            Route(
                .patch,
                "projects/{id}/settings",
                operation: "updateProjectSettings",
                summary: "Change settings of a project",
                details: "Merged (RFC 7396): what is absent stays, null gives back the default, arrays are replaced.",
                demand: .write,
                body: Schemas.settingsPatch,
                heedsIfMatch: true,
                answers: [.entity(Schemas.projectSettings)],
                handle: updateSettings
            ),
        ]
    }

    @Sendable func create(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<ProjectCreate>(request, context)
        guard try context.requireActor().projectID == nil else {
            throw Fault(.forbidden, "a token bound to one project may not create another")
        }
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        var create = body.value
        if let autoStart = body.earlierAutoStart {
            create.settings = create.settings ?? ProjectSettings()
            create.settings?.autoStart = autoStart
        }
        let project = try await commands.send(CreateProject(body: create), from: origin)
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
        let id = try visible(context)
        let body = try await Received<ProjectPatch>(request, context)
        var patch = body.value
        if let autoStart = body.earlierAutoStart {
            patch.settings = .members(patch.settings ?? [:], ("auto_start", .bool(autoStart)))
        }
        return .changed(try await change(id, patch, body.bytes, request, context))
    }

    @Sendable func archive(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try visible(context)
        var patch = ProjectPatch()
        patch.status = .archived
        _ = try await change(id, patch, [], request, context)
        return try .json(ProjectArchived(id))
    }

    @Sendable func stats(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try visible(context)
        guard let stats = try await model.store.read({ db in try ProjectTable.stats(of: id, in: db) }) else {
            throw Fault.notFound("project", id)
        }
        return try .json(stats)
    }

    @Sendable func settings(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try visible(context)
        guard let project = try await model.store.point({ db in try ProjectTable.find(id, in: db) }) else {
            throw Fault.notFound("project", id)
        }
        let settings = try Members(RawJSON(project.body), "project").required("settings")
        return .entity(StoredEntity(version: project.version, body: Array(settings.bytes)), for: request)
    }

    @Sendable func updateSettings(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try visible(context)
        let body = try await Received<JSONValue>(request, context)
        var patch = ProjectPatch()
        patch.settings = body.value
        let project = try Members(await change(id, patch, body.bytes, request, context), "reply")
        return .json(raw: try project.required("settings").bytes, version: try project.integer("version"))
    }

    /// The id in the path, unless the caller's token is bound to another project.
    private func visible(_ context: OmoiRequestContext) throws -> Identifier {
        let id = try context.parameters.identifier("id", kind: "project")
        try context.requireActor().mustSee(id, else: .notFound("project", id))
        return id
    }

    private func change(
        _ id: Identifier,
        _ patch: ProjectPatch,
        _ bytes: [UInt8],
        _ request: Request,
        _ context: OmoiRequestContext
    ) async throws -> RawJSON {
        let version = try EntityTag.demanded(by: request)
        let origin = try CommandClient.Origin(request, context, body: bytes)
        return try await EntityTag.guarding(version) {
            try await commands.send(UpdateProject(id: id, ifVersion: version, body: patch), from: origin)
        }
    }
}
