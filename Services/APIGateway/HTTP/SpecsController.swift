import Contracts
import HTTPTypes
import Hummingbird
import Kernel
import ServiceKit

/// `/api/v1/specs`
struct SpecsController: Sendable {
    let model: ReadModel
    let commands: CommandClient

    var routes: [Route] {
        readingRoutes + specRoutes + requirementRoutes + criterionRoutes + workRoutes + taskRoutes
    }

    // MARK: Reading

    @Sendable func list(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let project = try context.parameters.identifier("id", kind: "project")
        try context.requireActor().mustSee(project, else: .notFound("project", project))
        let query = QueryParameters(request)
        let status = try query.value("status", of: Spec.Status.self)
        // Known from the earlier system, where deleting was archiving; here the deleted is gone.
        _ = try query.boolean("include_archived")
        let page = try query.page()
        return try .json(
            await model.store.read { db in
                guard try ProjectTable.find(project, in: db) != nil else { throw Fault.notFound("project", project) }
                return try SpecTable.list(of: project, status: status, page, in: db)
            }
        )
    }

    @Sendable func show(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let (id, only) = try (identifier(context), context.requireActor().projectID)
        let view = try await model.store.read { db in
            try SpecTable.find(id, only: only, in: db).map { try SpecTable.view($0, in: db) }
        }
        guard let view else { throw Fault.notFound("spec", id) }
        // Never 304: progress changes without a new version.
        return try .json(view, headers: [.eTag: EntityTag.text(view.spec.version)])
    }

    @Sendable func tasks(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let (id, only) = try (identifier(context), context.requireActor().projectID)
        let tasks = try await model.store.read { db in
            try SpecTable.find(id, only: only, in: db).map { try SpecTable.tasks(of: $0, in: db) }
        }
        guard let tasks else { throw Fault.notFound("spec", id) }
        return try .json(tasks)
    }

    @Sendable func trace(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let (id, only) = try (identifier(context), context.requireActor().projectID)
        let trace = try await model.store.read { db in
            try SpecTable.find(id, only: only, in: db).map { try SpecTable.trace(of: $0, in: db) }
        }
        guard let trace else { throw Fault.notFound("spec", id) }
        return try .json(trace)
    }

    /// Asked of the owner: nobody else keeps old versions.
    @Sendable func versions(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await addressed(context)
        let page = try QueryParameters(request).page()
        let before = try page.cursor.map { cursor throws(Fault) in
            guard let number = try PageCursor(parsing: cursor, list: "versions").key.first.flatMap({ Int($0) }) else {
                throw PageCursor.refused
            }
            return number
        }
        var origin = try CommandClient.Origin(request, context)
        origin.idempotency = nil
        let reply = try await commands.send(
            ListSpecVersions(id: id, limit: page.limit, before: before),
            from: origin
        )
        let found: SpecVersionPage = try ContractCoder.decode(from: Array(reply.bytes))
        return try .json(
            SpecVersionList(
                versions: found.versions,
                total: found.total,
                nextCursor: found.nextBefore.map { PageCursor(list: "versions", key: [String($0)]).text }
            )
        )
    }

    // MARK: The spec itself

    @Sendable func create(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<SpecCreate>(request, context)
        let project = body.value.projectID
        try context.requireActor().mustSee(project, else: .notFound("project", project))
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        let spec = try await reply(CreateSpec(body: body.value), from: origin)
        return try await answer(spec, status: .created)
    }

    @Sendable func update(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<SpecPatch>(request, context)
        let spec = try await change(request, context, body.bytes) { id, version in
            UpdateSpec(id: id, ifVersion: version, body: body.value)
        }
        return try await answer(spec)
    }

    @Sendable func delete(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        _ = try await change(request, context) { id, version in DeleteSpec(id: id, ifVersion: version) }
        return try .json(SpecMessage(message: "Spec deleted"))
    }

    // MARK: Requirements and criteria

    @Sendable func addRequirement(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<RequirementCreate>(request, context)
        let spec = try await change(request, context, body.bytes) { id, version in
            AddRequirement(id: id, ifVersion: version, body: body.value)
        }
        guard let requirement = spec.requirements.last else {
            throw Fault(.internalError, "the workflow named no requirement")
        }
        return try part(requirement, of: spec, status: .created)
    }

    @Sendable func updateRequirement(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let requirement = try context.parameters.identifier("requirement_id", kind: "requirement")
        let body = try await Received<RequirementPatch>(request, context)
        let spec = try await change(request, context, body.bytes) { id, version in
            UpdateRequirement(id: id, requirementID: requirement, ifVersion: version, body: body.value)
        }
        return try part(find(requirement, in: spec), of: spec)
    }

    @Sendable func removeRequirement(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let requirement = try context.parameters.identifier("requirement_id", kind: "requirement")
        let spec = try await change(request, context) { id, version in
            RemoveRequirement(id: id, requirementID: requirement, ifVersion: version)
        }
        return try part(SpecMessage(message: "Requirement deleted"), of: spec)
    }

    @Sendable func addCriterion(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let requirement = try context.parameters.identifier("requirement_id", kind: "requirement")
        let body = try await Received<CriterionCreate>(request, context)
        let spec = try await change(request, context, body.bytes) { id, version in
            AddCriterion(id: id, requirementID: requirement, ifVersion: version, body: body.value)
        }
        guard let criterion = try find(requirement, in: spec).criteria.last else {
            throw Fault(.internalError, "the workflow named no criterion")
        }
        return try part(criterion, of: spec, status: .created)
    }

    @Sendable func updateCriterion(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let (requirement, criterion) = try criterion(context)
        let body = try await Received<CriterionPatch>(request, context)
        let spec = try await change(request, context, body.bytes) { id, version in
            UpdateCriterion(
                id: id,
                requirementID: requirement,
                criterionID: criterion,
                ifVersion: version,
                body: body.value
            )
        }
        guard let changed = try find(requirement, in: spec).criteria.first(where: { $0.id == criterion }) else {
            throw Fault(.internalError, "the workflow lost the criterion")
        }
        return try part(changed, of: spec)
    }

    @Sendable func removeCriterion(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let (requirement, criterion) = try criterion(context)
        let spec = try await change(request, context) { id, version in
            RemoveCriterion(id: id, requirementID: requirement, criterionID: criterion, ifVersion: version)
        }
        return try part(SpecMessage(message: "Criterion deleted"), of: spec)
    }

    // MARK: Design, approvals, work

    @Sendable func setDesign(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<DesignBody>(request, context)
        let spec = try await change(request, context, body.bytes) { id, version in
            SetDesign(id: id, ifVersion: version, body: body.value)
        }
        return try part(spec.design ?? Spec.Design(), of: spec)
    }

    @Sendable func approveRequirements(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let spec = try await change(request, context) { id, version in
            ApproveSpec(id: id, part: .requirements, ifVersion: version)
        }
        return try part(SpecMessage(message: "Requirements approved"), of: spec)
    }

    @Sendable func approveDesign(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let spec = try await change(request, context) { id, version in
            ApproveSpec(id: id, part: .design, ifVersion: version)
        }
        return try part(SpecMessage(message: "Design approved"), of: spec)
    }

    @Sendable func createTask(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<SpecTaskCreate>(request, context)
        let made: SpecTaskCreated = try await exchange(request, context, body.bytes) { id, version in
            CreateSpecTask(id: id, ifVersion: version, body: body.value)
        }
        return try .json(
            SpecTask(made.task, link: made.spec.taskLinks.last { $0.taskID == made.task.id }),
            status: .created,
            headers: [.eTag: EntityTag.text(made.spec.version), .location: "/api/v1/tasks/\(made.task.id)"]
        )
    }

    @Sendable func materialize(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let done: SpecMaterialized = try await exchange(request, context) { id, version in
            MaterializeSpec(id: id, ifVersion: version)
        }
        let (tickets, tasks) = (done.ticketIDs.count, done.taskCount)
        let message = tickets == 0 ? "Nothing was held" : "\(tickets) tickets with \(tasks) tasks may start"
        return try part(
            SpecMaterialization(
                specID: done.spec.id,
                message: message,
                ticketIDs: done.ticketIDs,
                taskCount: tasks
            ),
            of: done.spec
        )
    }
}

// MARK: - Parts

extension SpecsController {
    private func identifier(_ context: OmoiRequestContext) throws -> Identifier {
        try context.parameters.identifier("id", kind: "spec")
    }

    private func criterion(_ context: OmoiRequestContext) throws -> (requirement: Identifier, criterion: Identifier) {
        (
            try context.parameters.identifier("requirement_id", kind: "requirement"),
            try context.parameters.identifier("criterion_id", kind: "criterion")
        )
    }

    /// The spec of a command: the owner says whether it exists, only a bound token needs a look here.
    private func addressed(_ context: OmoiRequestContext) async throws -> Identifier {
        let id = try identifier(context)
        guard let only = try context.requireActor().projectID else { return id }
        let found = try await model.store.read { db in try SpecTable.find(id, only: only, in: db) }
        guard found != nil else { throw Fault.notFound("spec", id) }
        return id
    }

    /// Sends a command about the spec of the path, made of its id and the version that `If-Match` demands.
    private func exchange<C: Command>(
        _ request: Request,
        _ context: OmoiRequestContext,
        _ body: [UInt8] = [],
        _ command: (Identifier, Int?) -> C
    ) async throws -> C.Reply {
        let id = try await addressed(context)
        let version = try EntityTag.demanded(by: request)
        return try await reply(command(id, version), from: CommandClient.Origin(request, context, body: body))
    }

    private func change<C: Command>(
        _ request: Request,
        _ context: OmoiRequestContext,
        _ body: [UInt8] = [],
        _ command: (Identifier, Int?) -> C
    ) async throws -> Spec where C.Reply == Spec {
        try await exchange(request, context, body, command)
    }

    private func reply<C: Command>(_ command: C, from origin: CommandClient.Origin) async throws -> C.Reply {
        try ContractCoder.decode(from: Array(await commands.send(command, from: origin).bytes))
    }

    /// The spec as the command left it, with what the read model knows of its tasks.
    private func answer(_ spec: Spec, status: HTTPResponse.Status = .ok) async throws -> Response {
        let view = try await model.store.read { db in try SpecTable.view(spec, in: db) }
        var headers: HTTPFields = [.eTag: EntityTag.text(spec.version)]
        if status == .created { headers[.location] = "/api/v1/specs/\(spec.id)" }
        return try .json(view, status: status, headers: headers)
    }

    /// A part of a spec; the version is the spec's.
    private func part(
        _ value: some Encodable,
        of spec: Spec,
        status: HTTPResponse.Status = .ok
    ) throws -> Response {
        var headers: HTTPFields = [.eTag: EntityTag.text(spec.version)]
        if status == .created { headers[.location] = "/api/v1/specs/\(spec.id)" }
        return try .json(value, status: status, headers: headers)
    }

    private func find(_ id: Identifier, in spec: Spec) throws -> Spec.Requirement {
        guard let requirement = spec.requirements.first(where: { $0.id == id }) else {
            throw Fault(.internalError, "the workflow lost the requirement")
        }
        return requirement
    }
}
