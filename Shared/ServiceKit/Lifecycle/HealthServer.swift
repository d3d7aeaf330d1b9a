import Contracts
import Hummingbird
import Kernel
import Observability
import ServiceLifecycle

/// `/livez`, `/readyz` and `/metrics` on a port of their own.
package struct HealthServer: Service {
    private let bind: String
    private let port: Int
    private let runtime: ServiceRuntime

    package init(bind: String, port: Int, runtime: ServiceRuntime) {
        self.bind = bind
        self.port = port
        self.runtime = runtime
    }

    package func run() async throws {
        let router = Router(context: BasicRequestContext.self)
        HealthRoutes.add(to: router, runtime)
        var logger = runtime.logger
        logger.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            router: router,
            configuration: .init(address: .hostname(bind, port: port)),
            logger: logger
        )
        try await application.run()
    }
}

/// The same routes on a service's own router.
package enum HealthRoutes {
    /// Adds `GET /livez` (the process runs), `/readyz` (it can work: 200 or 503 with the checks) and `/metrics`.
    package static func add<Context: RequestContext>(to router: some RouterMethods<Context>, _ runtime: ServiceRuntime)
    {
        router.get("/livez") { _, _ in
            Response(status: .ok, headers: [.contentType: "text/plain"], body: .init(byteBuffer: .init(string: "ok\n")))
        }
        router.get("/readyz") { _, _ in
            let report = await runtime.health.report()
            return try Response.json(report, status: report.ready ? .ok : .serviceUnavailable)
        }
        router.get("/metrics") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: .init(string: runtime.metrics.render()))
            )
        }
    }
}
