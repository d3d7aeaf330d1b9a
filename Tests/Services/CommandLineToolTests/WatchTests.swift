import Contracts
import Kernel
import Testing

@testable import CommandLineTool

/// `omoi watch` against a stand-in relay.
@Suite(.timeLimit(.minutes(2)))
struct WatchTests {
    private func answers(_ tickets: [Ticket], _ streams: [[Event]]) throws -> [String: [StandIn.Answer]] {
        [
            "GET /api/v1/tickets/ABC-1": [try .json(tickets[0])],
            "GET /api/v1/tickets/\(Sample.ticketID)": try tickets.map { try .json($0) },
            "GET /api/v1/events/stream": try streams.map { try .stream($0) },
        ]
    }

    @Test func `it prints transitions, goes on where it was cut and ends when the ticket is done`() async throws {
        let first = Sample.event(.taskStarted, EventData(Sample.task(.running)))
        let second = Sample.moved(from: .implementation, to: .testing)
        let third = Sample.moved(from: .testing, to: .done)
        try await StandIn.serve(answers([Sample.ticket()], [[first, second], [third]])) { server, environment in
            let run = await Invocation.run(["watch", "--ticket", "ABC-1", "--until-done"], environment: environment)
            #expect(run.status == .success)
            #expect(run.output.count == 3)
            #expect(run.output[0].hasSuffix("ABC-1  task    First step  running, attempt 0"))
            #expect(run.output[1].hasSuffix("ABC-1  ticket  building -> testing  (advanced)"))
            #expect(run.output[2].hasSuffix("ABC-1  ticket  testing -> done  (advanced)"))
            let streams = server.requests.filter { $0.path.hasPrefix("/api/v1/events/stream") }
            #expect(streams.map { $0.headers["last-event-id"] } == [nil, second.id.description])
            #expect(streams[0].path.contains("ticket_id=\(Sample.ticketID)"))
        }
    }

    @Test func `a ticket that is done already ends it at once`() async throws {
        try await StandIn.serve(answers([Sample.ticket(.done)], [[]])) { _, environment in
            let run = await Invocation.run(["watch", "--ticket", "ABC-1", "--until-done"], environment: environment)
            #expect(run.status == .success)
        }
    }

    @Test(arguments: Ticket.BlockReason.allCases)
    func `a block that nobody lifts by itself is a failure`(reason: Ticket.BlockReason) {
        let ticket = Sample.ticket(block: .init(reason: reason, detail: "why", since: .now(), automatic: true))
        let outcome = Watcher.outcome(of: ticket)
        #expect((outcome == nil) == (reason == .dependency))
    }

    @Test func `a blocked ticket is status 1`() async throws {
        let blocked = Sample.ticket(
            block: .init(reason: .failingChecks, detail: "no luck", since: .now(), automatic: false)
        )
        let event = Sample.event(.ticketBlocked, EventData(blocked))
        try await StandIn.serve(answers([Sample.ticket()], [[event]])) { _, environment in
            let run = await Invocation.run(["watch", "--ticket", "ABC-1", "--until-done"], environment: environment)
            #expect(run.status == .failure)
            #expect(run.errors.last == "omoi: ABC-1 is blocked, failing-checks: no luck")
        }
    }

    @Test func `programs get the whole event`() async throws {
        let done = Sample.moved(from: .testing, to: .done)
        try await StandIn.serve(answers([Sample.ticket()], [[done]])) { _, environment in
            let run = await Invocation.run(
                ["watch", "--ticket", "ABC-1", "--until-done", "--json"],
                environment: environment
            )
            let value = try ContractCoder.decode(JSONValue.self, from: Array(run.text.utf8))
            #expect(value["version"] == .integer(1))
            #expect(value["event"]?["id"] == .string(done.id.description))
        }
    }

    @Test func `a refused stream is an error`() async throws {
        var answers = try answers([Sample.ticket()], [])
        answers["GET /api/v1/events/stream"] = [try .problem(Fault(.forbidden, "not for you"))]
        try await StandIn.serve(answers) { _, environment in
            let run = await Invocation.run(["watch", "--ticket", "ABC-1"], environment: environment)
            #expect(run.status == .notAuthorised)
            #expect(run.errors == ["omoi: not for you"])
        }
    }

    @Test(arguments: 1...7)
    func `the stream is parsed however it is cut`(size: Int) {
        let text = ": hello\r\nretry: 1\n\nid: 1\nevent: a\ndata: x\ndata:y\n\ndata: z\r\n\r\nid\ndata\n\n"
        var parser = EventStreamParser()
        var events: [ServerEvent] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            events += parser.feed(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        #expect(
            events == [
                ServerEvent(id: "1", type: "a", data: "x\ny"), ServerEvent(id: "1", type: "message", data: "z"),
                ServerEvent(id: nil, type: "message", data: ""),
            ]
        )
    }
}
