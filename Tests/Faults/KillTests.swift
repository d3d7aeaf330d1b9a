import Contracts
import Glibc
import Kernel
import TestSupport
import Testing

/// `kill -9`, pauses and outages with sixty tasks in flight: nothing lost, nothing doubled, everybody agrees.
@Suite(.serialized, .timeLimit(.minutes(6)))
struct KillTests {
    /// Short leases so that a lost attempt is noticed within the test; the product's default is 30 s.
    private static var options: OmoiSystem.Options {
        var options = OmoiSystem.Options()
        options.slots = 30
        options.environment = ["OMOI_LEASE_SECONDS": "10", "OMOI_HEARTBEAT_SECONDS": "1"]
        return options
    }

    private func survive(
        agentSeconds: Double = 1,
        _ fault: (OmoiSystem, Workload) async throws -> Void
    ) async throws {
        try await OmoiSystem.run(Self.options) { system in
            try await EventLedger.listen(
                to: system.broker.url,
                patterns: ["task.*", "ticket.*", "result.*"]
            ) { ledger in
                let workload = try await Workload.submit(to: system, agentSeconds: agentSeconds)
                try await workload.waitUntilInFlight(in: system)
                try await fault(system, workload)
                try await workload.waitUntilDone(in: system)
                try await Audit(system: system, workload: workload, ledger: ledger).run()
            }
        }
    }

    @Test(arguments: OmoiSystem.Member.allCases)
    func `a killed member loses and doubles nothing`(_ member: OmoiSystem.Member) async throws {
        try await survive { system, _ in
            try await system.killAndRestart(member)
        }
    }

    @Test(arguments: [
        [OmoiSystem.Member.workflow, .gateway], [.orchestrator, .workflow],
    ])
    func `two members killed at once lose and double nothing`(_ members: [OmoiSystem.Member]) async throws {
        try await survive { system, _ in
            for member in members { system.process(member)?.signal(SIGKILL) }
            for member in members { try await system.process(member)?.waitForExit() }
            for member in members { try system.start(member) }
            for member in members { try await system.waitUntilReady(member) }
        }
    }

    @Test func `a killed broker loses and doubles nothing`() async throws {
        try await survive { system, _ in
            await system.broker.kill()
            try await system.broker.restart()
            for member in OmoiSystem.Member.allCases { try await system.waitUntilReady(member) }
        }
    }

    /// A member and the named place in its code at which it kills itself with SIGKILL, on the n-th passage.
    struct Point: Sendable, CustomTestStringConvertible {
        var member: OmoiSystem.Member
        var name: String
        var testDescription: String { "\(member.rawValue) at \(name)" }
    }

    private static let points: [Point] = [
        Point(member: .workflow, name: "before-commit:20"),
        Point(member: .workflow, name: "after-commit-before-reply:20"),
        Point(member: .workflow, name: "after-commit-before-ack:20"),
        Point(member: .workflow, name: "after-publish-before-position:10"),
        Point(member: .orchestrator, name: "after-row-before-claim:3"),
        Point(member: .orchestrator, name: "after-claim-before-spawn:3"),
        Point(member: .orchestrator, name: "after-spawn-before-handle:3"),
        Point(member: .orchestrator, name: "after-exit-before-report:3"),
        Point(member: .orchestrator, name: "after-publish-before-position:3"),
        Point(member: .relay, name: "after-commit-before-ack:10"),
        Point(member: .gateway, name: "after-commit-before-ack:10"),
    ]

    /// One system takes all the points of one member in turn, new work for each: starting it costs more than the work.
    @Test(arguments: OmoiSystem.Member.allCases)
    func `death at a named point loses and doubles nothing`(_ member: OmoiSystem.Member) async throws {
        try await OmoiSystem.run(Self.options) { system in
            try await EventLedger.listen(
                to: system.broker.url,
                patterns: ["task.*", "ticket.*", "result.*"]
            ) { ledger in
                for point in Self.points where point.member == member {
                    let workload = try await Workload.submit(to: system, agentSeconds: 0.2, tickets: 4)
                    try await system.kill(member)
                    try system.start(member, extra: ["OMOI_FAULT_POINT": point.name])
                    let status = try await system.process(member)?.waitForExit(within: .seconds(60))
                    #expect(status == 128 + SIGKILL, "\(point.testDescription)")
                    try system.start(member)
                    try await system.waitUntilReady(member)
                    try await workload.waitUntilDone(in: system)
                    try await Audit(system: system, workload: workload, ledger: ledger).run()
                }
            }
        }
    }

    @Test func `a zombie orchestrator changes nothing`() async throws {
        try await survive { system, workload in
            system.process(.orchestrator)?.signal(SIGSTOP)
            // Beyond the lease: the workflow has given every attempt of the zombie up or has its result.
            try await eventually("the zombie's attempts are gone", within: .seconds(60)) {
                let tasks = try await workload.tasks(of: system)
                return !tasks.contains { $0.status == .running || $0.status == .assigned }
            }
            system.process(.orchestrator)?.signal(SIGCONT)
        }
    }

    @Test func `results wait for a gateway that is away`() async throws {
        try await survive(agentSeconds: 5) { system, workload in
            try await eventually("agents are at work", within: .seconds(60)) {
                let started = try workload.effects().count
                let completed = try await workload.tasks(of: system).count { $0.status == .completed }
                return started - completed >= 5
            }
            try await system.kill(.gateway)
            // The agents of this moment end while nobody takes their results.
            try await eventually("results wait in spools", within: .seconds(60)) {
                try SpoolFolder.waitingResults(in: system.home) >= 3
            }
            let away = ContinuousClock.now + .seconds(60)
            try await eventually("a minute has passed", within: .seconds(90)) { ContinuousClock.now >= away }
            try system.start(.gateway)
            try await system.waitUntilReady(.gateway)
        }
    }
}
