import Contracts
import GRDB
import Kernel
import ServiceKit
import Storage
import Synchronization
import TestSupport
import Testing

@testable import TicketWorkflow

/// The whole workflow without a broker: a real store in a temporary folder, a manual clock, seeded randomness.
final class TestWorkflow: Sendable {
    let store: Store
    let time: ManualTime
    let environment: WorkflowEnvironment
    private let stopLog: StopLog

    static let admin = Actor(subject: "admin", scope: .admin)
    static let member = Actor(subject: "ann", scope: .member)
    static let orchestrator = "local"

    init(
        _ directory: String,
        seed: UInt64 = 1,
        model: ModelConfiguration? = nil,
        gitHub: GitHubConfiguration = GitHubConfiguration(),
        embeddings: EmbeddingConfiguration? = nil
    ) async throws {
        let time = ManualTime()
        let store = try Store(
            StoreConfiguration(path: "\(directory)/ticket-workflow.sqlite", durability: .normal),
            migrations: Workflow.migrations
        )
        let stopped = StopLog()
        let random = SeededRandom(seed)
        let signer = try await FirstStart.signer(store, now: time.now())
        self.store = store
        self.time = time
        self.stopLog = stopped
        environment = WorkflowEnvironment(
            configuration: WorkflowConfiguration(
                adminTokenFile: "\(directory)/admin.token",
                model: model,
                gitHub: gitHub,
                embeddings: embeddings
            ),
            time: time,
            leases: LeaseTable(duration: Limits.lease),
            tokens: TokenIssuer(signer),
            random: { random.unit() },
            stop: { orchestrator, command in stopped.append(orchestrator, command) }
        )
        environment.leases.restart(uptime: time.uptime())
    }

    /// Orders to stop a sandbox that were pushed so far: its id and the reason.
    var stops: [String] { stopLog.all.map { "\($0.1.sandboxID) \($0.1.reason)" } }

    /// Runs a command as the command server would: a kept refusal is committed, any other leaves nothing.
    @discardableResult
    func run<C: WorkflowCommand>(
        _ command: C,
        as actor: Actor = TestWorkflow.admin,
        idempotency: Idempotency? = nil
    ) async throws -> C.Reply {
        try await unit(actor, idempotency) { transaction, environment in
            try command.execute(transaction, environment)
        }
    }

    /// Runs `body` in a unit of its own, settled at the end.
    @discardableResult
    func change<T: Sendable>(_ body: @escaping @Sendable (UnitOfWork) throws -> T) async throws -> T {
        try await unit(Self.admin, nil) { transaction, environment in
            let unit = UnitOfWork(transaction, environment)
            let value = try body(unit)
            try unit.settle()
            return value
        }
    }

    func ask<Q: WorkflowQuery>(_ query: Q, as actor: Actor = TestWorkflow.admin) async throws -> Q.Reply {
        try await store.read { [environment] in try query.execute($0, actor, environment) }
    }

    /// Delivers a fact about a sandbox.
    func deliver(
        _ handle: @escaping SandboxFact,
        _ sandbox: Identifier,
        state: Sandbox.State,
        reason: String? = nil
    ) async throws {
        var entity = Sandbox(
            id: sandbox,
            orchestrator: Self.orchestrator,
            provider: "process",
            state: state,
            createdAt: time.now()
        )
        entity.reason = reason
        try await unit(.service("orchestrator"), nil) { [entity] transaction, environment in
            let unit = UnitOfWork(transaction, environment)
            try handle(entity, unit)
            try unit.settle()
        }
    }

    /// Lets the clock's loop look at the time until nothing is due.
    func tick() async throws {
        let clock = WorkflowClock(store: store, source: Workflow.source, environment: environment)
        while try await clock.tick() {}
    }

    /// Performs the slow effects that are due.
    func performEffects() async throws {
        let loop = EffectLoop(store: store, source: Workflow.source, environment: environment)
        while try await loop.tick() > 0 {}
    }

    func advance(by duration: Duration) async throws {
        time.advance(by: duration)
        try await tick()
    }

    private func unit<T: Sendable>(
        _ actor: Actor,
        _ idempotency: Idempotency?,
        _ body: @escaping @Sendable (Transaction, WorkflowEnvironment) throws -> T
    ) async throws -> T {
        let (result, actions) = try await store.write { [environment, now = time.now()] database in
            let transaction = Transaction(
                database,
                now: now,
                actor: actor,
                source: Workflow.source,
                idempotency: idempotency
            )
            do {
                return (Result<T, Fault>.success(try body(transaction, environment)), transaction.actions)
            } catch let kept as KeptFault {
                return (.failure(kept.fault), transaction.actions)
            }
        }
        for action in actions { action() }
        return try result.get()
    }
}

// MARK: - Shortcuts

extension TestWorkflow {
    /// A project without a repository, so that results need no commits.
    func project(_ change: (inout ProjectSettings) -> Void = { _ in }) async throws -> Project {
        var settings = ProjectSettings()
        settings.concurrency = 1000
        change(&settings)
        return try await run(CreateProject(body: ProjectCreate(name: "Web Shop", settings: settings)))
    }

    func tickets(_ project: Project, _ tickets: [TicketCreate]) async throws -> TicketBatchResponse {
        try await run(CreateTickets(body: TicketBatch(projectID: project.id, tickets: tickets)))
    }

    /// One ticket with one implementation task.
    func single(_ project: Project, title: String = "one") async throws -> (Ticket, WorkTask) {
        let made = try await tickets(
            project,
            [TicketCreate(title: title, tasks: [TaskSpecification(title: "task of \(title)")])]
        )
        return (made.tickets[0], made.tasks[0])
    }

    @discardableResult
    func claim(_ task: Identifier? = nil, sandbox: Identifier = .make()) async throws -> Claim {
        try await run(ClaimTask(sandboxID: sandbox, orchestrator: Self.orchestrator, taskID: task))
    }

    /// The claimed sandbox reports.
    @discardableResult
    func submit(_ claim: Claim, _ body: ResultSubmission = .completed) async throws -> ResultResponse {
        try await run(SubmitResult(taskID: claim.taskID, body: body), as: claim.actor)
    }

    func complete(_ task: Identifier) async throws { try await submit(try await claim(task)) }

    func task(_ id: Identifier) async throws -> WorkTask {
        try #require(try await store.read { try TaskStore.find(id, in: $0) }).task
    }

    func ticket(_ id: Identifier) async throws -> Ticket {
        try #require(try await store.read { try TicketStore.find(id, in: $0) }).ticket
    }

    func attempts(_ task: Identifier) async throws -> [Attempt] {
        try await store.read { try AttemptStore.all(of: task, in: $0) }
    }

    func transitions(_ ticket: Identifier) async throws -> [Transition] {
        try await store.read { try TicketStore.transitions(of: ticket, in: $0) }
    }

    /// Conditions that hold a task, as `explain` tells them.
    func holds(_ task: Identifier) async throws -> [TaskExplanation.Hold.Condition] {
        try await ask(ExplainTask(id: task)).holds.map(\.condition)
    }

    /// Every event of the outbox, in order.
    func events() async throws -> [Event] {
        try await store.read { database in
            try Outbox.entries(after: 0, limit: 1_000_000, in: database)
                .map { try ContractCoder.decode(Event.self, from: $0.body) }
        }
    }

    /// The types of the events about one entity, in order.
    func eventTypes(of subject: Identifier) async throws -> [EventType] {
        try await events().filter { $0.subject == subject }.map(\.type)
    }

    /// Everything that is stored, as text, for comparisons.
    func contents() async throws -> String {
        try await store.read { database in
            let tables = try String.fetchAll(
                database,
                // A full-text index without content cannot be read; the tables behind it can.
                sql: """
                    SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'
                    ORDER BY name
                    """
            )
            return try tables.map { table in
                let rows = try Row.fetchAll(database, sql: "SELECT * FROM \(table)")
                return "\(table): \(rows.map(\.description).sorted().joined(separator: "\n"))"
            }.joined(separator: "\n\n")
        }
    }

    /// Expects a refusal with this code that changes nothing.
    @discardableResult
    func expectRefusal<C: WorkflowCommand>(
        _ command: C,
        _ code: Fault.Code,
        as actor: Actor = TestWorkflow.admin,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Fault? {
        let before = try await contents()
        let fault = await #expect(throws: Fault.self, sourceLocation: sourceLocation) {
            try await self.run(command, as: actor)
        }
        #expect(fault?.code == code, "\(fault?.message ?? "")", sourceLocation: sourceLocation)
        let after = try await contents()
        #expect(before == after, "a refusal must change nothing", sourceLocation: sourceLocation)
        return fault
    }
}

extension Claim {
    /// Who holds the claim's token.
    var actor: Actor {
        Actor(
            subject: "sandbox:\(sandboxID)",
            scope: .sandbox,
            projectID: projectID,
            binding: .init(sandboxID: sandboxID, taskID: taskID, attempt: attempt, fence: fence)
        )
    }
}

extension ResultSubmission {
    static let completed = ResultSubmission(status: .completed, summary: "done", branch: "omoi/branch")

    static func failed(_ domain: FaultDomain, _ code: String = "agent-exit") -> ResultSubmission {
        ResultSubmission(
            status: .failed,
            summary: "failed",
            failure: TaskResult.Failure(domain: domain, code: code, message: "it broke")
        )
    }
}

/// Runs the body with a workflow in a folder of its own.
@discardableResult
func withWorkflow<Value>(
    seed: UInt64 = 1,
    model: ModelConfiguration? = nil,
    gitHub: GitHubConfiguration = GitHubConfiguration(),
    embeddings: EmbeddingConfiguration? = nil,
    _ body: (TestWorkflow) async throws -> Value
) async throws -> Value {
    try await withTemporaryDirectory { directory in
        let workflow = try await TestWorkflow(
            directory,
            seed: seed,
            model: model,
            gitHub: gitHub,
            embeddings: embeddings
        )
        do {
            let value = try await body(workflow)
            await workflow.store.close()
            return value
        } catch {
            await workflow.store.close()
            throw error
        }
    }
}

private final class StopLog: Sendable {
    private let entries = Mutex<[(String, StopSandbox)]>([])

    func append(_ orchestrator: String, _ command: StopSandbox) {
        entries.withLock { $0.append((orchestrator, command)) }
    }

    var all: [(String, StopSandbox)] { entries.withLock { $0 } }
}

/// SplitMix64: the same numbers for the same seed.
final class SeededRandom: Sendable {
    private let state: Mutex<UInt64>

    init(_ seed: UInt64) {
        state = Mutex(seed)
    }

    func next() -> UInt64 {
        state.withLock { state in
            state &+= 0x9e37_79b9_7f4a_7c15
            var value = state
            value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
            return value ^ (value >> 31)
        }
    }

    /// Uniform in 0..<1.
    func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }

    func int(_ range: Range<Int>) -> Int { range.lowerBound + Int(next() % UInt64(range.count)) }

    func chance(_ probability: Double) -> Bool { unit() < probability }
}
