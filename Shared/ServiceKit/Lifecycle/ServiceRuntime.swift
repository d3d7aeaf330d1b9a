import Kernel
import Logging
import Observability

/// What a service gets from its process.
package final class ServiceRuntime: Sendable {
    package let service: String
    package let logger: Logger
    package let health: HealthChecks
    package let metrics: PrometheusRegistry
    package let time: any TimeSource

    package init(
        service: String,
        logger: Logger,
        health: HealthChecks = HealthChecks(),
        metrics: PrometheusRegistry = PrometheusRegistry(),
        time: any TimeSource = SystemTime()
    ) {
        self.service = service
        self.logger = logger
        self.health = health
        self.metrics = metrics
        self.time = time
    }
}
