import Testing

@testable import Observability

@Suite struct HealthChecksTests {
    @Test func `a process without checks is ready`() async {
        #expect(await HealthChecks().report() == HealthReport(ready: true, checks: []))
    }

    @Test func `one check that is down makes the process not ready`() async {
        let health = HealthChecks()
        health.add("store") { .up }
        health.add("broker", down: "no connection", unless: { false })
        let report = await health.report()
        #expect(!report.ready)
        #expect(report.checks.map(\.name) == ["store", "broker"])
        #expect(report.checks.map(\.reason) == [nil, "no connection"])
    }

    @Test func `a check of the same name replaces the first`() async {
        let health = HealthChecks()
        health.add("store") { .down("x") }
        health.add("store") { .up }
        #expect(await health.report().ready)
    }
}
