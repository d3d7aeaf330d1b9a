import Kernel

package final class Consumer: Sendable {
    package init(
        _ broker: BrokerConfiguration,
        topology: Topology = .standard,
        subscriptions: [Subscription],
        connectionChanged: @escaping @Sendable (Bool) -> Void = { _ in }
    ) {}
    package func run() async throws {}
    package func stop() {}
    package var isConsuming: Bool { false }
    package func waitUntilConsuming() async {}
}
