import Contracts
import Kernel
import Messaging
import TestSupport
import Testing

@testable import APIGateway

struct ActivityReporterTests {
    @Test func `defect 37: a report the broker did not take is an error, so the worker repeats it`() async throws {
        let publisher = Publisher(try BrokerConfiguration(url: "amqp://127.0.0.1:1", connectionName: "nobody"))
        let reporter = ActivityReporter(publisher: publisher, time: ManualTime())
        let item = ActivityReport.Item(eventType: .agentStarted, eventData: nil, sequence: 1, time: nil)
        let binding = Actor.Binding(sandboxID: .make(), taskID: .make(), attempt: 1, fence: 1)
        let fault = await #expect(throws: Fault.self) {
            try await reporter.publish([item], binding: binding, projectID: nil, traceparent: nil)
        }
        #expect(fault?.code == .unavailable)
        #expect(fault?.retryAfter != nil)
    }
}
