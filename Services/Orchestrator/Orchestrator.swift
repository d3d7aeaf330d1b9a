import Contracts
import Kernel
import Messaging
import ServiceKit
import ServiceLifecycle
import Storage

/// The process `omoi-orchestrator`: claims tasks, runs each in a sandbox, reports what becomes of it.
package enum OrchestratorProcess {
    package static let name = "orchestrator"

    /// Runs to the end of the process.
    package static func run() async -> Never {
        await ServiceMain.run(name, keys: OrchestratorConfiguration.keys) { settings, common, runtime in
            // Makes the home, whose real path the configuration asks for.
            _ = try common.storePath()
            let configuration = try OrchestratorConfiguration(settings, home: common.home)
            return try await services(configuration, common, runtime)
        }
    }

    /// Checks the provider, takes over what an earlier run left, and puts the parts together.
    ///
    /// - Returns: the services in the order in which they depend on each other.
    /// - Throws: ``ConfigurationError`` when sandboxes cannot be created here; ``Fault`` when the store cannot be
    ///   opened.
    package static func services(
        _ configuration: OrchestratorConfiguration,
        _ common: CommonConfiguration,
        _ runtime: ServiceRuntime
    ) async throws -> [any Service] {
        let provider = try configuration.makeProvider(logger: runtime.logger)
        do {
            try await provider.verify()
        } catch let fault as Fault {
            throw ConfigurationError(fault.message)
        }
        let store = try Store(
            StoreConfiguration(path: try common.storePath(), durability: .full),
            migrations: ServiceMigrations.all + SandboxTable.migrations
        )
        let fleet = Fleet(
            store: SandboxStore(store: store, time: runtime.time, instance: configuration.instance),
            provider: provider,
            home: configuration.home,
            gatewayURL: configuration.gatewayURL,
            slots: configuration.slots,
            time: runtime.time,
            logger: runtime.logger
        )
        let undecided = try await Readoption(fleet: fleet).run()

        let publisher = Publisher(try common.broker("publish"))
        let requester = Requester(try common.broker("request"))
        let server = commandServer(store, publisher, fleet, runtime)
        let consumer = Consumer(
            try common.broker("consume"),
            subscriptions: [
                server.subscription(queue: Topology.commandQueue(Topic.orchestrator(instance: fleet.instance))),
                server.subscription(queue: Topology.commandQueue(Topic.orchestrator)),
                WakeUpSubscription(fleet: fleet).subscription,
            ]
        )
        runtime.health.add("broker", down: "not connected") {
            publisher.isConnected && requester.isConnected && consumer.isConsuming
        }
        let farewell: [any Service] = configuration.endsSandboxes ? [FarewellLoop(fleet: fleet)] : []
        return [
            StoreService(store), PublisherService(publisher), RequesterService(requester),
            OutboxRelay(store: store, publisher: publisher, time: runtime.time, appID: name),
            ConsumerService(consumer), SupervisionLoop(fleet: fleet),
            CleanUpLoop(fleet: fleet, grace: configuration.keep),
        ] + farewell + [
            heartbeat(fleet, requester, every: configuration.heartbeat), dispatch(fleet, requester, undecided),
        ]
    }

    private static func commandServer(
        _ store: Store,
        _ publisher: Publisher,
        _ fleet: Fleet,
        _ runtime: ServiceRuntime
    ) -> CommandServer {
        var handlers = CommandHandlers()
        handlers.on(StopSandbox.self, StopSandboxHandler(fleet: fleet).callAsFunction)
        return CommandServer(
            store: store,
            publisher: publisher,
            source: fleet.store.source,
            service: name,
            handlers: handlers,
            time: runtime.time
        )
    }

    private static func heartbeat(_ fleet: Fleet, _ requester: Requester, every interval: Duration) -> HeartbeatLoop {
        HeartbeatLoop(fleet: fleet, interval: interval) { heartbeat in
            // A beat that is late is worth nothing: the next one says more.
            let context = RequestContext(actor: .service(name), deadline: max(interval, .seconds(2)))
            return try await requester.request(heartbeat, to: Topic.workflow(), context: context).reply
        }
    }

    private static func dispatch(_ fleet: Fleet, _ requester: Requester, _ undecided: [Identifier]) -> DispatchLoop {
        DispatchLoop(fleet: fleet, undecided: undecided) { claim in
            let context = RequestContext(actor: .service(name))
            return try await requester.request(claim, to: Topic.workflow(), context: context).reply
        }
    }
}
