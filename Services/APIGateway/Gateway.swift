import Contracts
import Hummingbird
import Kernel
import Messaging
import Observability
import ServiceKit
import ServiceLifecycle
import Storage
import Synchronization

/// The gateway put together: HTTP in front, commands and activity to the broker, the log stream into the read model.
package struct Gateway: Sendable {
    /// The service's name in logs, files and dead letters.
    package static let name = "api-gateway"
    package static let version = "0.1.0"

    /// In the order they depend on each other.
    package let services: [any Service]
    /// The port that was really bound; 0 before that.
    package var port: Int { boundPort.value }

    /// Every route as it is declared.
    let routes: [Route]
    /// What the router really answers, `GET /api/v1/projects`.
    let served: Set<String>
    private let boundPort = BoundPort()

    /// Opens the read model; nothing runs yet.
    ///
    /// - Parameter around: sees every request first and every answer last.
    /// - Throws: ``ConfigurationError`` or ``Fault`` in one line.
    package init(
        _ configuration: GatewayConfiguration,
        _ runtime: ServiceRuntime,
        around: [any MiddlewareProtocol<Request, Response, OmoiRequestContext>] = []
    ) async throws {
        let common = configuration.common
        let model = try ReadModel(path: common.storePath(Self.name))
        try await model.load(now: runtime.time.now())
        let requester = Requester(try common.broker("request"))
        let publisher = Publisher(try common.broker("publish"))
        let keys = Self.keys(of: model, requester, runtime)
        let follower = try Self.follower(of: model, requester, common, runtime)
        let commands = CommandClient(requester: requester, model: model, logger: runtime.logger)
        let routes = GatewayRoutes(
            projects: ProjectsController(model: model, commands: commands),
            tickets: TicketsController(model: model, commands: commands),
            ticketRules: TicketRulesController(model: model, commands: commands),
            phases: PhasesController(model: model, commands: commands),
            duplicates: DuplicatesController(commands: commands),
            gitHub: GitHubController(commands: commands),
            tasks: TasksController(model: model, commands: commands),
            taskActions: TaskActionsController(model: model, commands: commands, time: runtime.time),
            titles: TitlesController(model: model, commands: commands),
            results: ResultsController(model: model, commands: commands),
            reports: ReportsController(model: model, commands: commands),
            specs: SpecsController(model: model, commands: commands),
            board: BoardController(model: model, commands: commands),
            graph: GraphController(model: model),
            sandboxes: SandboxesController(model: model, commands: commands, time: runtime.time),
            sandboxSide: SandboxSideController(
                model: model,
                commands: commands,
                reporter: ActivityReporter(publisher: publisher, time: runtime.time)
            ),
            tokens: TokensController(model: model, commands: commands),
            deadLetters: DeadLettersController(model: model, commands: commands),
            meta: MetaController(relayURL: configuration.relayURL),
            runtime: runtime,
            bind: common.bind,
            allowedHosts: configuration.allowedHosts,
            verify: { token, now in try await keys.verify(token, now: now) },
            isReady: { !model.isEmptied && follower.isCaughtUp },
            requestsPerMinute: configuration.requestsPerMinute
        )
        self.routes = try routes.all()
        let router = try routes.router(around: around)
        served = Set(router.routes.map { "\($0.method.rawValue) \($0.path)" })
        Self.addChecks(to: runtime.health, requester, publisher, keys, follower)
        services = [
            StoreService(model.store), PublisherService(publisher), RequesterService(requester), keys, follower,
            HTTPService(
                responder: router.buildResponder(),
                bind: common.bind,
                port: configuration.port,
                logger: runtime.logger,
                bound: boundPort
            ),
        ]
    }

    private static func keys(of model: ReadModel, _ requester: Requester, _ runtime: ServiceRuntime) -> KeyProvider {
        KeyProvider(
            requester: requester,
            service: name,
            revoked: model.revoked,
            time: runtime.time,
            load: { try await model.verificationKey() },
            save: { try await model.keep($0) }
        )
    }

    private static func follower(
        of model: ReadModel,
        _ requester: Requester,
        _ common: CommonConfiguration,
        _ runtime: ServiceRuntime
    ) throws -> StreamFollower {
        StreamFollower(
            broker: try common.broker("streams"),
            stream: Topic.log,
            store: model.store,
            apply: { deliveries, db in try model.apply(deliveries, to: db) },
            reset: { db in try model.clear(db) },
            rebuild: { try await SnapshotReader(requester: requester, model: model).run() },
            time: runtime.time
        )
    }

    private static func addChecks(
        to health: HealthChecks,
        _ requester: Requester,
        _ publisher: Publisher,
        _ keys: KeyProvider,
        _ follower: StreamFollower
    ) {
        health.add("broker", down: "not connected to the message broker") {
            requester.isConnected && publisher.isConnected
        }
        health.add("key", down: "the ticket workflow has not told its verification key yet") { keys.isReady }
        health.add("read-model", down: "the read model is still being filled") { follower.isCaughtUp }
    }
}
