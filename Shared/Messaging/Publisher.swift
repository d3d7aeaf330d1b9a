import Kernel

package final class Publisher: Sendable {
    package init(_ broker: BrokerConfiguration, topology: Topology = .standard) {}
    package func run() async throws {}
    package func publish(_ message: OutgoingMessage) async -> PublishOutcome { .unknown }
    package func publish(_ batch: [OutgoingMessage]) async -> [PublishOutcome] { [] }
    package func send(_ message: OutgoingMessage) {}
    package var isConnected: Bool { false }
    package func waitUntilConnected() async {}
    package func stop() {}
}
