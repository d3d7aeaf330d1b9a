import FoundationEssentials
import Glibc
import Kernel
import Logging
import Metrics
import Observability
import ServiceLifecycle

/// The body of every service's executable: configuration, logger, metrics, services in order, exit status.
package enum ServiceMain {
    /// Longest graceful stop; after it everything still running is cancelled.
    package static let gracefulStop: Duration = .seconds(10)

    /// Runs the process to its end.
    ///
    /// Exit status: 0 after a graceful stop (SIGTERM, SIGINT) and after `--help`; 1 when a service failed, with one log
    /// line; 2 for a wrong configuration, with one line on standard error that names the variable.
    ///
    /// - Parameters:
    ///   - service: name in logs, files and on connections.
    ///   - keys: of this service, beside ``CommonConfiguration/keys``.
    ///   - usesBroker: false for a process that never connects to RabbitMQ.
    ///   - build: makes the services in the order they depend on each other; they are stopped in reverse.
    package static func run(
        _ service: String,
        keys: [ConfigurationKey] = [],
        usesBroker: Bool = true,
        _ build: (Settings, CommonConfiguration, ServiceRuntime) async throws -> [any Service]
    ) async -> Never {
        let keys = CommonConfiguration.keys.filter { usesBroker || $0.name != "amqp.url" } + keys
        if CommandLine.arguments.dropFirst().contains(where: { ["--help", "-h"].contains($0) }) {
            say(Settings.help(service: service, keys: keys), to: STDOUT_FILENO)
            exit(0)
        }
        let environment = ProcessInfo.processInfo.environment
        do {
            let settings = try Settings(keys: keys, arguments: CommandLine.arguments, environment: environment)
            let common = try CommonConfiguration(
                service: service,
                settings: settings,
                usesBroker: usesBroker,
                environment: environment
            )
            exit(await run(settings, common, build))
        } catch {
            say("\(service): \(error)\n", to: STDERR_FILENO)
            exit(2)
        }
    }

    private static func run(
        _ settings: Settings,
        _ common: CommonConfiguration,
        _ build: (Settings, CommonConfiguration, ServiceRuntime) async throws -> [any Service]
    ) async -> Int32 {
        let metrics = PrometheusRegistry()
        LoggingSystem.bootstrap { _ in JSONLogHandler(service: common.service, level: common.logLevel) }
        MetricsSystem.bootstrap(metrics)
        let logger = Logger(label: common.service)
        let runtime = ServiceRuntime(service: common.service, logger: logger, metrics: metrics)
        do {
            var services = try await build(settings, common, runtime)
            if common.healthPort > 0 {
                services.insert(HealthServer(bind: common.bind, port: common.healthPort, runtime: runtime), at: 0)
            }
            var configuration = ServiceGroupConfiguration(
                services: services,
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: quiet(logger)
            )
            configuration.maximumGracefulShutdownDuration = gracefulStop
            configuration.maximumCancellationDuration = .seconds(5)
            logger.info("started")
            try await ServiceGroup(configuration: configuration).run()
            logger.info("stopped")
            return 0
        } catch let error as ConfigurationError {
            say("\(common.service): \(error)\n", to: STDERR_FILENO)
            return 2
        } catch {
            logger.critical("failed: \(describe(error))")
            return 1
        }
    }

    /// The group tells every step of starting and stopping; only its warnings are of interest.
    private static func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }

    private static func describe(_ error: any Error) -> String {
        guard let fault = error as? Fault else { return String(describing: error) }
        return fault.message + (fault.cause.map { " (\($0))" } ?? "")
    }

    private static func say(_ text: String, to file: Int32) {
        let bytes = Array(text.utf8)
        _ = write(file, bytes, bytes.count)
    }
}
