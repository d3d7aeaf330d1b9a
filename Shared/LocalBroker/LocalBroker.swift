import Kernel

/// A private RabbitMQ node on free loopback ports.
package final class LocalBroker: Sendable {
    package let url: String
    package static func start(directory: String, port: Int? = nil) async throws -> LocalBroker {
        throw Fault(.unavailable, "not started")
    }
    init(url: String) { self.url = url }
    package func stop() async {}
    package func kill() async {}
    package func restart() async throws {}
    package func control(_ arguments: [String]) async throws -> String { "" }
}
