import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// Phases, their gates, and moves between them.
struct PhasesController: Sendable {
    let model: ReadModel
    let commands: CommandClient

    @Sendable func list(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        try .json(Phase.allCases.map(PhaseDefinition.init))
    }

    @Sendable func show(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        try .json(PhaseDefinition(try phase("phase_id", context)))
    }

    @Sendable func gates(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        guard let project = try QueryParameters(request).identifier("project_id") ?? context.requireActor().projectID
        else { throw Fault.invalid("project_id", "is required") }
        try context.requireActor().mustSee(project, else: .notFound("project", project))
        let settings = try await model.store.read { db in try ProjectTable.existing(project, in: db) }
        return try .json(Gates(projectID: project, gates: settings?.gates ?? [:]))
    }

    @Sendable func gate(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await model.ticket(context.parameters.get("id") ?? "", context)
        let phase = try QueryParameters(request).value("phase_id", of: Phase.self)
        var origin = try CommandClient.Origin(request, context)
        // It only asks, so there is nothing to repeat.
        origin.idempotency = nil
        return .json(raw: try await commands.send(DescribeGate(id: id, phase: phase), from: origin).bytes)
    }

    @Sendable func addArtifact(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let reference = context.parameters.get("id") ?? ""
        let id = try await model.ticket(reference, context)
        let body = try await Received<ArtifactCreate>(request, context)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        let artifact = try await commands.send(AddArtifact(id: id, body: body.value), from: origin)
        return .json(raw: artifact.bytes, status: .created, location: "/api/v1/tickets/\(id)/artifacts")
    }

    @Sendable func artifacts(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await model.ticket(context.parameters.get("id") ?? "", context)
        return .json(raw: try await commands.send(ListArtifacts(id: id), from: .init(request, context)).bytes)
    }

    @Sendable func transition(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await model.ticket(context.parameters.get("id") ?? "", context)
        let body = try await Received<PhaseTransition>(request, context)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        return try await move(id, body.value, request, origin)
    }

    @Sendable func fastTrack(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        try await move(to: .implementation, request, context)
    }

    @Sendable func complete(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        try await move(to: .done, request, context)
    }

    @Sendable func checkAdvance(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await model.ticket(context.parameters.get("id") ?? "", context)
        let reply = try await commands.send(ProgressTicket(id: id), from: .init(request, context))
        return try .json(AdvanceReport(try ContractCoder.decode(from: Array(reply.bytes))))
    }

    @Sendable func canTransition(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await model.ticket(context.parameters.get("id") ?? "", context)
        let command = CheckPhase(id: id, toPhase: try phase("to_phase", context))
        return .json(raw: try await commands.send(command, from: .init(request, context)).bytes)
    }

    private func move(to phase: Phase, _ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await model.ticket(context.parameters.get("id") ?? "", context)
        let query = QueryParameters(request)
        let body = PhaseTransition(
            toPhase: phase,
            reason: try query.text("reason"),
            force: try query.boolean("force")
        )
        return try await move(id, body, request, CommandClient.Origin(request, context))
    }

    private func move(
        _ id: Identifier,
        _ body: PhaseTransition,
        _ request: Request,
        _ origin: CommandClient.Origin
    ) async throws -> Response {
        let version = try EntityTag.demanded(by: request)
        let reply = try await EntityTag.guarding(version) {
            try await commands.send(ChangePhase(id: id, ifVersion: version, body: body), from: origin)
        }
        let change: PhaseChange = try ContractCoder.decode(from: Array(reply.bytes))
        return try .json(PhaseTransitionReport(change, reason: body.reason))
    }

    private func phase(_ name: String, _ context: OmoiRequestContext) throws(Fault) -> Phase {
        let text = context.parameters.get(name) ?? ""
        guard let phase = Phase(rawValue: text) else { throw Fault.notFound("phase", text) }
        return phase
    }
}

private struct Gates: Encodable {
    var projectID: Identifier
    var gates: [String: GateSettings]

    enum CodingKeys: String, CodingKey {
        case gates
        case projectID = "project_id"
    }
}
