import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// `/api/v1/tasks`: what is done to a task beside its creation and its dependencies.
struct TaskActionsController: Sendable {
    /// Pause between two looks at a cancelled task.
    private static let cancelLook: Duration = .milliseconds(50)

    let model: ReadModel
    let commands: CommandClient
    let time: any TimeSource

    var routes: [Route] { endings + times + notes }

    private var endings: [Route] {
        [
            Route(
                .patch,
                "tasks/{id}",
                operation: "updateTask",
                summary: "Change a task",
                details:
                    "Of a final task only the title changes. A status is not written: `cancelled` and `failed` act "
                    + "like their own routes, any other value is refused with 409 (the earlier system stored it).",
                demand: .write,
                body: Schemas.taskPatch,
                heedsIfMatch: true,
                answers: [.entity(Shapes.task)],
                handle: update
            ),
            Route(
                .post,
                "tasks/{id}/cancel",
                operation: "cancelTask",
                summary: "Cancel a task and stop its sandbox",
                details:
                    "The task is cancelled at once. The answer waits up to 5 s for the sandbox to be gone and says in "
                    + "`sandbox_stopped` whether it is. Every task that is not final can be cancelled; the earlier "
                    + "system marked it failed and left the sandbox running.",
                demand: .write,
                body: Schemas.cancel,
                optionalBody: true,
                heedsIfMatch: true,
                answers: [.entity(Shapes.cancelledTask)],
                handle: cancel
            ),
            Route(
                .post,
                "tasks/{id}/fail",
                operation: "failTask",
                summary: "End a task that is worked on as failed",
                details: "No further attempt is made. A pending task can be cancelled, not failed.",
                demand: .write,
                body: Schemas.cancel,
                optionalBody: true,
                heedsIfMatch: true,
                answers: [.ok(Shapes.failedTask)],
                handle: fail
            ),
        ]
    }

    private var times: [Route] {
        [
            Route(
                .get,
                "tasks/timed-out",
                operation: "listTimedOutTasks",
                summary: "Tasks that ended by their timeout or are over it, newest first",
                demand: .read,
                query: [.project] + .page,
                answers: [.array(of: Shapes.timedTask)],
                handle: timedOut
            ),
            Route(
                .get,
                "tasks/cancellable",
                operation: "listCancellableTasks",
                summary: "Tasks that can be cancelled, newest first",
                demand: .read,
                query: [
                    .project,
                    QueryParameter("agent_id", .text, "Ignored: there are no agents any more", isDeprecated: true),
                ] + .page,
                answers: [.array(of: Shapes.timedTask)],
                handle: cancellable
            ),
            Route(
                .post,
                "tasks/cleanup-timed-out",
                operation: "cleanUpTimedOutTasks",
                summary: "End every attempt that is over its time at once",
                details: "The workflow's own clock does that a little later in any case. A task with attempts left is "
                    + "tried again.",
                demand: .write,
                answers: [.ok(Shapes.cleanedUp)],
                handle: cleanUp
            ),
            Route(
                .get,
                "tasks/{id}/timeout-status",
                operation: "getTaskTimeout",
                summary: "How long a task has taken and may take",
                demand: .read,
                answers: [.ok(Shapes.timeoutStatus)],
                handle: timeoutStatus
            ),
            Route(
                .post,
                "tasks/{id}/set-timeout",
                operation: "setTaskTimeout",
                summary: "Set how long an attempt may take",
                details:
                    "An open attempt is measured anew from its start. Its worker goes on with the time it was given, "
                    + "so a longer time helps from the next attempt on.",
                demand: .write,
                body: Schemas.taskTimeout,
                heedsIfMatch: true,
                answers: [.ok(Shapes.taskTimeout)],
                handle: setTimeout
            ),
        ]
    }

    private var notes: [Route] {
        [
            Route(
                .post,
                "tasks/{id}/check-circular",
                operation: "checkCircularDependencies",
                summary: "Whether further dependencies would close a cycle",
                details: "The body is a bare array of task ids. Nothing is changed.",
                demand: .read,
                body: Schemas.circularCheck,
                answers: [.ok(Shapes.circularCheck)],
                handle: checkCircular
            ),
            Route(
                .post,
                "tasks/{id}/register-conversation",
                operation: "registerConversation",
                summary: "Note the agent's conversation that works on a task",
                details: "Also with the token of the sandbox that works on it. Empty values change nothing.",
                demand: .participate,
                body: Schemas.conversation,
                answers: [.ok(Shapes.conversation)],
                handle: registerConversation
            ),
        ]
    }

    @Sendable func update(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await locate(context)
        let version = try EntityTag.demanded(by: request)
        let body = try await Received<TaskPatch>(request, context)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        return .changed(
            try await EntityTag.guarding(version) {
                try await commands.send(UpdateTask(id: id, ifVersion: version, body: body.value), from: origin)
            }
        )
    }

    @Sendable func cancel(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await locate(context)
        let body = try await Received<CancelBody>(request, context)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        let reason = body.value.reason ?? "cancelled_by_request"
        var command = CancelTask(id: id, reason: reason)
        command.ifVersion = try EntityTag.demanded(by: request)
        let reply = try await commands.send(command, from: origin)
        var task: WorkTask = try ContractCoder.decode(from: Array(reply.bytes))
        let deadline = ContinuousClock.now + Limits.cancelWait
        while !task.sandboxStopped, ContinuousClock.now < deadline {
            try await Task.sleep(for: Self.cancelLook)
            task = try await stored(id) ?? task
        }
        return .json(raw: try ContractCoder.encode(CancelledTask(task)), version: task.version)
    }

    @Sendable func fail(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await locate(context)
        let body = try await Received<CancelBody>(request, context)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        let reason = body.value.reason ?? "marked_failed_by_user"
        var command = FailTask(id: id, reason: reason)
        command.ifVersion = try EntityTag.demanded(by: request)
        return .json(raw: try await commands.send(command, from: origin).bytes)
    }

    @Sendable func timedOut(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let query = QueryParameters(request)
        let project = try context.requireActor().narrow(query.identifier("project_id"))
        let (page, now) = (try query.page(), time.now())
        return .array(
            try await model.store.read { db in
                try TaskTable.timedOut(project: project, page, now: now, in: db)
            },
            for: request
        )
    }

    @Sendable func cancellable(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let query = QueryParameters(request)
        let project = try context.requireActor().narrow(query.identifier("project_id"))
        let (page, now) = (try query.page(), time.now())
        return .array(
            try await model.store.read { db in
                try TaskTable.cancellable(project: project, page, now: now, in: db)
            },
            for: request
        )
    }

    @Sendable func cleanUp(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        .json(raw: try await commands.send(CleanUpTimedOut(), from: .init(request, context)).bytes)
    }

    @Sendable func timeoutStatus(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try context.parameters.identifier("id", kind: "task")
        let only = try context.requireActor().projectID
        let timed = try await model.store.read { db in try TaskTable.timed(id, only: only, in: db) }
        guard let timed else { throw Fault.notFound("task", id) }
        return .json(raw: try ContractCoder.encode(timed.status(now: time.now())))
    }

    @Sendable func setTimeout(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await locate(context)
        let body = try await Received<TimeoutBody>(request, context)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        var command = SetTimeout(id: id, seconds: body.value.timeoutSeconds)
        command.ifVersion = try EntityTag.demanded(by: request)
        return .json(raw: try await commands.send(command, from: origin).bytes)
    }

    @Sendable func checkCircular(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let id = try await locate(context)
        let body = try await Received<[Identifier]>(request, context)
        var origin = try CommandClient.Origin(request, context)
        origin.idempotency = nil
        return .json(raw: try await commands.send(CheckCircular(id: id, dependsOn: body.value), from: origin).bytes)
    }

    @Sendable func registerConversation(
        _ request: Request,
        _ context: OmoiRequestContext
    ) async throws -> Response {
        // A sandbox may be faster than the read model; the owner knows its task.
        let isSandbox = try context.requireActor().binding != nil
        let id = try isSandbox ? context.parameters.identifier("id", kind: "task") : await locate(context)
        let body = try await Received<ConversationBody>(request, context)
        let origin = try CommandClient.Origin(request, context, body: body.bytes)
        _ = try await commands.send(RegisterConversation(id: id, body: body.value), from: origin)
        return .json(
            raw: try ContractCoder.encode(ConversationAnswer(taskID: id, conversationID: body.value.conversationID))
        )
    }

    private func stored(_ id: Identifier) async throws -> WorkTask? {
        let stored = try await model.store.read { db in try TaskTable.find(id, in: db) }
        return try stored.map { try ContractCoder.decode(from: $0.body) }
    }

    /// The task of a command: the owner says whether it exists, only a bound token needs a look here.
    private func locate(_ context: OmoiRequestContext) async throws -> Identifier {
        let id = try context.parameters.identifier("id", kind: "task")
        guard let only = try context.requireActor().projectID else { return id }
        let project = try await model.store.read { db in try TaskTable.project(of: id, in: db) }
        guard project == only else { throw Fault.notFound("task", id) }
        return id
    }
}
