import Contracts
import Kernel
import Logging
import Messaging
import ServiceKit
import ServiceLifecycle
import Storage

/// The ticket workflow: owner of projects, tickets, tasks, attempts, results and tokens.
package struct Workflow: Sendable {
    package static let service = "ticket-workflow"
    /// CloudEvents `source` of everything it says; the number is the partition.
    static let source = "/ticket-workflow/0"

    /// Tables of the store, in the order they were introduced.
    package static let migrations = ServiceMigrations.all + WorkflowMigrations.all

    /// Everything the process runs, in the order of dependency.
    ///
    /// - Throws: ``Fault`` or ``ConfigurationError`` in one line.
    package static func services(
        _ settings: Settings,
        _ common: CommonConfiguration,
        _ runtime: ServiceRuntime
    ) async throws -> [any Service] {
        let configuration = try WorkflowConfiguration(settings, common)
        let store = try Store(
            StoreConfiguration(path: try common.storePath(), durability: .full),
            migrations: migrations
        )
        let signer = try await FirstStart.signer(store, now: runtime.time.now())
        let tokens = TokenIssuer(signer)
        let isFirst = try await FirstStart.handOutAdminToken(
            store,
            tokens,
            file: configuration.adminTokenFile,
            source: source,
            now: runtime.time.now()
        )
        if isFirst {
            runtime.logger.info(
                "first start: admin token written",
                metadata: ["file": "\(configuration.adminTokenFile)"]
            )
        }
        let publisher = Publisher(try common.broker("publish"))
        let environment = WorkflowEnvironment(
            configuration: configuration,
            time: runtime.time,
            leases: LeaseTable(duration: configuration.lease),
            tokens: tokens,
            random: { .random(in: 0..<1) },
            stop: stop(through: publisher, runtime.time)
        )
        try await environment.restoreLeases(store)
        return try services(store, publisher, environment, common, runtime)
    }

    private static func services(
        _ store: Store,
        _ publisher: Publisher,
        _ environment: WorkflowEnvironment,
        _ common: CommonConfiguration,
        _ runtime: ServiceRuntime
    ) throws -> [any Service] {
        let facts = FactServer(
            store: store,
            source: source,
            handlers: facts(environment),
            time: runtime.time,
            service: service
        )
        let commands = CommandServer(
            store: store,
            publisher: publisher,
            source: source,
            service: service,
            handlers: commands(environment),
            time: runtime.time,
            deadLetterSources: [facts]
        )
        let (leases, time) = (environment.leases, runtime.time)
        let consumer = Consumer(
            try common.broker("consume"),
            subscriptions: [
                commands.subscription(queue: Topology.commandQueue(Topic.workflow())),
                facts.subscription(queue: Topology.workflowFacts),
            ],
            connectionChanged: { isConsuming in
                // Nobody can renew a lease while nobody is heard.
                if isConsuming { leases.restart(uptime: time.uptime()) } else { leases.pause() }
            }
        )
        runtime.health.add("store", down: "the database is broken") { !store.isBroken }
        runtime.health.add("publisher", down: "not connected to the broker") { publisher.isConnected }
        runtime.health.add("consumer", down: "not consuming commands and facts") { consumer.isConsuming }
        return [
            StoreService(store),
            PublisherService(publisher),
            OutboxRelay(store: store, publisher: publisher, time: runtime.time, appID: service),
            WorkflowClock(store: store, source: source, environment: environment),
            EffectLoop(store: store, source: source, environment: environment),
            facts,
            ConsumerService(consumer),
        ]
    }

    /// Every command it answers.
    static func commands(_ environment: WorkflowEnvironment) -> CommandHandlers {
        var handlers = CommandHandlers()
        handlers.add(CreateProject.self, environment)
        handlers.add(UpdateProject.self, environment)
        handlers.add(CreateTickets.self, environment)
        handlers.add(CheckDuplicates.self, environment)
        handlers.add(PrepareDuplicateCheck.self, environment)
        handlers.add(ConnectGitHub.self, environment)
        handlers.add(DisconnectGitHub.self, environment)
        handlers.add(VerifyGitHub.self, environment)
        handlers.add(ListGitHubConnections.self, environment)
        handlers.add(CallGitHub.self, environment)
        handlers.add(ReceiveGitHubDelivery.self, environment)
        addTicketRules(to: &handlers, environment)
        handlers.add(CreateTask.self, environment)
        handlers.add(ChangeDependencies.self, environment)
        handlers.add(CancelTask.self, environment)
        handlers.add(RetryTask.self, environment)
        handlers.add(ExplainTask.self, environment)
        handlers.add(ClaimTask.self, environment)
        handlers.add(Heartbeat.self, environment)
        handlers.add(DescribeCapacity.self, environment)
        handlers.add(FetchAssignment.self, environment)
        handlers.add(SubmitResult.self, environment)
        handlers.add(IssueToken.self, environment)
        handlers.add(RevokeToken.self, environment)
        handlers.add(DescribeKey.self, environment)
        handlers.add(Snapshot.self, environment)
        handlers.add(DescribeEffect.self, environment)
        handlers.add(UpdateTask.self, environment)
        handlers.add(FailTask.self, environment)
        handlers.add(SetTimeout.self, environment)
        handlers.add(CleanUpTimedOut.self, environment)
        handlers.add(CheckCircular.self, environment)
        handlers.add(RegisterConversation.self, environment)
        handlers.add(GenerateTitles.self, environment)
        handlers.add(DescribeResult.self, environment)
        handlers.add(ListResults.self, environment)
        handlers.add(VerifyResult.self, environment)
        handlers.add(JudgeResult.self, environment)
        handlers.add(SubmitReport.self, environment)
        handlers.add(ListReports.self, environment)
        handlers.add(DescribeReport.self, environment)
        addSpecs(to: &handlers, environment)
        return handlers
    }

    private static func addSpecs(to handlers: inout CommandHandlers, _ environment: WorkflowEnvironment) {
        handlers.add(CreateSpec.self, environment)
        handlers.add(UpdateSpec.self, environment)
        handlers.add(DeleteSpec.self, environment)
        handlers.add(AddRequirement.self, environment)
        handlers.add(UpdateRequirement.self, environment)
        handlers.add(RemoveRequirement.self, environment)
        handlers.add(AddCriterion.self, environment)
        handlers.add(UpdateCriterion.self, environment)
        handlers.add(RemoveCriterion.self, environment)
        handlers.add(SetDesign.self, environment)
        handlers.add(ApproveSpec.self, environment)
        handlers.add(CreateSpecTask.self, environment)
        handlers.add(MaterializeSpec.self, environment)
        handlers.add(ListSpecVersions.self, environment)
    }

    private static func addTicketRules(to handlers: inout CommandHandlers, _ environment: WorkflowEnvironment) {
        handlers.add(TransitionTicket.self, environment)
        handlers.add(UpdateTicket.self, environment)
        handlers.add(BlockTicket.self, environment)
        handlers.add(UnblockTicket.self, environment)
        handlers.add(RegressTicket.self, environment)
        handlers.add(ProgressTicket.self, environment)
        handlers.add(DetectBlocking.self, environment)
        handlers.add(ApproveTicket.self, environment)
        handlers.add(RejectTicket.self, environment)
        handlers.add(UpdateTicketContext.self, environment)
        handlers.add(AddArtifact.self, environment)
        handlers.add(ListArtifacts.self, environment)
        handlers.add(DescribeGate.self, environment)
        handlers.add(CheckPhase.self, environment)
        handlers.add(ChangePhase.self, environment)
        handlers.add(SpawnPhaseTasks.self, environment)
    }

    /// Every fact it acts on. The binding of its queue names the same types.
    static let facts: [(types: [EventType], handle: SandboxFact)] = [
        ([.sandboxRunning, .sandboxCompleting], OnSandboxRunning.handle),
        ([.sandboxFailed], OnSandboxFailed.handle),
        ([.sandboxCompleted, .sandboxTerminated], OnSandboxEnded.handle),
    ]

    /// Every slow effect it performs.
    static let effects: [any Effect.Type] = [
        TaskTitle.self, GitHubQuestion.self, GitHubVerification.self, TextEmbedding.self,
    ]

    private static func facts(_ environment: WorkflowEnvironment) -> FactHandlers {
        var handlers = FactHandlers()
        for (types, handle) in facts { handlers.add(types, environment, handle) }
        return handlers
    }

    private static func stop(
        through publisher: Publisher,
        _ time: any TimeSource
    ) -> @Sendable (String, StopSandbox) -> Void {
        let logger = Logger(label: "stop")
        return { instance, command in
            do {
                let actor = try ContractCoder.encode(Actor.service(service))
                let deadline = time.now() + Limits.commandDeadline
                let properties = MessageProperties(
                    messageID: Identifier.make().description,
                    type: StopSandbox.name,
                    appID: service,
                    contentType: ContentType.json,
                    timestamp: time.now(),
                    expiration: Limits.commandDeadline,
                    headers: [
                        MessageHeader.actor: String(decoding: actor, as: UTF8.self),
                        MessageHeader.deadline: deadline.description,
                    ]
                )
                publisher.send(
                    OutgoingMessage(
                        exchange: Topic.commands,
                        routingKey: Topic.orchestrator(instance: instance),
                        properties: properties,
                        body: try ContractCoder.encode(command)
                    )
                )
            } catch {
                // The orchestrator's next heartbeat is answered with the same order.
                logger.error("a stop could not be sent", metadata: ["reason": "\(error)"])
            }
        }
    }
}

extension WorkflowEnvironment {
    /// Begins the lease of every attempt that was open when the process ended.
    func restoreLeases(_ store: Store) async throws {
        let uptime = time.uptime()
        for attempt in try await store.read({ try AttemptStore.open(in: $0) }) {
            leases.open(attempt, uptime: uptime)
        }
    }
}
