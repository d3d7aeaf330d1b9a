import Contracts
import Kernel
import Messaging
import TestSupport
import Testing

@testable import APIGateway

extension GatewayHTTPTests {
    @Test func `defect 33: sandboxes are listed and shown, with the task they run`() async throws {
        let fixture = try GatewayFixture.current
        let (project, ticket, task) = try await fixture.sample()
        var sandbox = Sandbox(id: .make(), orchestrator: "local", provider: "process", createdAt: .now())
        sandbox.state = .running
        sandbox.version = 2
        (sandbox.taskID, sandbox.ticketID, sandbox.projectID) = (task.id, ticket.id, project.id)
        var idle = Sandbox(id: .make(), orchestrator: "local", provider: "process", createdAt: .now())
        idle.version = 1
        try await fixture.publish([(.sandboxRunning, EventData(sandbox)), (.sandboxCreated, EventData(idle))])
        let api = fixture.api(fixture.viewer)
        let path = "/api/v1/sandboxes/\(sandbox.id)"
        try await eventually("the sandboxes are known") {
            // Published after the other.
            try await api.outcome("GET", "/api/v1/sandboxes/\(idle.id)").status == 200
        }
        #expect(try await api.get(path) == sandbox)
        let shown = try await api.outcome("GET", path + "/task")
        #expect(try ContractCoder.decode(WorkTask.self, from: shown.response.body).id == task.id)
        #expect(shown.response.header("ETag") == "\"v\(task.version)\"")
        for query in ["task_id=\(task.id)", "state=running&project_id=\(project.id)", "status=running"] {
            let list: JSONValue = try await api.get("/api/v1/sandboxes?\(query)")
            #expect(list["sandboxes"]?.elements.map { $0["id"]?.text } == [sandbox.id.description], "\(query)")
        }
        let none = try await api.outcome("GET", "/api/v1/sandboxes/\(idle.id)/task")
        #expect(none.code == .notFound)
        #expect(none.text.contains("has no task"))
        let stranger = fixture.api(try fixture.workflow.token(.member, project: .make()))
        #expect(try await stranger.outcome("GET", path).code == .notFound)
        #expect(try await stranger.outcome("GET", path + "/task").code == .notFound)
    }

    @Test func `capacity is the owner's word`() async throws {
        let fixture = try GatewayFixture.current
        let capacity: SandboxCapacity = try await fixture.api(fixture.viewer).get("/api/v1/sandboxes/capacity")
        #expect((capacity.slots, capacity.used, capacity.available) == (8, 3, 5))
        #expect(capacity.orchestrators.map(\.instance) == ["local"])
    }
}

extension GatewayFixture {
    /// Publishes events as their owner's outbox would.
    func publish(_ events: [(type: EventType, data: EventData)]) async throws {
        let publisher = Publisher(try BrokerConfiguration(url: broker.url, connectionName: "test publish"))
        // Unstructured: it runs beside the test's own steps, which end it.
        let publishing = Task { try await publisher.run() }
        await publisher.waitUntilConnected()
        let messages = try events.map { type, data in
            let event = Samples.event(type, data)
            return OutgoingMessage(
                exchange: Topic.events,
                routingKey: type.rawValue,
                properties: MessageProperties(
                    messageID: event.id.description,
                    type: type.rawValue,
                    contentType: ContentType.cloudEvent,
                    persistent: true
                ),
                body: try ContractCoder.encode(event),
                mandatory: true
            )
        }
        let outcomes = await publisher.publish(messages)
        #expect(outcomes.allSatisfy { $0 == .confirmed })
        publisher.stop()
        _ = await publishing.result
    }
}
