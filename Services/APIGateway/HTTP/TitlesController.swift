import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// `/api/v1/tasks`: titles written by a model, or by rule where none is configured.
struct TitlesController: Sendable {
    /// Titles of one request when it does not say how many.
    private static let usual = 10

    let model: ReadModel
    let commands: CommandClient

    var routes: [Route] {
        [
            Route(
                .post,
                "tasks/{id}/generate-title",
                operation: "generateTaskTitle",
                summary: "Give a task a short title",
                details:
                    "By the configured model; without one by rule, marked `title_source: derived`. A model that has "
                    + "not answered within 8 s is answered 202 with the title so far; the task changes later.",
                demand: .write,
                body: Schemas.title,
                optionalBody: true,
                answers: [
                    .ok(Shapes.title),
                    Route.Answer(status: 202, schema: Shapes.title, description: "The model is still at it"),
                ],
                handle: one
            ),
            Route(
                .post,
                "tasks/generate-titles",
                operation: "generateTaskTitles",
                summary: "Give the newest tasks with long titles short ones",
                demand: .write,
                body: Schemas.titles,
                optionalBody: true,
                answers: [.ok(Shapes.titles)],
                handle: several
            ),
        ]
    }

    @Sendable func one(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try context.parameters.identifier("id", kind: "task")
        _ = try await visible(id, context)
        let body = try await Received<TitleBody>(request, context)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        let asked = try await ask(GenerateTitles(id: id, context: body.value.context), origin)
        var task = try await visible(id, context)
        guard let effect = asked.first?.effectID, let report = try await outcome(of: effect, origin) else {
            return .json(raw: try ContractCoder.encode(TitleAnswer(task, pending: false)))
        }
        if report.status == .failed { throw report.fault?.fault ?? Fault(.unavailable, "the model gave no title") }
        if let title = Self.title(report) {
            // The read model may be a moment behind.
            task.title = title
            task.titleSource = .model
        }
        return .json(
            raw: try ContractCoder.encode(TitleAnswer(task, pending: !report.status.isFinal)),
            status: report.status.isFinal ? .ok : .accepted
        )
    }

    @Sendable func several(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<TitlesBody>(request, context)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        let asked = try await ask(GenerateTitles(id: nil, limit: body.value.limit ?? Self.usual), origin)
        let deadline = ContinuousClock.now + Limits.effectWait
        var items: [TitlesAnswer.Item] = []
        for item in asked {
            let task = try await visible(item.taskID, context)
            let left = max(.zero, deadline - ContinuousClock.now)
            guard let effect = item.effectID, let report = try await outcome(of: effect, origin, within: left) else {
                items.append(.init(taskID: task.id, title: task.title))
                continue
            }
            items.append(
                .init(
                    taskID: task.id,
                    title: Self.title(report) ?? task.title,
                    error: report.status == .failed ? report.fault?.message ?? "the model gave no title" : nil,
                    pending: !report.status.isFinal
                )
            )
        }
        return .json(raw: try ContractCoder.encode(TitlesAnswer(items)))
    }

    /// nil when the request is an old one repeated: its effect is over and forgotten, the title is there.
    private func outcome(
        of effect: Identifier,
        _ origin: CommandClient.Origin,
        within limit: Duration = Limits.effectWait
    ) async throws -> EffectReport? {
        do {
            return try await commands.outcome(of: effect, from: origin, within: limit)
        } catch let fault as Fault where fault.code == .notFound {
            return nil
        }
    }

    private func ask(
        _ command: GenerateTitles,
        _ origin: CommandClient.Origin
    ) async throws -> [TitleRequests.Item] {
        let reply = try await commands.send(command, from: origin)
        return try ContractCoder.decode(TitleRequests.self, from: Array(reply.bytes)).tasks
    }

    private func visible(_ id: Identifier, _ context: OmoiRequestContext) async throws -> WorkTask {
        let only = try context.requireActor().projectID
        let stored = try await model.store.read { db in try TaskTable.find(id, only: only, in: db) }
        guard let stored else { throw Fault.notFound("task", id) }
        return try ContractCoder.decode(from: stored.body)
    }

    private static func title(_ report: EffectReport) -> String? {
        guard case .string(let title) = report.answer?["title"] else { return nil }
        return title
    }
}
