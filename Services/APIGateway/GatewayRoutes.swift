import Hummingbird
import Kernel
import Observability
import ServiceKit

/// The HTTP surface: every route with the token it demands.
struct GatewayRoutes {
    let projects: ProjectsController
    let tickets: TicketsController
    let tasks: TasksController
    let board: BoardController
    let sandboxes: SandboxesController
    let sandboxSide: SandboxSideController
    let tokens: TokensController
    let deadLetters: DeadLettersController
    let meta: MetaController

    let runtime: ServiceRuntime
    let bind: String
    let allowedHosts: [String]
    /// Verifies bearer tokens.
    let verify: BearerMiddleware.Verify
    /// Whether queries can be answered.
    let isReady: @Sendable () -> Bool

    func router() -> Router<OmoiRequestContext> {
        let table = RouteTable()
        let router = Router(context: OmoiRequestContext.self)
        router.add(middleware: RequestIDMiddleware())
        router.add(middleware: RequestMetricsMiddleware(time: runtime.time))
        router.add(middleware: ProblemMiddleware(routes: table))
        router.add(middleware: HostMiddleware(bind: bind, allowed: allowedHosts))

        HealthRoutes.add(to: router, runtime)
        router.get("health", use: meta.health)
        router.get("/", use: meta.root)

        let api = router.group("api/v1").add(middleware: BearerMiddleware(time: runtime.time, verify: verify))
        let readers = api.group().add(middleware: ScopeMiddleware(demand: .read))
        addInformation(to: readers)
        addQueries(to: readers.group().add(middleware: ReadinessMiddleware(isReady: isReady)))
        addCommands(
            to: api.group().add(middleware: ScopeMiddleware(demand: .write))
                .add(middleware: ReadinessMiddleware(isReady: isReady))
        )
        addAdministration(to: api.group().add(middleware: ScopeMiddleware(demand: .admin)))
        addSandboxSide(to: api.group().add(middleware: ScopeMiddleware(demand: .sandbox)))
        table.fill(from: router)
        return router
    }

    private func addInformation(to routes: RouterGroup<OmoiRequestContext>) {
        routes.get("meta", use: meta.meta)
        routes.get("sandboxes/health", use: sandboxes.health)
    }

    private func addQueries(to routes: RouterGroup<OmoiRequestContext>) {
        routes.get("projects", use: projects.list)
        routes.get("projects/:id", use: projects.show)
        routes.get("tickets", use: tickets.list)
        routes.get("tickets/:id", use: tickets.show)
        routes.get("tickets/:id/history", use: tickets.history)
        routes.get("tasks", use: tasks.list)
        routes.get("tasks/:id", use: tasks.show)
        routes.get("tasks/:id/dependencies", use: tasks.dependencies)
        routes.get("tasks/:id/attempts", use: tasks.attempts)
        routes.get("tasks/:id/explain", use: tasks.explain)
        routes.get("board/view", use: board.view)
        routes.get("sandboxes", use: sandboxes.list)
        routes.get("sandboxes/:id", use: sandboxes.show)
    }

    private func addCommands(to routes: RouterGroup<OmoiRequestContext>) {
        routes.post("projects", use: projects.create)
        routes.patch("projects/:id", use: projects.update)
        routes.post("tickets", use: tickets.create)
        routes.post("tickets/batch", use: tickets.createBatch)
        routes.post("tickets/:id/transition", use: tickets.transition)
        routes.post("tasks", use: tasks.create)
        routes.post("tasks/:id/dependencies", use: tasks.addDependencies)
        routes.put("tasks/:id/dependencies", use: tasks.replaceDependencies)
        routes.delete("tasks/:id/dependencies/:dependency", use: tasks.removeDependency)
        routes.post("tasks/:id/cancel", use: tasks.cancel)
        routes.post("tasks/:id/retry", use: tasks.retry)
    }

    private func addAdministration(to routes: RouterGroup<OmoiRequestContext>) {
        routes.post("tokens", use: tokens.issue)
        routes.get("tokens", use: tokens.list)
        routes.delete("tokens/:id", use: tokens.revoke)
        routes.get("dead-letters", use: deadLetters.list)
        routes.post("dead-letters/:service/:id/replay", use: deadLetters.replay)
        routes.delete("dead-letters/:service/:id", use: deadLetters.discard)
    }

    private func addSandboxSide(to routes: RouterGroup<OmoiRequestContext>) {
        routes.get("sandbox/task", use: sandboxSide.assignment)
        routes.post("sandbox/task/:id/results", use: sandboxSide.submit)
        routes.post("sandboxes/:id/events", use: sandboxSide.report)
    }
}
