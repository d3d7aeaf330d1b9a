import Contracts
import HTTPClient
import Kernel
import LocalBroker
import Logging
import Messaging
import Observability
import ServiceKit
import ServiceLifecycle
import Storage
import Synchronization
import TestSupport
import Testing

@testable import EventRelay

/// A broker and a relay on a free port, shared by the tests of a suite. Tests keep apart by projects of their own.
final class RelayFixture: Sendable {
    let directory: String
    let broker: LocalBroker
    let publisher: Publisher
    let signer: TokenSigner
    let client = WebClient()
    let relay: RunningRelay

    @TaskLocal static var shared: RelayFixture?

    /// The fixture of the running suite.
    static var current: RelayFixture { get throws { try #require(shared) } }

    private init(
        directory: String,
        broker: LocalBroker,
        publisher: Publisher,
        signer: TokenSigner,
        relay: RunningRelay
    ) {
        self.directory = directory
        self.broker = broker
        self.publisher = publisher
        self.signer = signer
        self.relay = relay
    }

    static func run(_ body: (RelayFixture) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let broker = try await LocalBroker.start(directory: "\(directory)/broker")
            let signer = try TokenSigner(seed: TokenSigner.makeSeed())
            let publisher = Publisher(try BrokerConfiguration(url: broker.url, connectionName: "test publish"))
            // Unstructured: it runs beside the test's own steps, which end it.
            let publishing = Task { try await publisher.run() }
            await publisher.waitUntilConnected()
            var outcome: Result<Void, any Error>
            do {
                let relay = try await RunningRelay(home: "\(directory)/home", url: broker.url, signer: signer)
                let fixture = RelayFixture(
                    directory: directory,
                    broker: broker,
                    publisher: publisher,
                    signer: signer,
                    relay: relay
                )
                do {
                    try await body(fixture)
                    outcome = .success(())
                } catch {
                    outcome = .failure(error)
                }
                fixture.client.close()
                await relay.stop()
            } catch {
                outcome = .failure(error)
            }
            publisher.stop()
            _ = await publishing.result
            await broker.stop()
            try outcome.get()
        }
    }

    func token(
        _ scope: Scope = .admin,
        project: Identifier? = nil,
        binding: Actor.Binding? = nil,
        id: Identifier = .make(),
        life: Duration = .seconds(86_400)
    ) throws -> String {
        let actor = Actor(subject: "test", scope: scope, projectID: project, binding: binding)
        return try signer.sign(TokenClaims(actor: actor, id: id, issuedAt: .now(), expiresAt: .now() + life))
    }

    /// A client with this token; nil: without any.
    func api(_ token: String?, of relay: RunningRelay? = nil) -> APIClient {
        APIClient(client: client, baseURL: "http://127.0.0.1:\((relay ?? self.relay).port)", token: token)
    }

    /// Publishes events as an outbox would and waits for the broker's word.
    func publish(_ events: [Event]) async throws {
        try await publishBodies(events.map { ($0.type.rawValue, $0.id, try ContractCoder.encode($0)) })
    }

    func publishBodies(_ bodies: [(type: String, id: Identifier, body: [UInt8])]) async throws {
        let outcomes = await publisher.publish(
            bodies.map { type, id, body in
                OutgoingMessage(
                    exchange: Topic.events,
                    routingKey: type,
                    properties: MessageProperties(
                        messageID: id.description,
                        type: type,
                        contentType: ContentType.cloudEvent,
                        persistent: true
                    ),
                    body: body,
                    mandatory: true
                )
            }
        )
        #expect(outcomes.allSatisfy { $0 == .confirmed })
    }

    /// Waits until the relay's history has the event.
    func waitForHistory(of event: Event, _ relay: RunningRelay? = nil) async throws {
        let api = api(try token(), of: relay)
        try await eventually("event \(event.id) is in the history") {
            try await api.perform("GET", "/api/v1/events?after=\(event.id)").status == 200
        }
    }
}

/// A relay in this process.
final class RunningRelay: Sendable {
    private let group: ServiceGroup
    private let task: Task<Void, any Error>
    private let listening: Listening
    let runtime: ServiceRuntime

    /// What the running relay tells.
    private final class Listening: Sendable {
        let port = Atomic<Int>(0)
        let cuts = Atomic<Int>(0)
        /// Why it ended.
        let failure = Mutex<(any Error)?>(nil)
    }

    var port: Int { listening.port.load(ordering: .acquiring) }
    /// Readers that were cut so far.
    var cuts: Int { listening.cuts.load(ordering: .acquiring) }

    /// Returns once it is ready.
    ///
    /// - Parameter signer: its key is put into the store, as if the workflow had told it in an earlier run.
    init(home: String, url: String, signer: TokenSigner, port: Int = 0) async throws {
        let environment = [
            "OMOI_HOME": home, "OMOI_AMQP_URL": url, "OMOI_RELAY_PORT": String(port),
            "OMOI_RELAY_HEARTBEAT_SECONDS": "1", "OMOI_RELAY_WRITE_SECONDS": "3",
        ]
        let settings = try Settings(
            keys: CommonConfiguration.keys + RelayConfiguration.keys,
            arguments: ["relay"],
            environment: environment
        )
        let common = try CommonConfiguration(service: Relay.service, settings: settings, environment: environment)
        let store = try Store(
            StoreConfiguration(path: try common.storePath(), durability: .full),
            migrations: RelaySchema.migrations
        )
        let key = signer.verificationKey
        try await store.write { try KeptKey.save(key, in: $0) }
        await store.close()
        let logger = Logger(label: "relay") { _ in SwiftLogNoOpLogHandler() }
        let runtime = ServiceRuntime(service: Relay.service, logger: logger)
        var relay = Relay(try RelayConfiguration(settings, bind: common.bind), common: common, runtime: runtime)
        let listening = Listening()
        relay.onListening = { listening.port.store($0, ordering: .releasing) }
        relay.onCut = { listening.cuts.add(1, ordering: .releasing) }
        if port > 0 {
            // A server that was cancelled in this process lets go of its port a moment after it has returned.
            try await eventually("port \(port) is free again") { LoopbackPort.isFree(port) }
        }
        let group = ServiceGroup(services: try await relay.services(), logger: logger)
        self.group = group
        self.runtime = runtime
        self.listening = listening
        // Ends with the group, which every test stops.
        task = Task {
            do {
                try await group.run()
            } catch {
                listening.failure.withLock { $0 = error }
                throw error
            }
        }
        try await eventually("the relay is ready") {
            if let error = listening.failure.withLock({ $0 }) { throw error }
            guard listening.port.load(ordering: .acquiring) > 0 else { return false }
            return await runtime.health.report().ready
        }
    }

    func stop() async {
        await group.triggerGracefulShutdown()
        _ = await task.result
    }

    /// Ends it without the chance to end its streams.
    func cancel() async {
        task.cancel()
        _ = await task.result
    }
}

/// Everything that needs a relay, with one for all.
@Suite(.relay, .timeLimit(.minutes(5))) enum RelayTests {}

/// Runs a suite with a ``RelayFixture``.
struct WithRelay: SuiteTrait, TestScoping {
    @concurrent func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await RelayFixture.run { fixture in
            try await RelayFixture.$shared.withValue(fixture) { try await function() }
        }
    }
}

extension Trait where Self == WithRelay {
    static var relay: Self { WithRelay() }
}
