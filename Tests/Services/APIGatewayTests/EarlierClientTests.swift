import Contracts
import Kernel
import TestSupport
import Testing

@testable import APIGateway

/// What clients of the earlier system still send.
extension GatewayHTTPTests {
    @Test func `fields of the earlier system are known, and mean what they meant`() async throws {
        let fixture = try GatewayFixture.current
        let api = fixture.api(fixture.member)
        let project = try await api.outcome(
            "POST",
            "/api/v1/projects",
            #"{"name":"Old","default_phase_id":"PHASE_BACKLOG","autonomous_execution_enabled":false}"#
        )
        #expect(project.status == 201, "\(project.text)")
        let made: Project = try ContractCoder.decode(from: project.response.body)
        #expect(made.settings.autoStart == false)
        let ticket = try await api.outcome(
            "POST",
            "/api/v1/tickets",
            #"{"project_id":"\#(made.id)","title":"x","workflow_mode":"quick","github_owner":"a","github_repo":"b"}"#
        )
        #expect(ticket.status == 201, "\(ticket.text)")
        let id = try ContractCoder.decode(Ticket.self, from: ticket.response.body).id
        let first: WorkTask = try await api.post("/api/v1/tasks", body: TaskCreate(ticketID: id, title: "first"))
        let second = try await api.outcome(
            "POST",
            "/api/v1/tasks",
            #"{"ticket_id":"\#(id)","title":"y","dependencies":{"depends_on":["\#(first.id)"]},"execution_config":{}}"#
        )
        #expect(second.status == 201, "\(second.text)")
        #expect(try ContractCoder.decode(WorkTask.self, from: second.response.body).dependsOn == [first.id])
        let blocking = #"{"project_id":"\#(made.id)","title":"x","dependencies":{"blocks":["ABC-1"]}}"#
        #expect(try await api.outcome("POST", "/api/v1/tickets", blocking).text.contains("dependencies.blocks"))
    }

    @Test func `the earlier path of the ticket list is a list, not a ticket`() async throws {
        let api = try GatewayFixture.current.api(GatewayFixture.current.viewer)
        let list: TicketList = try await api.get("/api/v1/tickets/list?limit=1")
        #expect(list.tickets.count <= 1)
    }

    @Test(arguments: ["", "/1", "/1/tasks/2"])
    func `agents are gone, whatever is asked of them`(rest: String) async throws {
        let fixture = try GatewayFixture.current
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            for token in [nil, fixture.viewer] {
                let outcome = try await fixture.api(token).outcome(method, "/api/v1/agents\(rest)")
                #expect(outcome.code == .gone, "\(method)")
                #expect(outcome.text.contains("/api/v1/sandboxes"))
            }
        }
    }
}
