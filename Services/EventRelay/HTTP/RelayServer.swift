import Glibc
import Hummingbird
import Kernel
import Logging
import Metrics
import NIOCore
import ServiceKit
import ServiceLifecycle

/// The relay's HTTP side.
struct RelayServer: Service {
    let configuration: RelayConfiguration
    let signal: EventSignal
    let responder: RouterResponder<OmoiRequestContext>
    let logger: Logger
    /// Called with the port once the server listens.
    let onListening: @Sendable (Int) -> Void
    /// Called for every reader that was cut.
    let onCut: @Sendable () -> Void

    static func responder(
        _ configuration: RelayConfiguration,
        events: EventsController,
        runtime: ServiceRuntime
    ) -> RouterResponder<OmoiRequestContext> {
        let router = Router(context: OmoiRequestContext.self)
        let routes = RouteTable()
        router.add(middleware: RequestIDMiddleware())
        router.add(middleware: CrossOriginMiddleware(origins: configuration.origins))
        router.add(middleware: RequestMetricsMiddleware(time: runtime.time))
        router.add(middleware: ProblemMiddleware(routes: routes, logger: runtime.logger))
        router.add(middleware: HostMiddleware(bind: configuration.bind))
        HealthRoutes.add(to: router, runtime)
        events.addRoutes(to: router)
        routes.fill(from: router)
        return router.buildResponder()
    }

    func run() async throws {
        let writeTimeout = TimeAmount.milliseconds(configuration.writeTimeout.milliseconds)
        let cut = Counter(label: "omoi_relay_slow_readers_cut")
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            responder: responder,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [
                        SlowReaderHandler(limit: writeTimeout) {
                            cut.increment()
                            onCut()
                        }
                    ],
                    idleTimeout: .milliseconds(Limits.idleConnection.milliseconds)
                )
            ),
            configuration: .init(address: .hostname(configuration.bind, port: configuration.port)),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? configuration.port) },
            logger: quiet
        )
        do {
            // Open streams would keep the server from stopping: they are ended first.
            try await withGracefulShutdownHandler {
                try await application.run()
            } onGracefulShutdown: {
                signal.close()
            }
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw Fault(
                .conflict,
                "OMOI_RELAY_PORT: port \(configuration.port) on \(configuration.bind) is in use",
                cause: error
            )
        }
    }
}
