import CommandLineTool
import Contracts
import FoundationEssentials
import Kernel
import TestSupport
import Testing

/// Verbs against a stand-in server.
@Suite(.timeLimit(.minutes(2)))
struct CommandTests {
    private static let failures: [(Fault.Code, CommandLineTool.ExitStatus)] = [
        (.invalid, .usage), (.malformed, .usage), (.notFound, .notFound), (.conflict, .conflict),
        (.dependencyCycle, .conflict), (.unauthenticated, .notAuthorised), (.forbidden, .notAuthorised),
        (.unavailable, .unavailable), (.timeout, .unavailable), (.internalError, .failure),
    ]

    @Test(arguments: failures)
    func `a refusal becomes its exit status and one line`(code: Fault.Code, status: CommandLineTool.ExitStatus)
        async throws
    {
        let problem = try StandIn.Answer.problem(Fault(code, "the reason\nin two lines"))
        try await StandIn.serve(["GET /api/v1/projects": [problem]]) { _, environment in
            let run = await Invocation.run(["project", "list"], environment: environment)
            #expect(run.status == status)
            #expect(run.errors == ["omoi: the reason in two lines"])
            #expect(run.output.isEmpty)
        }
    }

    @Test func `every code has an exit status that is not success`() {
        for code in Fault.Code.allCases { #expect(CommandLineTool.ExitStatus(code) != .success) }
    }

    @Test func `nobody there is status 6, no token is status 5`() async throws {
        let port = try FreePort.find()
        let away = await Invocation.run(
            ["project", "list"],
            environment: ["OMOI_TOKEN": "t", "OMOI_HTTP_PORT": String(port)]
        )
        #expect(away.status == .unavailable)
        #expect(away.errors.count == 1)
        let tokenless = await Invocation.run(["project", "list"], environment: ["OMOI_HOME": "/nonexistent"])
        #expect(tokenless.status == .notAuthorised)
        #expect(tokenless.errors.first?.contains("/nonexistent/admin.token") == true)
    }

    @Test(arguments: [
        [], ["--nothing"], ["nothing"], ["project", "add"], ["ticket", "create"],
        ["ticket", "create", "--title", "t", "--file", "f"], ["ticket", "create", "--file", "f", "--task", "t"],
        ["ticket", "list", "--status", "nowhere"], ["task", "show"], ["watch", "--until-done"],
        ["dead-letters", "replay", "event-relay", "x"], ["ticket", "create", "--title", "t", "--in-order"],
    ])
    func `wrong arguments are status 2`(arguments: [String]) async {
        let run = await Invocation.run(arguments, environment: ["OMOI_TOKEN": "t", "OMOI_HTTP_PORT": "1"])
        // Without a verb the help is shown, which is no mistake.
        #expect(run.status == (arguments.isEmpty ? .success : .usage))
        #expect(arguments.isEmpty || !run.errors.isEmpty)
    }

    @Test(arguments: [("OMOI_HTTP_PORT", "x"), ("OMOI_HTTP_PORT", "70000")])
    func `a wrong variable is named`(name: String, value: String) async {
        let run = await Invocation.run(["project", "list"], environment: ["OMOI_TOKEN": "t", name: value])
        #expect(run.status == .usage)
        #expect(run.errors.count == 1 && run.errors[0].contains(name))
    }

    @Test func `help is no error and names the exit statuses`() async {
        let run = await Invocation.run(["--help"])
        #expect(run.status == .success)
        let words = run.output.joined(separator: " ").split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("6 a part of the system is away"))
    }

    @Test func `projects are added and listed`() async throws {
        let project = Sample.project
        try await StandIn.serve([
            "POST /api/v1/projects": [.json(project, status: 201)],
            "GET /api/v1/projects": [.json(["projects": [project]])],
        ]) { server, environment in
            let added = await Invocation.run(
                ["project", "add", "Alpha", "--key", "ABC", "--repository", "/srv/alpha"],
                environment: environment
            )
            #expect(added.status == .success)
            #expect(added.output == ["ABC  \(project.id)  Alpha"])
            let request = try #require(server.requests.first)
            #expect(request.headers["authorization"] == "Bearer secret-token")
            #expect(request.headers["idempotency-key"] != nil)
            #expect(request.body?["repository"] == .string("/srv/alpha"))
            let listed = await Invocation.run(["project", "list"], environment: environment)
            #expect(listed.output.first?.hasPrefix("KEY  NAME") == true)
            #expect(listed.output.last?.contains("ABC  Alpha  active  /srv/alpha  \(project.id)") == true)
            let json = await Invocation.run(["project", "list", "--json"], environment: environment)
            let value = try ContractCoder.decode(JSONValue.self, from: Array(json.text.utf8))
            #expect(json.output.count == 1)
            #expect(value["version"] == .integer(1))
            guard case .array(let items) = value["projects"] else { throw Fault(.internalError, "no projects") }
            #expect(items.count == 1)
        }
    }

    private static let plans: [(String, Int)] = [
        (#"{"title": "A", "tasks": [{"ref": "x", "title": "t"}]}"#, 1),
        (#"{"tickets": [{"title": "A"}, {"title": "B", "blocked_by": ["a"]}]}"#, 2),
    ]

    @Test(arguments: plans)
    func `a plan is sent as it is`(plan: String, tickets: Int) async throws {
        try await withTemporaryDirectory { directory in
            let file = "\(directory)/plan.json"
            try Data(plan.utf8).write(to: URL(filePath: file))
            try await StandIn.serve([
                "GET /api/v1/projects": [.json([Sample.project])],
                "POST /api/v1/tickets/batch": [
                    .json(TicketBatchResponse(tickets: [Sample.ticket()], tasks: [Sample.task()]), status: 201)
                ],
            ]) { server, environment in
                let run = await Invocation.run(["ticket", "create", "--file", file], environment: environment)
                #expect(run.status == .success)
                #expect(run.output == ["ABC-1  building  1 tasks  Do it"])
                let body = try #require(server.requests.last?.body)
                #expect(body["project_id"] == .string(Sample.project.id.description))
                guard case .array(let sent) = body["tickets"] else { throw Fault(.internalError, "no tickets") }
                #expect(sent.count == tickets)
                #expect(sent.first?["title"] == .string("A"))
            }
        }
    }

    @Test func `a ticket by hand has its tasks in order`() async throws {
        try await StandIn.serve([
            "GET /api/v1/projects": [.json([Sample.project])],
            "POST /api/v1/tickets/batch": [
                .json(TicketBatchResponse(tickets: [Sample.ticket()], tasks: []), status: 201)
            ],
        ]) { server, environment in
            let run = await Invocation.run(
                [
                    "ticket", "create", "--project", "abc", "--title", "T", "--task", "one", "--task", "two",
                    "--in-order",
                ],
                environment: environment
            )
            #expect(run.status == .success)
            let body = try #require(server.requests.last?.body)
            let batch = try ContractCoder.decode(TicketBatch.self, from: ContractCoder.encode(body))
            #expect(batch.tickets.first?.tasks?.map(\.title) == ["one", "two"])
            #expect(batch.tickets.first?.tasks?.map(\.dependsOn) == [nil, ["task-1"]])
        }
    }

    @Test func `an unknown project and unreadable plan are told`() async throws {
        try await StandIn.serve(["GET /api/v1/projects": [.json([Sample.project])]]) { _, environment in
            let unknown = await Invocation.run(
                ["ticket", "create", "--project", "XYZ", "--title", "T"],
                environment: environment
            )
            #expect(unknown.status == .notFound)
            #expect(unknown.errors == ["omoi: no project 'XYZ'"])
            let unreadable = await Invocation.run(
                ["ticket", "create", "--file", "/nonexistent"],
                environment: environment
            )
            #expect(unreadable.status == .usage)
        }
    }

    @Test func `tickets, tasks and the board are shown`() async throws {
        let ticket = Sample.ticket(block: .init(reason: .manual, detail: "wait", since: .now(), automatic: false))
        let hold = TaskExplanation.Hold(
            condition: .ticketBlocked,
            subject: "ABC-1",
            since: nil,
            liftedBy: "whoever blocked it"
        )
        let column = BoardView.Column(
            id: .building,
            name: "Building",
            sequenceOrder: 2,
            wipLimit: 10,
            currentCount: 1,
            wipExceeded: false,
            tickets: [.init(ticket)]
        )
        let transition = Transition(
            id: .make(),
            ticketID: ticket.id,
            from: .backlog,
            to: .implementation,
            cause: .admitted,
            actor: "settle",
            at: .now()
        )
        let path = "/api/v1/tasks/\(Sample.taskID)"
        try await StandIn.serve([
            "GET /api/v1/tickets": [.json(TicketList(tickets: [ticket], total: 1, nextCursor: nil))],
            "GET /api/v1/tickets/ABC-1": [.json(ticket)],
            "GET /api/v1/tickets/\(ticket.id)/history": [.json([transition])],
            "GET /api/v1/tasks": [.json([Sample.task()])],
            "GET \(path)": [.json(Sample.task())], "GET \(path)/attempts": [.json([Attempt]())],
            "GET \(path)/explain": [.json(TaskExplanation(taskID: Sample.taskID, holds: [hold]))],
            "GET /api/v1/board/view": [.json(BoardView(columns: [column]))],
        ]) { _, environment in
            let tickets = await Invocation.run(["ticket", "list"], environment: environment)
            #expect(tickets.output.last == "ABC-1  building  MEDIUM    1/2    manual   Do it")
            let shown = await Invocation.run(["ticket", "show", "ABC-1"], environment: environment)
            #expect(shown.text.contains("blocked   manual: wait") && shown.text.contains("admitted"))
            let tasks = await Invocation.run(["task", "list", "--ticket", "ABC-1"], environment: environment)
            #expect(tasks.text.contains("First step"))
            let task = await Invocation.run(["task", "show", "\(Sample.taskID)"], environment: environment)
            #expect(task.text.contains("ticket-blocked ABC-1: lifted by whoever blocked it"))
            let board = await Invocation.run(["board"], environment: environment)
            #expect(board.output == ["Building  1 of 10", "  ABC-1  1/2  Do it  blocked: manual"])
        }
    }

    @Test func `dead letters are listed, replayed and discarded`() async throws {
        let item = DeadLetterItem(
            id: 7,
            service: "event-relay",
            source: "omoi.log",
            type: "x",
            reason: "not JSON",
            messageID: nil,
            receivedAt: .now(),
            replays: 0
        )
        try await StandIn.serve([
            "GET /api/v1/dead-letters": [.json(DeadLetterPage(items: [item], total: 1))],
            "POST /api/v1/dead-letters/event-relay/7/replay": [.json(Empty())],
            "DELETE /api/v1/dead-letters/event-relay/7": [.json(Empty())],
        ]) { _, environment in
            let list = await Invocation.run(["dead-letters", "list"], environment: environment)
            #expect(list.output.count == 2 && list.text.contains("not JSON"))
            let replay = await Invocation.run(["dead-letters", "replay", "event-relay", "7"], environment: environment)
            #expect(replay.output == ["event-relay 7 replayed"])
            let discard = await Invocation.run(
                ["dead-letters", "discard", "event-relay", "7", "--json"],
                environment: environment
            )
            #expect(discard.status == .success)
            let missing = await Invocation.run(["dead-letters", "discard", "gone", "7"], environment: environment)
            #expect(missing.status == .notFound)
        }
    }
}
