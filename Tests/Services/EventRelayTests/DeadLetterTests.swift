import Contracts
import HTTPClient
import Kernel
import Messaging
import TestSupport
import Testing

@testable import EventRelay

extension RelayTests {
    /// Messages on the log that are no events.
    @Suite struct DeadLetterTests {
        private static let bodies = [
            "", "{", "[]", "{\"id\":1}", "{\"specversion\":\"1.0\",\"type\":\"task.completed\"}",
            "{\"specversion\":\"0.3\",\"id\":\"018f0000-0000-7000-8000-000000000000\",\"type\":\"x\","
                + "\"time\":\"2026-01-01T00:00:00Z\"}",
        ]

        @Test func `an undecodable message is set aside, can be seen and discarded, and stops nobody`() async throws {
            // A broker of its own: relays of other tests would answer for their own letters on the same queue.
            try await RelayFixture.run { fixture in
                for body in Self.bodies { try await setAside(body, fixture) }
            }
        }

        private func setAside(_ body: String, _ fixture: RelayFixture) async throws {
            let samples = Samples()
            let (first, last, bad) = (samples.ticket(), samples.task(), Identifier.make())
            try await fixture.publishBodies([
                (first.type.rawValue, first.id, try ContractCoder.encode(first)),
                ("task.completed", bad, Array(body.utf8)),
                (last.type.rawValue, last.id, try ContractCoder.encode(last)),
            ])
            try await fixture.waitForHistory(of: last)
            let page: EventPage = try await fixture.api(try fixture.token())
                .get("/api/v1/events?project_id=\(samples.projectID)")
            #expect(page.events.map(\.id) == [first.id, last.id])

            try await withRequester(fixture) { requester in
                func ask<C: Command>(_ command: C) async throws -> C.Reply {
                    try await requester.request(
                        command,
                        to: Topic.relay,
                        context: RequestContext(actor: .service("test"))
                    ).reply
                }
                let letters = try await ask(ListDeadLetters(limit: 200)).items
                let letter = try #require(letters.first { $0.messageID == bad.description })
                #expect(letter.service == "event-relay")
                #expect(letter.source == Topic.log)
                #expect(!letter.reason.isEmpty)
                await #expect { try await ask(ReplayDeadLetter(id: letter.id)) } throws: { error in
                    (error as? Fault)?.code == .conflict
                }
                _ = try await ask(DiscardDeadLetter(id: letter.id))
                #expect(try await ask(ListDeadLetters(limit: 200)).items.allSatisfy { $0.id != letter.id })
            }
        }

        private func withRequester(_ fixture: RelayFixture, _ body: (Requester) async throws -> Void) async throws {
            let requester = Requester(try BrokerConfiguration(url: fixture.broker.url, connectionName: "test request"))
            // Unstructured: it runs beside the test's own steps, which end it.
            let running = Task { try await requester.run() }
            await requester.waitUntilConnected()
            let outcome: Result<Void, any Error>
            do {
                try await body(requester)
                outcome = .success(())
            } catch {
                outcome = .failure(error)
            }
            requester.stop()
            _ = await running.result
            try outcome.get()
        }
    }
}
