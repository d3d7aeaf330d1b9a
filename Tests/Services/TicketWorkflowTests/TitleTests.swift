import Contracts
import HTTPTypes
import Hummingbird
import Kernel
import Logging
import Synchronization
import TestSupport
import Testing

@testable import TicketWorkflow

@Suite struct `Titles of tasks` {
    @Test(arguments: [
        ("Cache the board in the gateway. It is slow today.", "Cache the board in the gateway"),
        ("# Board cache\n\nMake it fast", "Board cache"),
        ("- [fix] the login", "[fix] the login"),
        ("1. use version 2.3.1 of the parser", "Use version 2.3.1 of the parser"),
        ("  \n\n***\nzählen: alle Wörter", "Zählen"),
        (
            String(repeating: "word ", count: 40),
            "Word word word word word word word word word word word word word word"
        ),
        (String(repeating: "x", count: 90), "X" + String(repeating: "x", count: 69)),
    ])
    func `a rule makes a short title of a description`(text: String, title: String) {
        #expect(ShortTitle.derive(from: text) == title)
        #expect(title.count <= Limits.generatedTitleLength)
    }

    @Test(arguments: ["", " \n\t", "***\n---"])
    func `nothing makes no title`(text: String) {
        #expect(ShortTitle.derive(from: text) == nil)
    }

    @Test(arguments: [
        ("\"Cache the board.\"", "Cache the board"), ("\n\n**Cache the board**\nbecause", "Cache the board"),
        ("„Brett zwischenspeichern“", "Brett zwischenspeichern"),
    ])
    func `a model's answer becomes one line`(answer: String, title: String) {
        #expect(ShortTitle.clean(answer) == title)
    }

    @Test func `without a model a title is made by rule, and marked as such`() async throws {
        try await withWorkflow { workflow in
            let task = try await Self.task(workflow)
            let made = try await workflow.run(GenerateTitles(id: task.id))
            #expect(made == TitleRequests(tasks: [.init(taskID: task.id, effectID: nil)]))
            let titled = try await workflow.task(task.id)
            #expect(titled.title == "Cache the board" && titled.titleSource == .derived)
            try await workflow.run(GenerateTitles(id: task.id))
            #expect(try await workflow.task(task.id).version == titled.version, "no change, no version")
            let named = try await workflow.run(UpdateTask(id: task.id, body: TaskPatch(title: "By hand")))
            #expect(named.titleSource == nil)
        }
    }

    @Test func `a batch takes the newest tasks whose title is too long`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let long = String(repeating: "long ", count: 20)
            let titles = [long + "1", "short", long + "2", long + "3"]
            let made = try await workflow.tickets(
                project,
                [TicketCreate(title: "t", tasks: titles.map { TaskSpecification(title: $0) })]
            )
            let asked = try await workflow.run(GenerateTitles(id: nil, limit: 2))
            #expect(asked.tasks.map(\.taskID) == [made.tasks[3].id, made.tasks[2].id])
            let rest = try await workflow.run(GenerateTitles(id: nil, limit: 50))
            #expect(rest.tasks.map(\.taskID) == [made.tasks[0].id])
            #expect(try await workflow.run(GenerateTitles(id: nil, limit: 50)).tasks.isEmpty)
        }
    }

    @Test(arguments: ModelConfiguration.API.allCases)
    func `a model writes the title through an effect`(api: ModelConfiguration.API) async throws {
        try await withModel(answers: [.init(status: 200, text: "\"Hold the board in memory.\"")]) { model in
            try await withWorkflow(model: model.configuration(api)) { workflow in
                let task = try await Self.task(workflow)
                let asked = try await workflow.run(GenerateTitles(id: task.id, context: "the shop"))
                let effect = try #require(asked.tasks.first?.effectID)
                let again = try await workflow.run(GenerateTitles(id: task.id))
                #expect(again.tasks.first?.effectID == effect, "asked for twice, called once")
                try await Self.perform(workflow)
                let titled = try await workflow.task(task.id)
                #expect(titled.title == "Hold the board in memory" && titled.titleSource == .model)
                #expect(try await workflow.ask(DescribeEffect(id: effect)).status == .done)
                let request = try #require(model.requests.first)
                #expect(model.requests.count == 1)
                #expect(request.path == (api == .openAI ? "/chat/completions" : "/v1/messages"))
                #expect(request.key == (api == .openAI ? "Bearer marker-secret" : "marker-secret"))
                #expect(request.body.contains("the shop") && request.body.contains("Cache the board"))
                #expect(try await !workflow.contents().contains("marker-secret"))
            }
        }
    }

    @Test func `a title that somebody changed meanwhile is not overwritten`() async throws {
        try await withModel(answers: [.init(status: 200, text: "From the model")]) { model in
            try await withWorkflow(model: model.configuration(.openAI)) { workflow in
                let task = try await Self.task(workflow)
                try await workflow.run(GenerateTitles(id: task.id))
                try await workflow.run(UpdateTask(id: task.id, body: TaskPatch(title: "By hand")))
                try await Self.perform(workflow)
                #expect(try await workflow.task(task.id).title == "By hand")
            }
        }
    }

    @Test(
        arguments: [
            (
                [.init(status: 500, text: ""), .init(status: 429, text: ""), .init(status: 200, text: "In the end")],
                true
            ),
            ([.init(status: 401, text: "")], false), ([.init(status: 200, text: "")], false),
        ] as [([ModelStandIn.Answer], Bool)]
    )
    func `a model that is busy is asked again, one that refuses is not`(
        answers: [ModelStandIn.Answer],
        succeeds: Bool
    ) async throws {
        try await withModel(answers: answers) { model in
            try await withWorkflow(model: model.configuration(.anthropic)) { workflow in
                let task = try await Self.task(workflow)
                let effect = try #require(
                    try await workflow.run(GenerateTitles(id: task.id)).tasks.first?.effectID
                )
                for _ in answers {
                    try await Self.perform(workflow)
                    workflow.time.advance(by: .seconds(600))
                }
                let report = try await workflow.ask(DescribeEffect(id: effect))
                #expect(report.status == (succeeds ? .done : .failed))
                #expect(try await workflow.task(task.id).title == (succeeds ? "In the end" : "task"))
                #expect(model.requests.count == answers.count)
            }
        }
    }

    private static func task(_ workflow: TestWorkflow) async throws -> WorkTask {
        let specification = TaskSpecification(title: "task", description: "Cache the board. It is slow.")
        let made = try await workflow.tickets(
            try await workflow.project(),
            [TicketCreate(title: "t", tasks: [specification])]
        )
        return made.tasks[0]
    }

    private static func perform(_ workflow: TestWorkflow) async throws {
        let loop = EffectLoop(store: workflow.store, source: Workflow.source, environment: workflow.environment)
        #expect(try await loop.tick() == 1)
    }
}

/// A provider's API on loopback that answers as it is told.
final class ModelStandIn: Sendable {
    struct Answer: Sendable {
        var status: Int
        var text: String
    }

    struct Received: Sendable {
        var path: String
        var key: String
        var body: String
    }

    private let state: Mutex<(answers: [Answer], requests: [Received])>
    private let url = Mutex("")

    init(_ answers: [Answer]) {
        state = Mutex((answers, []))
    }

    var requests: [Received] { state.withLock { $0.requests } }

    func listen(at url: String) { self.url.withLock { $0 = url } }

    func configuration(_ api: ModelConfiguration.API) -> ModelConfiguration {
        ModelConfiguration(api: api, url: url.withLock { $0 } + "/", name: "small", key: "marker-secret")
    }

    func answer(_ request: Received) -> (status: HTTPResponse.Status, body: String) {
        let answer = state.withLock { state -> Answer? in
            state.requests.append(request)
            return state.answers.isEmpty ? nil : state.answers.removeFirst()
        }
        guard let answer else { return (.internalServerError, "{}") }
        let text = JSONText.quoted(answer.text)
        let body =
            request.path == "/v1/messages"
            ? #"{"content":[{"type":"text","text":\#(text)}],"stop_reason":"end_turn"}"#
            : #"{"choices":[{"message":{"role":"assistant","content":\#(text)}}]}"#
        return (HTTPResponse.Status(code: answer.status), body)
    }
}

extension JSONText {
    fileprivate static func quoted(_ text: String) -> String { (try? encode(text)) ?? "\"\"" }
}

/// Runs a stand-in while `body` runs.
private func withModel(
    answers: [ModelStandIn.Answer],
    _ body: (ModelStandIn) async throws -> Void
) async throws {
    let model = ModelStandIn(answers)
    let router = Router()
    for path in ["v1/messages", "chat/completions"] {
        router.post(RouterPath(path)) { request, _ -> Response in
            let bytes = try await request.body.collect(upTo: 1 << 20)
            let key = HTTPField.Name("x-api-key").flatMap { request.headers[$0] }
            let answer = model.answer(
                .init(
                    path: request.uri.path,
                    key: key ?? request.headers[.authorization] ?? "",
                    body: String(buffer: bytes)
                )
            )
            return Response(status: answer.status, body: .init(byteBuffer: ByteBuffer(string: answer.body)))
        }
    }
    let (ports, port) = AsyncStream<Int>.makeStream()
    var logger = Logger(label: "model stand-in")
    logger.logLevel = .critical
    let application = Application(
        router: router,
        configuration: .init(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { port.yield($0.localAddress?.port ?? 0) },
        logger: logger
    )
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await application.run() }
        var iterator = ports.makeAsyncIterator()
        guard let number = await iterator.next() else { throw Fault(.internalError, "the stand-in did not start") }
        model.listen(at: "http://127.0.0.1:\(number)")
        do {
            try await body(model)
        } catch {
            group.cancelAll()
            throw error
        }
        group.cancelAll()
    }
}
