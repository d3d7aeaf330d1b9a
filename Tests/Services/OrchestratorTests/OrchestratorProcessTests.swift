import Contracts
import Kernel
import LocalBroker
import Logging
import Messaging
import ServiceKit
import ServiceLifecycle
import Storage
import TestSupport
import Testing

@testable import Orchestrator

/// The whole orchestrator on a real broker. Only the workflow's decisions are a fake; its command queue is not.
@Suite(.timeLimit(.minutes(5))) struct OrchestratorProcessTests {
    @Test func `a wake-up becomes a claimed task, a sandbox and its events; a stop command ends it`() async throws {
        try await withTemporaryDirectory { home in
            let broker = try await LocalBroker.start(directory: "\(home)/broker")
            let outcome: Result<Void, any Error>
            do {
                outcome = .success(try await run(home, broker.url))
            } catch {
                outcome = .failure(error)
            }
            await broker.stop()
            try outcome.get()
        }
    }

    private func run(_ home: String, _ url: String) async throws {
        let workflow = FakeWorkflow(ready: 0)
        try await withGroups([try workflowServices(home, url, workflow), try await orchestrator(home, url)]) {
            try await EventLedger.listen(to: url, patterns: ["sandbox.*"]) { ledger in
                let requester = Requester(try BrokerConfiguration(url: url, connectionName: "test request"))
                let publisher = Publisher(try BrokerConfiguration(url: url, connectionName: "test publish"))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await requester.run() }
                    group.addTask { try await publisher.run() }
                    await requester.waitUntilConnected()
                    await publisher.waitUntilConnected()
                    // The look at its start has found nothing; from here on only a wake-up makes it ask in time.
                    try await soon("it asked once") { workflow.asked.count > 0 }
                    workflow.add(1)
                    #expect(await publisher.publish(wakeUp) == .confirmed)
                    let running = try await soon("it runs") { ledger.events(of: .sandboxRunning).first }
                    let stop = StopSandbox(sandboxID: running.subject, reason: "cancelled")
                    _ = try await requester.request(
                        stop,
                        to: Topic.orchestrator(instance: "test"),
                        context: .init(actor: .service("test"))
                    )
                    let failed = try await soon("it failed") { ledger.events(of: .sandboxFailed).first }
                    #expect(failed.subject == running.subject)
                    #expect(failed.data.sandbox?.reason == "cancelled")
                    #expect(failed.source == "/orchestrator/test")
                    #expect(ledger.events(of: .sandboxCreated).count == 1)
                    await #expect(throws: Fault.self) {
                        try await requester.request(
                            StopSandbox(sandboxID: .make(), reason: "x"),
                            to: Topic.orchestrator(instance: "test"),
                            context: .init(actor: .service("test"))
                        )
                    }
                    requester.stop()
                    publisher.stop()
                    try await group.waitForAll()
                }
            }
        }
    }

    private var wakeUp: OutgoingMessage {
        OutgoingMessage(
            exchange: Topic.events,
            routingKey: EventType.taskPending.rawValue,
            properties: MessageProperties(messageID: "wake", type: EventType.taskPending.rawValue, persistent: true),
            body: [],
            mandatory: true
        )
    }

    /// Runs each list of services as a process of its own would, until `body` is done.
    private func withGroups(
        _ processes: [[any Service]],
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let groups = processes.map { services in
            ServiceGroup(configuration: .init(services: services, logger: logger))
        }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for group in groups { tasks.addTask { try await group.run() } }
            try await body()
            for group in groups.reversed() { await group.triggerGracefulShutdown() }
            try await tasks.waitForAll()
        }
    }

    private func orchestrator(_ home: String, _ url: String) async throws -> [any Service] {
        let environment = [
            "OMOI_HOME": home, "OMOI_AMQP_URL": url, "OMOI_INSTANCE": "test", "OMOI_SANDBOX_PROVIDER": "process",
            "OMOI_WORKER": try StandInWorker.endless.install(in: home), "OMOI_HEARTBEAT_SECONDS": "1",
        ]
        let settings = try Settings(
            keys: CommonConfiguration.keys + OrchestratorConfiguration.keys,
            arguments: ["omoi-orchestrator"],
            environment: environment
        )
        let common = try CommonConfiguration(service: "orchestrator", settings: settings, environment: environment)
        let runtime = ServiceRuntime(
            service: "orchestrator",
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        return try await OrchestratorProcess.services(
            try OrchestratorConfiguration(settings, home: common.home, environment: environment),
            common,
            runtime
        )
    }

    /// The workflow's command queue, answered by the fake.
    private func workflowServices(_ home: String, _ url: String, _ workflow: FakeWorkflow) throws -> [any Service] {
        let store = try Store(
            StoreConfiguration(path: "\(home)/workflow.sqlite", durability: .normal),
            migrations: ServiceMigrations.all
        )
        let publisher = Publisher(try BrokerConfiguration(url: url, connectionName: "fake workflow publish"))
        var handlers = CommandHandlers()
        handlers.on(ClaimTask.self) { claim, _ in try workflow.answer(claim) }
        handlers.on(Heartbeat.self) { beat, _ in HeartbeatReply(renewed: beat.sandboxes.map(\.id), stop: []) }
        let server = CommandServer(
            store: store,
            publisher: publisher,
            source: "/ticket-workflow/0",
            service: "ticket-workflow",
            handlers: handlers
        )
        let consumer = Consumer(
            try BrokerConfiguration(url: url, connectionName: "fake workflow consume"),
            subscriptions: [server.subscription(queue: Topology.commandQueue(Topic.workflow()))]
        )
        return [StoreService(store), PublisherService(publisher), ConsumerService(consumer)]
    }
}
