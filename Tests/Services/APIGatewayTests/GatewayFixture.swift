import Contracts
import HTTPClient
import Kernel
import LocalBroker
import Observability
import ServiceKit
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import APIGateway

/// A broker, a scripted workflow and a gateway on a free port, shared by the tests of a suite.
final class GatewayFixture: Sendable {
    let directory: String
    let broker: LocalBroker
    let workflow: ScriptedWorkflow
    let gateway: RunningGateway
    let admin: String
    let member: String
    let viewer: String
    let client: WebClient

    private init(
        directory: String,
        broker: LocalBroker,
        workflow: ScriptedWorkflow,
        gateway: RunningGateway
    ) throws {
        self.directory = directory
        self.broker = broker
        self.workflow = workflow
        self.gateway = gateway
        admin = try workflow.token(.admin)
        member = try workflow.token(.member)
        viewer = try workflow.token(.viewer)
        client = WebClient()
    }

    @TaskLocal static var shared: GatewayFixture?

    /// The fixture of the running suite.
    static var current: GatewayFixture {
        get throws { try #require(shared) }
    }

    static func run(_ body: (GatewayFixture) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let broker = try await LocalBroker.start(directory: "\(directory)/broker")
            let outcome: Result<Void, any Error>
            do {
                let workflow = try ScriptedWorkflow(url: broker.url, directory: directory)
                try await workflow.start()
                let witness = Witness()
                let gateway = try await RunningGateway(url: broker.url, home: "\(directory)/home", witness: witness)
                let fixture = try GatewayFixture(
                    directory: directory,
                    broker: broker,
                    workflow: workflow,
                    gateway: gateway
                )
                do {
                    try await body(fixture)
                    witness.hold(against: gateway.gateway.routes)
                    outcome = .success(())
                } catch {
                    outcome = .failure(error)
                }
                await gateway.stop()
                await workflow.stop()
                fixture.client.close()
            } catch {
                outcome = .failure(error)
            }
            await broker.stop()
            try outcome.get()
        }
    }

    /// A client with this token; nil: without any.
    func api(_ token: String?, of gateway: RunningGateway? = nil) -> APIClient {
        APIClient(client: client, baseURL: "http://127.0.0.1:\((gateway ?? self.gateway).port)", token: token)
    }

    /// A project with one ticket and one task.
    func sample() async throws -> (project: Project, ticket: Ticket, task: WorkTask) {
        let api = api(member)
        let project: Project = try await api.post("/api/v1/projects", body: ProjectCreate(name: "Sample"))
        let batch = TicketBatch(
            projectID: project.id,
            tickets: [TicketCreate(title: "A ticket", tasks: [TaskSpecification(title: "A task")])]
        )
        let made: TicketBatchResponse = try await api.post("/api/v1/tickets/batch", body: batch)
        return (project, made.tickets[0], made.tasks[0])
    }

    /// A token of a sandbox that runs the first attempt of a task.
    func sandboxToken(_ task: WorkTask, sandbox: Identifier = .make(), attempt: Int = 1) throws -> String {
        try workflow.token(
            .sandbox,
            subject: "sandbox:\(sandbox)",
            project: task.projectID,
            binding: Actor.Binding(sandboxID: sandbox, taskID: task.id, attempt: attempt, fence: attempt)
        )
    }
}

extension APIClient {
    func post<T: Decodable>(_ path: String, body: some Encodable) async throws -> T {
        try await post(path, body: body, idempotencyKey: nil)
    }

    /// The status of an answer and, for an error, its code.
    func outcome(_ method: String, _ path: String, _ body: String? = nil) async throws -> Outcome {
        let response = try await perform(method, path, body: body.map { Array($0.utf8) })
        let problem = try? ContractCoder.decode(Problem.self, from: response.body)
        return Outcome(status: response.status, code: problem?.code, response: response)
    }
}

struct Outcome: Sendable {
    var status: Int
    var code: Fault.Code?
    var response: HTTPResponse
    var text: String { String(decoding: response.body, as: UTF8.self) }
}

/// A real gateway in this process.
final class RunningGateway: Sendable {
    let gateway: Gateway
    let runtime: ServiceRuntime
    private let group: ServiceGroup
    private let task: Task<Void, any Error>
    var port: Int { gateway.port }

    /// Returns once it is ready.
    init(
        url: String,
        home: String,
        waitsUntilReady: Bool = true,
        witness: Witness = Witness(),
        extra: [String: String] = [:]
    ) async throws {
        let environment = ["OMOI_HOME": home, "OMOI_AMQP_URL": url, "OMOI_HTTP_PORT": "0"].merging(extra) { $1 }
        let settings = try Settings(
            keys: CommonConfiguration.keys + GatewayConfiguration.keys,
            arguments: ["gateway"],
            environment: environment
        )
        let common = try CommonConfiguration(service: Gateway.name, settings: settings, environment: environment)
        let runtime = ServiceRuntime(service: Gateway.name, logger: quiet)
        let gateway = try await Gateway(GatewayConfiguration(settings, common), runtime, around: [witness])
        let group = ServiceGroup(services: gateway.services, logger: quiet)
        self.gateway = gateway
        self.runtime = runtime
        self.group = group
        // Unstructured: it runs beside the test's own steps, which end it.
        task = Task { try await group.run() }
        try await eventually("the gateway listens") { gateway.port > 0 }
        guard waitsUntilReady else { return }
        try await eventually("the gateway is ready") { await runtime.health.report().ready }
    }

    func stop() async {
        await group.triggerGracefulShutdown()
        _ = await task.result
    }
}

/// Runs a suite with a ``GatewayFixture``.
struct WithGateway: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await GatewayFixture.run { fixture in
            try await GatewayFixture.$shared.withValue(fixture) { try await function() }
        }
    }
}

extension Trait where Self == WithGateway {
    static var gateway: Self { WithGateway() }
}
