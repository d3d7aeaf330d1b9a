import Contracts
import GRDB
import HTTPTypes
import Hummingbird
import Kernel
import Logging
import Synchronization
import Testing

@testable import TicketWorkflow

/// A server of embeddings that knows two subjects by their words, however they are put.
private final class StandInEmbeddings: Sendable {
    static let key = "sk-standin"

    /// Status of the next answers, and texts that were asked about.
    let state = Mutex<(status: Int, texts: [String])>((200, []))

    func run<Value: Sendable>(_ body: (EmbeddingConfiguration) async throws -> Value) async throws -> Value {
        let router = Router()
        router.post("v1/embeddings") { [self] request, _ in
            let bytes = Array(try await request.body.collect(upTo: 1 << 20).readableBytesView)
            let asked: JSONValue = try ContractCoder.decode(from: bytes)
            let text = asked["input"]?.elements.first?.text ?? ""
            guard request.headers[.authorization] == "Bearer \(Self.key)", asked["model"] == "small" else {
                return Response(status: .unauthorized)
            }
            let status = state.withLock { state in
                state.texts.append(text)
                return state.status
            }
            let vector = JSONValue.array(Self.vector(text).map { .number($0) })
            let answer: JSONValue = ["object": "list", "data": [["index": 0, "embedding": vector]], "model": "small"]
            return Response(
                status: .init(code: status),
                headers: [.contentType: ContentType.json],
                body: .init(byteBuffer: .init(bytes: try ContractCoder.encode(answer)))
            )
        }
        let (ports, port) = AsyncStream<Int>.makeStream()
        var logger = Logger(label: "embeddings stand-in")
        logger.logLevel = .critical
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) },
            logger: logger
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            var iterator = ports.makeAsyncIterator()
            guard let number = await iterator.next() else { throw Fault(.internalError, "the server did not start") }
            defer { group.cancelAll() }
            return try await body(
                EmbeddingConfiguration(url: "http://127.0.0.1:\(number)/v1/", model: "small", key: Self.key)
            )
        }
    }

    private static func vector(_ text: String) -> [Double] {
        let subjects = [["board", "kanban"], ["slow", "sluggish", "fast"], ["release"], ["coffee"]]
        let found = subjects.map { words in words.contains { text.lowercased().contains($0) } ? 3.0 : 0.0 }
        return found + [0.5]
    }
}

@Suite(.timeLimit(.minutes(1)))
struct EmbeddingTests {
    private static func with(
        _ body: (TestWorkflow, StandInEmbeddings, Project) async throws -> Void
    ) async throws {
        let server = StandInEmbeddings()
        try await server.run { configuration in
            try await withWorkflow(embeddings: configuration) {
                try await body($0, server, try await $0.project())
            }
        }
    }

    /// As the gateway does it: the meaning first, then the comparison.
    private static func check(
        _ title: String,
        _ project: Project,
        _ workflow: TestWorkflow
    ) async throws -> DuplicateCheckResponse {
        _ = try await workflow.run(PrepareDuplicateCheck(title: title))
        try await workflow.performEffects()
        return try await workflow.ask(CheckDuplicates(body: DuplicateCheck(projectID: project.id, title: title)))
    }

    private static func vectors(_ workflow: TestWorkflow) async throws -> Int {
        try await workflow.store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM text_embedding") ?? 0 }
    }

    @Test func `the same thing in entirely other words is found by its meaning`() async throws {
        try await Self.with { workflow, server, project in
            let (ticket, _) = try await workflow.single(project, title: "Kanban is sluggish")
            _ = try await workflow.single(project, title: "Order coffee")
            try await workflow.performEffects()
            let found = try await Self.check("Slow board", project, workflow)
            #expect(found.candidates.map(\.ticketID) == [ticket.id])
            #expect(found.candidates[0].similarityScore > 0.99)
            let texts = server.state.withLock { $0.texts }
            #expect(texts == ["Kanban is sluggish", "Order coffee", "Slow board"])
            // The creation finds it too, and asks nobody again.
            let stopped = try await workflow.run(
                CreateTickets(
                    body: TicketBatch(projectID: project.id, tickets: [TicketCreate(title: "Slow board")]),
                    duplicateThreshold: DuplicateCheck.defaultThreshold
                )
            )
            #expect(stopped.duplicates?.candidates.map(\.ticketID) == [ticket.id])
            #expect(try await workflow.run(PrepareDuplicateCheck(title: "Slow board")).effectID == nil)
        }
    }

    @Test func `a contradiction is none, whatever the meaning`() async throws {
        try await Self.with { workflow, _, project in
            _ = try await workflow.single(project, title: "Release 1.2 of the board")
            try await workflow.performEffects()
            #expect(try await !Self.check("Release 1.3 of the board", project, workflow).isDuplicate)
        }
    }

    @Test func `meanings never cross projects`() async throws {
        try await Self.with { workflow, _, project in
            let other = try await workflow.project()
            _ = try await workflow.single(other, title: "Kanban is sluggish")
            try await workflow.performEffects()
            #expect(try await Self.check("Slow board", project, workflow).candidates.isEmpty)
        }
    }

    @Test(arguments: [401, 429, 500])
    func `without an answer words are compared`(status: Int) async throws {
        try await Self.with { workflow, server, project in
            server.state.withLock { $0.status = status }
            let (ticket, _) = try await workflow.single(project, title: "Kanban is sluggish")
            try await workflow.performEffects()
            #expect(try await Self.check("Slow board", project, workflow).candidates.isEmpty)
            #expect(
                try await Self.check("The kanban is sluggish", project, workflow).candidates.map(\.ticketID)
                    == [ticket.id]
            )
            #expect(try await Self.vectors(workflow) == 0)
        }
    }

    @Test func `a meaning lives as long as its ticket, one that was only asked for an hour`() async throws {
        try await Self.with { workflow, _, project in
            let (ticket, task) = try await workflow.single(project, title: "Kanban is sluggish")
            try await workflow.performEffects()
            _ = try await Self.check("Slow board", project, workflow)
            #expect(try await Self.vectors(workflow) == 2)
            workflow.time.advance(by: EmbeddingStore.retention + .seconds(1))
            _ = try await Self.check("Order coffee", project, workflow)
            #expect(try await Self.vectors(workflow) == 2)
            try await workflow.change { unit in
                try unit.update(ticket: ticket.id, .ticketUpdated) { $0.title = "Release the kanban" }
            }
            #expect(try await Self.vectors(workflow) == 1)
            try await workflow.performEffects()
            #expect(try await Self.vectors(workflow) == 2)
            try await workflow.complete(task.id)
            #expect(try await workflow.ticket(ticket.id).status == .done)
            #expect(try await Self.vectors(workflow) == 1)
        }
    }

    @Test func `the key is in no row and no event`() async throws {
        try await Self.with { workflow, _, project in
            _ = try await workflow.single(project, title: "Kanban is sluggish")
            try await workflow.performEffects()
            #expect(try await !workflow.contents().contains(StandInEmbeddings.key))
        }
    }

    @Test func `without a server nothing is asked`() async throws {
        try await withWorkflow { workflow in
            _ = try await workflow.single(try await workflow.project(), title: "Kanban is sluggish")
            let answer = try await workflow.run(PrepareDuplicateCheck(title: "Slow board"))
            #expect(answer == DuplicatePreparation(isConfigured: false, effectID: nil))
            #expect(!workflow.environment.effects.take())
        }
    }

    @Test(arguments: [[], [0, 0], [.nan], [.infinity, 1]] as [[Float]])
    func `what is no direction is refused`(values: [Float]) {
        #expect(Embedding(values) == nil)
    }

    @Test func `a vector survives its bytes, and others of another length are unlike`() throws {
        let one = try #require(Embedding([3, -4, 0.5]))
        #expect(
            Embedding(bytes: one.bytes)?.vector.map { ($0 * 1000).rounded() }
                == one.vector.map { ($0 * 1000).rounded() }
        )
        #expect(abs(one.likeness(to: one) - 1) < 0.000_01)
        #expect(one.likeness(to: try #require(Embedding([1, 0]))) == 0)
        #expect(one.likeness(to: try #require(Embedding([-3, 4, -0.5]))) == 0)
        #expect(Embedding(bytes: [1, 2, 3]) == nil)
    }
}
