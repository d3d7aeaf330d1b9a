import Hummingbird
import Kernel
import Observability
import ServiceKit

/// The HTTP surface: the table of contents of its routes, and the router made from it.
struct GatewayRoutes {
    let projects: ProjectsController
    let tickets: TicketsController
    let ticketRules: TicketRulesController
    let phases: PhasesController
    let duplicates: DuplicatesController
    let gitHub: GitHubController
    let tasks: TasksController
    let taskActions: TaskActionsController
    let titles: TitlesController
    let results: ResultsController
    let reports: ReportsController
    let specs: SpecsController
    let board: BoardController
    let graph: GraphController
    let sandboxes: SandboxesController
    let sandboxSide: SandboxSideController
    let tokens: TokensController
    let deadLetters: DeadLettersController
    let meta: MetaController
    let agents = AgentsController()

    let runtime: ServiceRuntime
    let bind: String
    let allowedHosts: [String]
    /// Verifies bearer tokens.
    let verify: BearerMiddleware.Verify
    /// Whether queries can be answered.
    let isReady: @Sendable () -> Bool

    /// Requests of a token to a family of routes per minute; 0: no limit.
    let requestsPerMinute: Int

    /// Every route there is, except the probes every service has.
    ///
    /// - Throws: an encoding error, which would be a bug.
    func all() throws -> [Route] {
        try described + DocumentationController(describing: described).routes
    }

    /// One line per resource.
    private var described: [Route] {
        let families: [[Route]] = [
            projects.routes,
            tickets.routes,
            ticketRules.routes,
            phases.routes,
            duplicates.routes,
            gitHub.routes,
            tasks.routes,
            taskActions.routes,
            titles.routes,
            results.routes,
            reports.routes,
            specs.routes,
            board.routes,
            graph.routes,
            sandboxes.routes,
            sandboxSide.routes,
            tokens.routes,
            deadLetters.routes,
            meta.routes,
            agents.routes,
        ]
        return families.flatMap(\.self)
    }

    /// - Parameter around: outermost middleware beside those every request passes.
    /// - Throws: an encoding error, which would be a bug.
    func router(around: [any MiddlewareProtocol<Request, Response, OmoiRequestContext>] = []) throws -> Router<
        OmoiRequestContext
    > {
        let table = RouteTable()
        let router = Router(context: OmoiRequestContext.self)
        for middleware in around { router.add(middleware: middleware) }
        router.add(middleware: Reception(routes: table, bind: bind, allowed: allowedHosts, time: runtime.time))
        HealthRoutes.add(to: router, runtime)

        let guarding = RouteGuard(
            bearer: BearerMiddleware(time: runtime.time, verify: verify),
            limiter: RateLimiter(limit: requestsPerMinute, time: runtime.time),
            isReady: isReady
        )
        for route in try all() {
            router.on(RouterPath(route.fullPath), method: route.method, use: guarding.guarded(route))
        }
        table.fill(from: router)
        return router
    }
}
