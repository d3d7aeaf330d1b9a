import Hummingbird
import Kernel
import Logging
import ServiceKit
import ServiceLifecycle
import Synchronization

/// Serves the router until the process stops; requests that run are finished first.
struct HTTPService: Service {
    let responder: RouterResponder<OmoiRequestContext>
    let bind: String
    let port: Int
    let logger: Logger
    let bound: BoundPort

    func run() async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            responder: responder,
            server: .http1(configuration: .init(idleTimeout: .milliseconds(Limits.httpIdle.milliseconds))),
            configuration: ApplicationConfiguration(address: .hostname(bind, port: port), serverName: nil),
            onServerRunning: { channel in bound.set(channel.localAddress?.port ?? 0) },
            logger: quiet
        )
        try await application.run()
    }
}

/// The port a server got.
final class BoundPort: Sendable {
    private let port = Atomic<Int>(0)

    var value: Int { port.load(ordering: .acquiring) }

    func set(_ value: Int) { port.store(value, ordering: .releasing) }
}
