import Contracts
import HTTPClient
import Kernel
import Logging
import ServiceLifecycle
import Storage
import Synchronization
import TestSupport
import Testing

@testable import TicketWorkflow

/// Renames a project to what the outside says; how the outside behaves is set by the test.
private struct Rename: Effect {
    struct Answer: Codable, Sendable, Equatable { var name: String }

    static let kind = "test.rename"
    /// What the next calls do, by project.
    static let script = Mutex<[Identifier: [Step]]>([:])
    static let calls = Mutex<[Identifier: Int]>([:])

    enum Step: Sendable {
        case answer(String)
        case fault(Fault)
        case lost
        case wait
    }

    var project: Identifier
    var refusesToConclude = false

    func perform(_ outside: Outside) async throws -> Answer {
        Self.calls.withLock { $0[project, default: 0] += 1 }
        let step = Self.script.withLock { script -> Step? in
            guard let first = script[project]?.first else { return nil }
            if (script[project]?.count ?? 0) > 1 { script[project]?.removeFirst() }
            return first
        }
        switch step {
        case .answer(let name): return Answer(name: name)
        case .fault(let fault): throw fault
        case .lost: throw HTTPClientError(.connectionLost, "cut")
        case .wait:
            // Never answers; the end of the process cuts it off.
            let (stream, continuation) = AsyncStream<Void>.makeStream()
            defer { continuation.finish() }
            for await _ in stream {}
            try Task.checkCancellation()
            return Answer(name: "too late")
        case nil: throw Fault(.internalError, "no script")
        }
    }

    func conclude(_ outcome: Result<Answer, Fault>, _ unit: UnitOfWork) throws {
        if refusesToConclude { throw Fault(.conflict, "the world has moved on") }
        let name =
            switch outcome {
            case .success(let answer): answer.name
            case .failure(let fault): "failed: \(fault.message)"
            }
        try unit.update(project: project, .projectUpdated) { $0.name = name }
    }
}

@Suite struct `Slow effects` {
    private static func loop(_ workflow: TestWorkflow) -> EffectLoop {
        EffectLoop(
            store: workflow.store,
            source: Workflow.source,
            environment: workflow.environment,
            effects: [Rename.self]
        )
    }

    /// A project and the id of an effect about it.
    private static func ask(
        _ workflow: TestWorkflow,
        _ steps: [Rename.Step],
        refusesToConclude: Bool = false
    ) async throws -> (Project, Identifier) {
        let project = try await workflow.project()
        Rename.script.withLock { $0[project.id] = steps }
        let effect = Rename(project: project.id, refusesToConclude: refusesToConclude)
        let id = try await workflow.change { unit in
            try unit.request(effect, subject: project.id, project: project.id)
        }
        return (project, id)
    }

    private static func name(_ project: Project, _ workflow: TestWorkflow) async throws -> String? {
        try await workflow.store.read { try ProjectStore.find(project.id, in: $0) }?.name
    }

    private static func calls(_ project: Project) -> Int { Rename.calls.withLock { $0[project.id] ?? 0 } }

    @Test func `an effect is performed after the commit, and its outcome is applied once`() async throws {
        try await withWorkflow { workflow in
            let (project, id) = try await Self.ask(workflow, [.answer("Renamed")])
            #expect(try await workflow.ask(DescribeEffect(id: id)).status == .waiting)
            #expect(workflow.environment.effects.take())
            let loop = Self.loop(workflow)
            #expect(try await loop.tick() == 1)
            #expect(try await Self.name(project, workflow) == "Renamed")
            let report = try await workflow.ask(DescribeEffect(id: id))
            #expect(report.status == .done && report.tries == 1 && report.fault == nil)
            #expect(report.answer == .object(["name": .string("Renamed")]))
            #expect(try await loop.tick() == 0)
            #expect(Self.calls(project) == 1)
            #expect(try await workflow.eventTypes(of: project.id) == [.projectCreated, .projectUpdated])
        }
    }

    @Test func `a unit that fails asks for nothing`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            await #expect(throws: Fault.self) {
                try await workflow.change { unit in
                    try unit.request(Rename(project: project.id), subject: project.id, project: project.id)
                    throw Fault(.conflict, "no")
                }
            }
            #expect(!workflow.environment.effects.take())
            #expect(try await Self.loop(workflow).tick() == 0)
        }
    }

    @Test(arguments: [Rename.Step.fault(Fault(.unavailable, "busy", retryAfter: .seconds(1))), .lost])
    fileprivate func `what may work later is tried again with growing pauses, then given up`(step: Rename.Step)
        async throws
    {
        try await withWorkflow { workflow in
            let (project, id) = try await Self.ask(workflow, [step])
            let loop = Self.loop(workflow)
            for call in 1...Limits.effectTries {
                #expect(try await loop.tick() == 1)
                #expect(Self.calls(project) == call)
                guard call < Limits.effectTries else { break }
                #expect(try await workflow.ask(DescribeEffect(id: id)).status == .waiting)
                #expect(try await loop.tick() == 0, "not before its pause is over")
                workflow.time.advance(by: .seconds(2 * (1 << call)))
            }
            let report = try await workflow.ask(DescribeEffect(id: id))
            #expect(report.status == .failed && report.tries == Limits.effectTries)
            #expect(report.fault?.code == .unavailable)
            #expect(try await Self.name(project, workflow)?.hasPrefix("failed: ") == true)
            #expect(try await loop.tick() == 0)
        }
    }

    @Test func `a provider that names a time is not asked before it`() async throws {
        try await withWorkflow { workflow in
            let busy = Fault(.unavailable, "busy", retryAfter: .seconds(600))
            let (project, _) = try await Self.ask(workflow, [.fault(busy), .answer("Later")])
            let loop = Self.loop(workflow)
            #expect(try await loop.tick() == 1)
            workflow.time.advance(by: .seconds(599))
            #expect(try await loop.tick() == 0)
            workflow.time.advance(by: .seconds(1))
            #expect(try await loop.tick() == 1)
            #expect(try await Self.name(project, workflow) == "Later")
        }
    }

    @Test func `a final refusal is not repeated`() async throws {
        try await withWorkflow { workflow in
            let (project, id) = try await Self.ask(workflow, [.fault(Fault(.forbidden, "never"))])
            #expect(try await Self.loop(workflow).tick() == 1)
            #expect(try await workflow.ask(DescribeEffect(id: id)).status == .failed)
            #expect(try await Self.name(project, workflow) == "failed: never")
            #expect(Self.calls(project) == 1)
        }
    }

    @Test func `an outcome that cannot be applied ends the effect and changes nothing`() async throws {
        try await withWorkflow { workflow in
            let (project, id) = try await Self.ask(workflow, [.answer("Renamed")], refusesToConclude: true)
            #expect(try await Self.loop(workflow).tick() == 1)
            let report = try await workflow.ask(DescribeEffect(id: id))
            #expect(report.status == .failed && report.fault?.message == "the world has moved on")
            #expect(try await Self.name(project, workflow) == project.name)
        }
    }

    @Test func `a call that was cut off by the end of the process is made again by the next one`() async throws {
        try await withWorkflow { workflow in
            let (project, id) = try await Self.ask(workflow, [.wait, .answer("Renamed")])
            let first = ServiceGroup(services: [Self.loop(workflow)], logger: quietLogger)
            // Unstructured: it runs beside the test's own steps, which end it.
            let running = Task { try await first.run() }
            try await eventually("the call is made") { Self.calls(project) == 1 }
            await first.triggerGracefulShutdown()
            try await running.value
            #expect(try await workflow.ask(DescribeEffect(id: id)).status == .running)

            let second = ServiceGroup(services: [Self.loop(workflow)], logger: quietLogger)
            // Unstructured: it runs beside the test's own steps, which end it.
            let again = Task { try await second.run() }
            try await eventually("the outcome is there") {
                try await workflow.ask(DescribeEffect(id: id)).status == .done
            }
            await second.triggerGracefulShutdown()
            try await again.value
            #expect(try await Self.name(project, workflow) == "Renamed")
            #expect(try await workflow.ask(DescribeEffect(id: id)).tries == 1)
        }
    }

    @Test func `the outcome is told to tokens of its project only, and forgotten in the end`() async throws {
        try await withWorkflow { workflow in
            let (project, id) = try await Self.ask(workflow, [.answer("Renamed")])
            let own = Actor(subject: "own", scope: .viewer, projectID: project.id)
            let foreign = Actor(subject: "foreign", scope: .viewer, projectID: .make())
            #expect(try await workflow.ask(DescribeEffect(id: id), as: own).id == id)
            await #expect(throws: Fault.notFound("effect", id)) {
                try await workflow.ask(DescribeEffect(id: id), as: foreign)
            }
            try await Self.loop(workflow).tick()
            let before = workflow.time.now()
            workflow.time.advance(by: Limits.effectRetention + .seconds(1))
            try await workflow.store.write { try EffectStore.prune(before: before, in: $0) }
            #expect(try await workflow.ask(DescribeEffect(id: id)).status == .done)
            let oldest = workflow.time.now() - Limits.effectRetention
            try await workflow.store.write { try EffectStore.prune(before: oldest, in: $0) }
            await #expect(throws: Fault.notFound("effect", id)) { try await workflow.ask(DescribeEffect(id: id)) }
        }
    }
}

private let quietLogger: Logger = {
    var logger = Logger(label: "effects tests")
    logger.logLevel = .critical
    return logger
}()
