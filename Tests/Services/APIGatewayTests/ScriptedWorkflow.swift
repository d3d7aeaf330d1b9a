import Contracts
import GRDB
import Kernel
import Logging
import Messaging
import ServiceKit
import ServiceLifecycle
import Storage
import Synchronization

/// A stand-in for the ticket workflow: real queue, store, outbox and token signatures, but the simplest decisions.
final class ScriptedWorkflow: Sendable {
    struct State {
        var projects: [Identifier: Project] = [:]
        var tickets: [Identifier: Ticket] = [:]
        var tasks: [Identifier: WorkTask] = [:]
        var specs: [Identifier: Spec] = [:]
        var idempotency: [Idempotency] = []
        var results: [ResultSubmission] = []
        var traceparents: [String] = []
        var snapshots = 0
        /// What becomes of asked-for titles, by effect.
        var effects: [Identifier: String] = [:]
        var taskResults: [TaskResult] = []
        var reports: [Report] = []
        var gitHubCalls: [CallGitHub] = []
        var deliveries: [ReceiveGitHubDelivery] = []
    }

    let signer: TokenSigner
    let state = Mutex(State())
    private let directory: String
    private let url: String
    private let group = Mutex<(group: ServiceGroup, task: Task<Void, any Error>)?>(nil)

    init(url: String, directory: String) throws {
        self.url = url
        self.directory = directory
        signer = try TokenSigner(seed: TokenSigner.makeSeed())
    }

    /// Starts answering; may be called again after ``stop()``.
    func start() async throws {
        let store = try Store(
            StoreConfiguration(path: "\(directory)/ticket-workflow.sqlite", durability: .normal),
            migrations: []
        )
        let publisher = Publisher(try BrokerConfiguration(url: url, connectionName: "workflow publish"))
        let server = CommandServer(
            store: store,
            publisher: publisher,
            source: "/ticket-workflow/0",
            service: "ticket-workflow",
            handlers: handlers()
        )
        let consumer = Consumer(
            try BrokerConfiguration(url: url, connectionName: "workflow consume"),
            subscriptions: [server.subscription(queue: Topology.commandQueue(Topic.workflow()))]
        )
        let services: [any Service] = [
            StoreService(store), PublisherService(publisher),
            OutboxRelay(store: store, publisher: publisher, appID: "ticket-workflow"), ConsumerService(consumer),
        ]
        let group = ServiceGroup(services: services, logger: quiet)
        // Unstructured: it runs beside the test's own steps, which end it.
        let task = Task { try await group.run() }
        self.group.withLock { $0 = (group, task) }
        await consumer.waitUntilConsuming()
    }

    func stop() async {
        guard let running = group.withLock({ $0 }) else { return }
        group.withLock { $0 = nil }
        await running.group.triggerGracefulShutdown()
        _ = await running.task.result
    }

    /// A signed token, valid for an hour.
    func token(
        _ scope: Scope,
        subject: String = "somebody",
        project: Identifier? = nil,
        binding: Actor.Binding? = nil,
        id: Identifier = .make(),
        lifetime: Duration = .seconds(3600)
    ) throws -> String {
        let now = Timestamp.now()
        return try signer.sign(
            TokenClaims(
                actor: Actor(subject: subject, scope: scope, projectID: project, binding: binding),
                id: id,
                issuedAt: now,
                expiresAt: now + lifetime
            )
        )
    }

    private func handlers() -> CommandHandlers {
        var handlers = CommandHandlers()
        addQueries(to: &handlers)
        addProjects(to: &handlers)
        addTickets(to: &handlers)
        addTicketRules(to: &handlers)
        addTasks(to: &handlers)
        addTaskRules(to: &handlers)
        addSpecs(to: &handlers)
        addSandboxSide(to: &handlers)
        addTokens(to: &handlers)
        addGitHub(to: &handlers)
        return handlers
    }

    private func addQueries(to handlers: inout CommandHandlers) {
        handlers.onQuery(DescribeKey.self) { [signer] _, _, _ in signer.verificationKey }
        handlers.onQuery(Snapshot.self) { [self] _, _, _ in
            state.withLock { state in
                state.snapshots += 1
                return SnapshotPage(
                    entities: state.projects.values.map { EventData($0) } + state.tickets.values.map { EventData($0) }
                        + state.tasks.values.map { EventData($0) },
                    transitions: [],
                    attempts: [],
                    nextCursor: nil
                )
            }
        }
        handlers.onQuery(DescribeCapacity.self) { _, _, _ in
            SandboxCapacity([.init(instance: "local", slots: 8, used: 3, seenAt: .now())])
        }
        handlers.onQuery(ExplainTask.self) { [self] command, _, _ in
            guard state.withLock({ $0.tasks[command.id] }) != nil else { throw Fault.notFound("task", command.id) }
            return TaskExplanation(taskID: command.id, holds: [])
        }
    }

    private func addProjects(to handlers: inout CommandHandlers) {
        handlers.on(CreateProject.self) { [self] command, transaction in
            note(transaction)
            let project = Project(
                id: .make(),
                name: command.body.name,
                key: command.body.key ?? "PRJ",
                settings: command.body.settings ?? ProjectSettings(),
                createdAt: transaction.now,
                updatedAt: transaction.now
            )
            state.withLock { $0.projects[project.id] = project }
            try transaction.emit(.projectCreated, EventData(project))
            return project
        }
        handlers.on(UpdateProject.self) { [self] command, transaction in
            let project = try state.withLock { state in
                guard var project = state.projects[command.id] else { throw Fault.notFound("project", command.id) }
                guard command.ifVersion ?? project.version == project.version else {
                    throw Fault(.preconditionFailed, "the project is at version \(project.version)")
                }
                project.name = command.body.name ?? project.name
                project.status = command.body.status ?? project.status
                if let patch = command.body.settings {
                    let own: JSONValue = try ContractCoder.decode(from: ContractCoder.encode(project.settings))
                    project.settings = try ContractCoder.decode(from: ContractCoder.encode(own.merged(with: patch)))
                }
                project.version += 1
                state.projects[project.id] = project
                return project
            }
            try transaction.emit(.projectUpdated, EventData(project))
            return project
        }
    }

    private func addTickets(to handlers: inout CommandHandlers) {
        handlers.on(CreateTickets.self) { [self] command, transaction in
            note(transaction)
            if let duplicates = duplicates(of: command) { return duplicates }
            return try create(command.body, transaction)
        }
        handlers.on(TransitionTicket.self) { [self] command, transaction in
            let (before, after) = try state.withLock { state in
                guard let before = state.tickets[command.id] else { throw Fault.notFound("ticket", command.id) }
                guard command.ifVersion ?? before.version == before.version else {
                    throw Fault(.versionConflict, "the ticket is at version \(before.version)")
                }
                var after = before
                after.phase = command.body.toStatus.phases[0]
                after.status = command.body.toStatus
                after.version += 1
                state.tickets[after.id] = after
                return (before, after)
            }
            let transition = Transition(
                id: .make(),
                ticketID: after.id,
                from: before.phase,
                to: after.phase,
                cause: .manual,
                actor: transaction.actor.subject,
                at: transaction.now
            )
            try transaction.emit(.ticketTransitioned, EventData(after, transition: transition))
            return after
        }
        handlers.onQuery(ProgressTicket.self) { [self] command, _, _ in
            guard let ticket = state.withLock({ $0.tickets[command.id] }) else {
                throw Fault.notFound("ticket", command.id)
            }
            return TicketProgress(
                ticket: ticket,
                fromPhase: .backlog,
                phaseComplete: true,
                blockingReasons: ["no unfinished task"]
            )
        }
    }

    private func create(_ batch: TicketBatch, _ transaction: Transaction) throws -> TicketBatchResponse {
        var response = TicketBatchResponse(tickets: [], tasks: [])
        for body in batch.tickets {
            let number = try state.withLock { state in
                guard state.projects[batch.projectID] != nil else {
                    throw Fault.notFound("project", batch.projectID)
                }
                return state.tickets.count + 1
            }
            let ticket = Ticket(
                id: .make(),
                key: "PRJ-\(number)",
                projectID: batch.projectID,
                title: body.title,
                description: body.description,
                labels: body.labels ?? [],
                createdAt: transaction.now,
                updatedAt: transaction.now,
                enteredPhaseAt: transaction.now
            )
            state.withLock { $0.tickets[ticket.id] = ticket }
            try transaction.emit(.ticketCreated, EventData(ticket))
            response.tickets.append(ticket)
            for specification in body.tasks ?? [] {
                let task = WorkTask(
                    id: .make(),
                    ticketID: ticket.id,
                    projectID: ticket.projectID,
                    phase: .implementation,
                    title: specification.title,
                    createdAt: transaction.now
                )
                state.withLock { $0.tasks[task.id] = task }
                try transaction.emit(.taskCreated, EventData(task))
                response.tasks.append(task)
            }
        }
        return response
    }

    private func addTasks(to handlers: inout CommandHandlers) {
        handlers.on(CreateTask.self) { [self] command, transaction in
            guard let ticket = state.withLock({ $0.tickets[command.body.ticketID] }) else {
                throw Fault.notFound("ticket", command.body.ticketID)
            }
            let task = WorkTask(
                id: .make(),
                ticketID: ticket.id,
                projectID: ticket.projectID,
                phase: .implementation,
                title: command.body.title,
                dependsOn: command.body.dependsOn ?? [],
                createdAt: transaction.now
            )
            state.withLock { $0.tasks[task.id] = task }
            try transaction.emit(.taskCreated, EventData(task))
            return task
        }
        handlers.on(ChangeDependencies.self) { [self] command, transaction in
            try change(command.id, .taskUpdated, transaction) { task in
                switch command.change {
                case .add: task.dependsOn += command.dependsOn
                case .replace: task.dependsOn = command.dependsOn
                case .remove: task.dependsOn.removeAll { command.dependsOn.contains($0) }
                }
            }
        }
        handlers.on(CancelTask.self) { [self] command, transaction in
            try change(command.id, .taskCancelled, transaction) { task in
                task.sandboxStopped = task.status == .pending
                task.status = .cancelled
                task.error = command.reason
            }
        }
        handlers.on(RetryTask.self) { [self] command, transaction in
            try change(command.id, .taskUpdated, transaction) { $0.status = .pending }
        }
    }

    func change(
        _ id: Identifier,
        _ type: EventType,
        _ transaction: Transaction,
        _ body: (inout WorkTask) -> Void
    ) throws -> WorkTask {
        let task = try state.withLock { state in
            guard var task = state.tasks[id] else { throw Fault.notFound("task", id) }
            body(&task)
            task.version += 1
            state.tasks[id] = task
            return task
        }
        try transaction.emit(type, EventData(task))
        return task
    }

    private func addSandboxSide(to handlers: inout CommandHandlers) {
        handlers.on(FetchAssignment.self) { [self] _, transaction in
            guard let binding = transaction.actor.binding, let task = state.withLock({ $0.tasks[binding.taskID] })
            else { throw Fault(.attemptSuperseded, "no such attempt") }
            return Assignment(
                sandboxID: binding.sandboxID,
                task: task,
                ticketKey: "PRJ-1",
                ticketTitle: "t",
                attempt: binding.attempt,
                fence: binding.fence,
                repository: nil,
                defaultBranch: "main",
                branch: "omoi/PRJ-1",
                baseBranches: [],
                agent: AgentSettings(),
                checks: [],
                timeoutSeconds: 60
            )
        }
        handlers.on(SubmitResult.self) { [self] command, transaction in
            let task = try change(command.taskID, .taskCompleted, transaction) { task in
                task.status = .completed
                task.attempt = 1
            }
            state.withLock { $0.results.append(command.body) }
            return ResultResponse(
                success: true,
                taskID: task.id,
                resultID: .make(),
                taskStatus: task.status,
                attempt: 1,
                late: false
            )
        }
    }

    private func addTokens(to handlers: inout CommandHandlers) {
        handlers.on(IssueToken.self) { [self] command, transaction in
            let lifetime = Duration.seconds(command.body.expiresIn ?? 60)
            let details = AccessToken(
                id: .make(),
                subject: command.body.subject,
                scope: command.body.scope,
                projectID: command.body.projectID,
                issuedAt: transaction.now,
                expiresAt: transaction.now + lifetime
            )
            let text = try token(
                details.scope,
                subject: details.subject,
                project: details.projectID,
                id: details.id,
                lifetime: lifetime
            )
            try transaction.emit(.tokenIssued, EventData(details))
            return TokenResponse(token: text, details: details)
        }
        handlers.on(RevokeToken.self) { command, transaction in
            var details = AccessToken(
                id: command.id,
                subject: "s",
                scope: .member,
                issuedAt: transaction.now,
                expiresAt: transaction.now + .seconds(3600)
            )
            details.revoked = true
            details.version = 2
            try transaction.emit(.tokenRevoked, EventData(details))
            return details
        }
    }

    private func note(_ transaction: Transaction) {
        state.withLock { state in
            if let idempotency = transaction.idempotency { state.idempotency.append(idempotency) }
            if let traceparent = transaction.traceparent { state.traceparents.append(traceparent) }
        }
    }
}

/// Only what is wrong.
let quiet: Logger = {
    var logger = Logger(label: "test")
    logger.logLevel = .warning
    return logger
}()
