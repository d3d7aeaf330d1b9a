import Contracts
import HTTPClient
import Kernel
import TestSupport
import Testing

@testable import EventRelay

extension RelayTests {
    /// Who may read what.
    @Suite struct AccessTests {
        private static let binding = Actor.Binding(sandboxID: .make(), taskID: .make(), attempt: 1, fence: 1)

        @Test(arguments: ["/api/v1/events", "/api/v1/events/stream"])
        func `without a good token nothing is shown`(path: String) async throws {
            let fixture = try RelayFixture.current
            #expect(try await fixture.api(nil).perform("GET", path).status == 401)
            #expect(try await fixture.api("nonsense").perform("GET", path).status == 401)
            let expired = try fixture.token(life: .seconds(-1))
            #expect(try await fixture.api(expired).perform("GET", path).status == 401)
            let sandbox = try fixture.token(.sandbox, project: .make(), binding: Self.binding)
            #expect(try await fixture.api(sandbox).perform("GET", path).status == 403)
        }

        @Test func `defect 36: a token bound to a project sees that project only`() async throws {
            let fixture = try RelayFixture.current
            let (own, foreign) = (Samples(), Samples())
            let events = [own.ticket(), foreign.ticket(), own.task(), foreign.task()]
            try await fixture.publish(events)
            try await fixture.waitForHistory(of: events[3])
            let api = fixture.api(try fixture.token(.member, project: own.projectID))
            let page: EventPage = try await api.get("/api/v1/events")
            #expect(page.events.map(\.id) == [events[0].id, events[2].id])
            let other = try await api.perform("GET", "/api/v1/events?project_id=\(foreign.projectID)")
            #expect(other.status == 404)
            let position = try await api.perform("GET", "/api/v1/events?after=\(events[1].id)")
            #expect(position.status == 410)
            let streamed = try await StreamSession(api: api, lastEventID: events[0].id.description).events(1)
            #expect(streamed.map(\.id) == [events[2].id.description])
        }

        @Test func `events about tokens are for administrators`() async throws {
            let fixture = try RelayFixture.current
            let samples = Samples()
            let issued = samples.token(.tokenIssued, id: .make(), project: samples.projectID)
            let ticket = samples.ticket()
            try await fixture.publish([issued, ticket])
            try await fixture.waitForHistory(of: ticket)
            let path = "/api/v1/events?project_id=\(samples.projectID)"
            let all: EventPage = try await fixture.api(try fixture.token(.admin)).get(path)
            let some: EventPage = try await fixture.api(try fixture.token(.member)).get(path)
            #expect(all.events.map(\.id) == [issued.id, ticket.id])
            #expect(some.events.map(\.id) == [ticket.id])
        }

        @Test func `only a short-lived token may travel in the address`() async throws {
            let fixture = try RelayFixture.current
            let api = fixture.api(nil)
            let short = try fixture.token(.viewer, life: .seconds(120))
            let long = try fixture.token(.viewer, life: .seconds(86_400))
            #expect(try await api.perform("GET", "/api/v1/events?access_token=\(short)").status == 200)
            #expect(try await api.perform("GET", "/api/v1/events?access_token=\(long)").status == 401)
        }

        @Test func `a revoked token's stream ends and it is refused from then on`() async throws {
            let fixture = try RelayFixture.current
            let id = Identifier.make()
            let api = fixture.api(try fixture.token(.viewer, id: id))
            // Heartbeats of one second make the relay look at the token again.
            _ = try await StreamSession(api: api).events(.max) {
                try await fixture.publish([Samples().token(.tokenRevoked, id: id)])
            }
            #expect(try await api.perform("GET", "/api/v1/events").status == 401)
        }

        @Test func `pages of the gateway's origin may read, others may not`() async throws {
            let fixture = try RelayFixture.current
            let url = "http://127.0.0.1:\(fixture.relay.port)/api/v1/events"
            let origin = "http://localhost:8080"
            func ask(_ method: String, _ headers: [(String, String)]) async throws -> HTTPResponse {
                try await fixture.client.send(HTTPRequest(method: method, url: url, headers: headers))
            }
            let preflight = try await ask("OPTIONS", [("Origin", origin), ("Access-Control-Request-Method", "GET")])
            #expect(preflight.status == 204)
            #expect(preflight.header("Access-Control-Allow-Origin") == origin)
            #expect(preflight.header("Access-Control-Allow-Headers")?.contains("Last-Event-ID") == true)
            let bearer = ("Authorization", "Bearer \(try fixture.token())")
            #expect(try await ask("GET", [("Origin", origin), bearer]).header("Access-Control-Allow-Origin") == origin)
            let refused = try await ask("GET", [("Origin", origin)])
            #expect(refused.status == 401)
            #expect(refused.header("Access-Control-Allow-Origin") == origin)
            let foreign = try await ask("GET", [("Origin", "http://evil.example"), bearer])
            #expect(foreign.header("Access-Control-Allow-Origin") == nil)
        }

        @Test func `a wrong path and a wrong method are problems`() async throws {
            let fixture = try RelayFixture.current
            let api = fixture.api(try fixture.token())
            #expect(try await api.perform("GET", "/api/v1/nothing").status == 404)
            #expect(try await api.perform("DELETE", "/api/v1/events").status == 405)
        }
    }
}
