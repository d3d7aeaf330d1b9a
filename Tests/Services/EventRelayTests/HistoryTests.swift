import Contracts
import HTTPClient
import Kernel
import TestSupport
import Testing

@testable import EventRelay

extension RelayTests {
    /// `GET /api/v1/events` with a real broker in front.
    @Suite struct HistoryTests {
        @Test func `the history has the bytes of every event and is read page by page`() async throws {
            let fixture = try RelayFixture.current
            let samples = Samples()
            let events =
                [samples.project(), samples.ticket()] + (1...23).map { samples.task(.taskUpdated, version: $0) }
            try await fixture.publish(events)
            try await fixture.waitForHistory(of: events[24])
            let api = fixture.api(try fixture.token())
            var seen: [Event] = []
            var cursor: Identifier?
            repeat {
                let after = cursor.map { "&after=\($0)" } ?? ""
                let page: EventPage = try await api.get(
                    "/api/v1/events?project_id=\(samples.projectID)&limit=10\(after)"
                )
                seen += page.events
                cursor = page.nextCursor
                if !page.hasMore { break }
            } while seen.count < 100
            #expect(seen == events)
            #expect(cursor == events[24].id)
            let answer = try await api.perform("GET", "/api/v1/events?project_id=\(samples.projectID)&limit=1")
            let bytes = String(decoding: try ContractCoder.encode(events[0]), as: UTF8.self)
            #expect(String(decoding: answer.body, as: UTF8.self).contains("[\(bytes)]"))
        }

        @Test func `a repeated event is kept once`() async throws {
            let fixture = try RelayFixture.current
            let samples = Samples()
            let (first, last) = (samples.ticket(), samples.task())
            try await fixture.publish([first, first, last, first])
            try await fixture.waitForHistory(of: last)
            let page: EventPage = try await fixture.api(try fixture.token())
                .get("/api/v1/events?project_id=\(samples.projectID)")
            #expect(page.events.map(\.id) == [first.id, last.id])
        }

        @Test(arguments: [
            ("type=ticket.created", [1]), ("type=task.*", [2, 3]), ("type=task.*&type=project.created", [0, 2, 3]),
            ("type=sandbox.*", []), ("ticket", [1, 2, 3, 4]), ("task", [2, 3, 4]), ("task&type=result.submitted", [4]),
        ])
        func `filters narrow the history`(query: String, expected: [Int]) async throws {
            let fixture = try RelayFixture.current
            let samples = Samples()
            let events = [
                samples.project(), samples.ticket(), samples.task(), samples.task(.taskUpdated, version: 2),
                samples.result(),
            ]
            try await fixture.publish(events)
            try await fixture.waitForHistory(of: events[4])
            let parts = query.split(separator: "&").map { part in
                switch part {
                case "ticket": "ticket_id=\(samples.ticketID)"
                case "task": "task_id=\(samples.taskID)"
                default: String(part)
                }
            }
            let path = "/api/v1/events?project_id=\(samples.projectID)&" + parts.joined(separator: "&")
            let page: EventPage = try await fixture.api(try fixture.token()).get(path)
            #expect(page.events.map(\.id) == expected.map { events[$0].id })
        }

        @Test(arguments: [
            ("type=task.complete", "type"), ("type=nothing.*", "type"), ("type=*", "type"), ("limit=0", "limit"),
            ("limit=501", "limit"), ("limit=x", "limit"), ("after=x", "after"), ("project_id=1", "project_id"),
            ("ticket_id=1", "ticket_id"), ("task_id=1", "task_id"),
        ])
        func `a wrong parameter is named`(query: String, field: String) async throws {
            let fixture = try RelayFixture.current
            let answer = try await fixture.api(try fixture.token()).perform("GET", "/api/v1/events?\(query)")
            #expect(answer.status == 422)
            #expect(try ContractCoder.decode(Problem.self, from: answer.body).errors?.map(\.field) == [field])
        }

        @Test func `an unknown position is answered with the oldest event there is`() async throws {
            let fixture = try RelayFixture.current
            let samples = Samples()
            let event = samples.ticket()
            try await fixture.publish([event])
            try await fixture.waitForHistory(of: event)
            let path = "/api/v1/events?project_id=\(samples.projectID)&after=\(Identifier.make())"
            let answer = try await fixture.api(try fixture.token()).perform("GET", path)
            let problem = try ContractCoder.decode(Problem.self, from: answer.body)
            #expect(answer.status == 410)
            #expect(problem.code == .resyncRequired)
            #expect(problem.detail.contains(event.id.description))
        }

        @Test func `an event without a project belongs to its ticket's project`() async throws {
            let fixture = try RelayFixture.current
            let samples = Samples()
            let events = [samples.ticket(), samples.result()]
            try await fixture.publish(events)
            try await fixture.waitForHistory(of: events[1])
            let bound = fixture.api(try fixture.token(.viewer, project: samples.projectID))
            let page: EventPage = try await bound.get("/api/v1/events")
            #expect(page.events.map(\.id) == events.map(\.id))
        }
    }
}
