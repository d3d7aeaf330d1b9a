import Contracts
import HTTPClient
import Kernel
import Messaging
import Storage
import Synchronization
import TestSupport
import Testing

@testable import APIGateway

/// How the gateway behaves towards the broker and its owners being away.
@Suite(.gateway, .serialized, .timeLimit(.minutes(4)))
struct GatewayMessagingTests {
    @Test func `activity is published with the sandbox's own numbers`() async throws {
        let fixture = try GatewayFixture.current
        let (project, _, task) = try await fixture.sample()
        let sandbox = Identifier.make()
        let api = fixture.api(try fixture.sandboxToken(task, sandbox: sandbox))
        let path = "/api/v1/sandboxes/\(sandbox)/events"
        let time = Timestamp.now()
        let report = ActivityReport(
            events: (1...3).map { number in
                ActivityReport.Item(
                    eventType: .commandOutput,
                    eventData: .object(["line": .string("\(number)")]),
                    sequence: number,
                    time: time
                )
            }
        )
        let seen = try await activities(of: fixture, count: 7) {
            for _ in 1...2 {
                let answer: JSONValue = try await api.post(path, body: report)
                #expect(answer["accepted"] == .integer(3))
                #expect(answer["status"] == .string("received"))
                #expect(answer["sandbox_id"] == .string(sandbox.description))
            }
            let single = try await api.outcome(
                "POST",
                path,
                #"{"event_type":"agent.started","event_data":{"a":1},"source":"worker"}"#
            )
            #expect(single.status == 200)
        }
        #expect(seen.map(\.activity.sequence) == [1, 2, 3, 1, 2, 3, 0])
        #expect(seen.map(\.activity.id).prefix(3) == seen.map(\.activity.id).dropFirst(3).prefix(3))
        #expect(Set(seen.map(\.activity.id)).count == 4)
        #expect(seen.allSatisfy { $0.activity.taskID == task.id && $0.activity.subject == sandbox })
        #expect(seen.allSatisfy { $0.delivery.properties.headers[MessageHeader.project] == project.id.description })
        #expect(seen.last?.activity.data == .object(["a": .integer(1), "source": .string("worker")]))
    }

    @Test(arguments: [
        (#"{"event_type":"task.completed"}"#, 422), (#"{"event_type":"agent.started","sequence":0}"#, 422),
        (#"{"events":[{"event_type":"agent.started"}]}"#, 422), (#"{"events":{}}"#, 422), (#"{}"#, 422),
        (#"{"event_type":"agent.started","extra":1}"#, 422), ("[", 400),
    ])
    func `anything but activity is refused`(body: String, status: Int) async throws {
        let fixture = try GatewayFixture.current
        let (_, _, task) = try await fixture.sample()
        let sandbox = Identifier.make()
        let api = fixture.api(try fixture.sandboxToken(task, sandbox: sandbox))
        #expect(try await api.outcome("POST", "/api/v1/sandboxes/\(sandbox)/events", body).status == status)
    }

    @Test func `activity of a superseded attempt is refused`() async throws {
        let fixture = try GatewayFixture.current
        let (_, _, task) = try await fixture.sample()
        let sandbox = Identifier.make()
        let api = fixture.api(try fixture.sandboxToken(task, sandbox: sandbox, attempt: 0))
        let result = #"{"status":"completed","summary":"done","files_changed":[]}"#
        #expect(try await api.outcome("POST", "/api/v1/sandbox/task/\(task.id)/results", result).status == 200)
        let late = try await api.outcome(
            "POST",
            "/api/v1/sandboxes/\(sandbox)/events",
            #"{"event_type":"agent.started"}"#
        )
        #expect(late.code == .attemptSuperseded)
    }

    @Test func `while the workflow is away commands get 503 with a time to retry and queries go on`() async throws {
        let fixture = try GatewayFixture.current
        let (project, ticket, _) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        await fixture.workflow.stop()
        let start = ContinuousClock.now
        let refused = try await api.outcome(
            "POST",
            "/api/v1/tickets",
            #"{"project_id":"\#(project.id)","title":"x"}"#
        )
        #expect(refused.status == 503)
        #expect(refused.code == .unavailable)
        #expect(refused.response.header("Retry-After") != nil)
        // Refused early, not at the deadline; on a busy machine that takes a few seconds.
        #expect(ContinuousClock.now - start < Limits.commandDeadline * 0.8)
        #expect(try await api.outcome("GET", "/api/v1/tickets/\(ticket.id)").status == 200)
        let letters = try await fixture.api(fixture.admin).outcome("GET", "/api/v1/dead-letters")
        #expect(letters.text.contains("ticket-workflow"))
        try await fixture.workflow.start()
        try await eventually("the workflow answers again") {
            try await api.outcome(
                "POST",
                "/api/v1/tickets",
                #"{"project_id":"\#(project.id)","title":"x"}"#
            ).status == 201
        }
    }

    @Test func `a deleted read model is rebuilt from snapshot and stream`() async throws {
        let fixture = try GatewayFixture.current
        let (project, ticket, _) = try await fixture.sample()
        let api = fixture.api(fixture.member)
        let moved = try await api.outcome(
            "POST",
            "/api/v1/tickets/\(ticket.id)/transition",
            #"{"to_status":"building"}"#
        )
        #expect(moved.status == 200)
        let before = try await api.outcome("GET", "/api/v1/board/view?project_id=\(project.id)").text
        let history = try await api.outcome("GET", "/api/v1/tickets/\(ticket.id)/history").text
        let again = try await RunningGateway(url: fixture.broker.url, home: "\(fixture.directory)/again")
        let other = fixture.api(fixture.member, of: again)
        let after = try await other.outcome("GET", "/api/v1/board/view?project_id=\(project.id)").text
        let restored = try await other.outcome("GET", "/api/v1/tickets/\(ticket.id)/history").text
        await again.stop()
        #expect(before == after)
        #expect(history == restored)
        #expect(fixture.workflow.state.withLock { $0.snapshots } > 0)
    }

    @Test func `a new gateway waits for the workflow before it answers`() async throws {
        let fixture = try GatewayFixture.current
        let (_, ticket, _) = try await fixture.sample()
        await fixture.workflow.stop()
        let fresh = try await RunningGateway(
            url: fixture.broker.url,
            home: "\(fixture.directory)/fresh",
            waitsUntilReady: false
        )
        let api = fixture.api(fixture.member, of: fresh)
        let path = "/api/v1/tickets/\(ticket.id)"
        #expect(try await api.outcome("GET", "/livez").status == 200)
        #expect(try await api.outcome("GET", "/readyz").status == 503)
        let early = try await api.outcome("GET", path)
        #expect(early.status == 503)
        #expect(early.response.header("Retry-After") != nil)
        try await fixture.workflow.start()
        try await eventually("the gateway is ready") { await fresh.runtime.health.report().ready }
        #expect(try await api.outcome("GET", path).status == 200)
        await fresh.stop()
    }

    @Test func `what another gateway wrote arrives by the stream`() async throws {
        let fixture = try GatewayFixture.current
        let second = try await RunningGateway(url: fixture.broker.url, home: "\(fixture.directory)/second")
        let (_, ticket, _) = try await fixture.sample()
        let other = fixture.api(fixture.viewer, of: second)
        try await eventually("the ticket is known", within: .seconds(10)) {
            try await other.outcome("GET", "/api/v1/tickets/\(ticket.id)").status == 200
        }
        await second.stop()
    }

    @Test func `an unreadable message in the log becomes a dead letter that can be discarded`() async throws {
        let fixture = try GatewayFixture.current
        let publisher = Publisher(try BrokerConfiguration(url: fixture.broker.url, connectionName: "test"))
        // Unstructured: it runs beside the test's own steps, which end it.
        let running = Task { try await publisher.run() }
        await publisher.waitUntilConnected()
        let outcome = await publisher.publish(
            OutgoingMessage(
                exchange: Topic.events,
                routingKey: "ticket.created",
                properties: MessageProperties(messageID: "x", type: "ticket.created"),
                body: Array("{nonsense".utf8)
            )
        )
        #expect(outcome == .confirmed)
        publisher.stop()
        _ = await running.result
        let admin = fixture.api(fixture.admin)
        let letter = try await eventually("the dead letter is listed", within: .seconds(10)) {
            let page: DeadLetterPage = try await admin.get("/api/v1/dead-letters?service=api-gateway")
            return page.items.first
        }
        #expect(letter.reason.contains("JSON"))
        let path = "/api/v1/dead-letters/api-gateway/\(letter.id)"
        #expect(try await admin.outcome("POST", path + "/replay").status == 409)
        #expect(try await admin.outcome("DELETE", path).status == 200)
        #expect(try await admin.outcome("DELETE", path).status == 404)
        let (_, ticket, _) = try await fixture.sample()
        #expect(try await admin.outcome("GET", "/api/v1/tickets/\(ticket.id)").status == 200)
    }

    /// Activities that `body` causes.
    private func activities(
        of fixture: GatewayFixture,
        count: Int,
        _ body: () async throws -> Void
    ) async throws -> [(delivery: Delivery, activity: Activity)] {
        let reader = StreamReader(
            try BrokerConfiguration(url: fixture.broker.url, connectionName: "test"),
            stream: Topic.activity
        )
        let seen = Mutex<[(delivery: Delivery, activity: Activity)]>([])
        // Unstructured: it runs beside the test's own steps, which end it.
        let running = Task {
            try await reader.run(from: .next) { batch in
                let read = try batch.map { ($0, try ContractCoder.decode(Activity.self, from: $0.body)) }
                seen.withLock { $0 += read }
            }
        }
        await reader.waitUntilConsuming()
        try await body()
        try await eventually("\(count) activities arrive", within: .seconds(10)) {
            seen.withLock { $0.count } >= count
        }
        reader.stop()
        _ = await running.result
        return seen.withLock { $0 }
    }
}
