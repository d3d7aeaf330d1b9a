import Contracts
import Kernel
import Messaging
import ServiceKit
import ServiceLifecycle
import Storage

/// The event relay: history of all events, and the same events live.
package struct Relay: Sendable {
    /// Name in logs, files and on connections; also its command queue.
    package static let service = Topic.relay

    package let configuration: RelayConfiguration
    package let common: CommonConfiguration
    package let runtime: ServiceRuntime
    /// Called with the port once the server listens.
    package var onListening: @Sendable (Int) -> Void = { _ in }
    /// Called for every reader that was cut because it did not read.
    package var onCut: @Sendable () -> Void = {}

    package init(_ configuration: RelayConfiguration, common: CommonConfiguration, runtime: ServiceRuntime) {
        self.configuration = configuration
        self.common = common
        self.runtime = runtime
    }

    /// All parts, in the order they depend on each other.
    ///
    /// - Throws: ``Fault`` when the store cannot be opened, ``ConfigurationError``.
    package func services() async throws -> [any Service] {
        let store = try Store(
            StoreConfiguration(path: try common.storePath(), durability: .full),
            migrations: RelaySchema.migrations
        )
        let signal = EventSignal()
        let revoked = RevokedTokens(try await store.read { try Revocations.all(in: $0) })
        let requester = Requester(try common.broker("request"))
        let keys = KeyProvider(
            requester: requester,
            service: Self.service,
            revoked: revoked,
            time: runtime.time,
            load: { try await store.read { try KeptKey.load(in: $0) } },
            save: { key in try await store.write { try KeptKey.save(key, in: $0) } }
        )
        let ingest = Ingest(revoked: revoked, time: runtime.time)
        let follower = StreamFollower(
            broker: try common.broker("streams"),
            stream: Topic.log,
            store: store,
            apply: { try ingest.apply($0, to: $1) },
            committed: { signal.committed() },
            reset: { try EventHistory.raiseFloor(in: $0) },
            time: runtime.time
        )
        let publisher = Publisher(try common.broker("publish"))
        let commands = CommandServer(
            store: store,
            publisher: publisher,
            source: "/event-relay",
            service: Self.service,
            handlers: CommandHandlers(),
            time: runtime.time,
            deadLetterSources: [follower]
        )
        let consumer = Consumer(
            try common.broker("consume"),
            subscriptions: [commands.subscription(queue: Topology.commandQueue(Topic.relay))]
        )
        runtime.health.add("log", down: "the log has not been read to its end yet") { follower.isCaughtUp }
        runtime.health.add("access", down: "the key that verifies tokens is not known yet") { keys.isReady }
        let retention = Retention(
            store: store,
            age: configuration.retention,
            rows: configuration.retainedRows,
            revoked: revoked,
            time: runtime.time
        )
        return [
            StoreService(store), PublisherService(publisher), RequesterService(requester), keys, follower,
            ConsumerService(consumer), retention, Pulse(signal: signal, interval: configuration.heartbeat),
            server(store: store, signal: signal, keys: keys),
        ]
    }

    /// History and live streams over HTTP.
    private func server(store: Store, signal: EventSignal, keys: KeyProvider) -> RelayServer {
        let events = EventsController(
            store: store,
            signal: signal,
            access: RelayAccess(verify: { try await keys.verify($0, now: $1) }, time: runtime.time)
        )
        return RelayServer(
            configuration: configuration,
            signal: signal,
            responder: RelayServer.responder(configuration, events: events, runtime: runtime),
            logger: runtime.logger,
            onListening: onListening,
            onCut: onCut
        )
    }
}

/// Asks every idle stream for a sign of life.
struct Pulse: Service {
    let signal: EventSignal
    let interval: Duration

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: interval)) != nil { signal.heartbeat() }
        }
    }
}
