import Contracts
import Kernel
import Testing

@testable import TicketWorkflow

struct OutcomeTests {
    private static let now = Timestamp(milliseconds: 0)

    private func task(failures: Int = 0, losses: Int = 0, maximum: Int = 3) -> WorkTask {
        var task = WorkTask(
            id: .make(),
            ticketID: .make(),
            projectID: .make(),
            phase: .implementation,
            title: "x",
            status: .running,
            maxAttempts: maximum,
            createdAt: Self.now
        )
        task.countedFailures = failures
        task.platformLosses = losses
        return task
    }

    private func decide(
        _ domain: FaultDomain,
        _ task: inout WorkTask,
        status: Attempt.Status = .failed,
        random: Double = 0.5
    ) -> AttemptOutcome {
        AttemptOutcome.decide(
            .init(status: status, domain: domain, error: "x"),
            on: &task,
            now: Self.now,
            random: random
        )
    }

    @Test(arguments: [FaultDomain.agent, .task])
    func `a fault of agent or task is counted and backs off`(domain: FaultDomain) {
        var task = task(maximum: 10)
        for expected in [10, 20, 40, 80, 160, 300, 300, 300, 300] {
            #expect(decide(domain, &task) == .retry(notBefore: Self.now + .seconds(expected)))
        }
        #expect(decide(domain, &task) == .end(.failed))
        #expect(task.countedFailures == 10)
        #expect(task.platformLosses == 0)
    }

    @Test func `the back-off varies by a quarter`() {
        var (low, high) = (task(), task())
        #expect(decide(.agent, &low, random: 0) == .retry(notBefore: Self.now + .milliseconds(7500)))
        #expect(decide(.agent, &high, random: 1) == .retry(notBefore: Self.now + .milliseconds(12_500)))
    }

    @Test func `the last counted failure ends the task`() {
        var failed = task(failures: 2)
        #expect(decide(.task, &failed) == .end(.failed))
        var late = task(failures: 2)
        #expect(decide(.task, &late, status: .timedOut) == .end(.timedOut))
        var single = task(maximum: 1)
        #expect(decide(.agent, &single) == .end(.failed))
    }

    @Test(arguments: [FaultDomain.platform, .sandbox])
    func `losses are free up to their limit`(domain: FaultDomain) {
        var task = task()
        for _ in 1..<Limits.platformLosses {
            #expect(decide(domain, &task, status: .lost) == .retry(notBefore: Self.now + .seconds(1)))
        }
        #expect(decide(domain, &task, status: .lost) == .end(.failed))
        #expect(task.countedFailures == 0)
        #expect(task.platformLosses == Limits.platformLosses)
    }

    @Test func `the provider's limit costs nothing but time`() {
        var task = task(failures: 2, losses: 9)
        #expect(decide(.providerLimit, &task) == .retry(notBefore: Self.now + .seconds(300)))
        #expect(task.countedFailures == 2)
        #expect(task.platformLosses == 9)
    }

    @Test(
        arguments: [
            ("stalled", FaultDomain.agent, Attempt.Status.failed), ("deadline", .task, .timedOut),
            ("start-timeout", .sandbox, .lost), ("start-failed", .sandbox, .lost), ("silent", .sandbox, .lost),
            ("worker-exited", .sandbox, .lost), ("spool-lost", .sandbox, .lost),
            ("orchestrator-stopped", .platform, .lost),
            (nil, .platform, .lost),
        ] as [(String?, FaultDomain, Attempt.Status)]
    )
    func `what a broken sandbox means`(reason: String?, domain: FaultDomain, status: Attempt.Status) {
        let ending = SandboxFault.ending(reason: reason)
        #expect(ending.domain == domain)
        #expect(ending.status == status)
    }

    struct EvidenceCase: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var commits = 1
        var checks: [(name: String, code: Int)] = []
        var configured: [CheckSettings] = []
        var evidence = EvidenceSettings()
        var repository: String? = "/repo"
        var phase: Phase = .implementation
        var isComplete: Bool
    }

    private static let unit = CheckSettings(name: "unit", command: ["make", "test"])
    private static let slow = CheckSettings(name: "slow", command: ["make", "slow"], phases: [.testing])

    @Test(arguments: [
        EvidenceCase(testDescription: "a commit", isComplete: true),
        EvidenceCase(testDescription: "no commit", commits: 0, isComplete: false),
        EvidenceCase(testDescription: "no commit in testing", commits: 0, phase: .testing, isComplete: true),
        EvidenceCase(testDescription: "no repository", commits: 0, repository: nil, isComplete: true),
        EvidenceCase(
            testDescription: "no commit required",
            commits: 0,
            evidence: EvidenceSettings(commit: false),
            isComplete: true
        ),
        EvidenceCase(
            testDescription: "a passed check",
            checks: [("unit", 0)],
            configured: [unit, slow],
            isComplete: true
        ),
        EvidenceCase(testDescription: "a check not run", configured: [unit], isComplete: false),
        EvidenceCase(
            testDescription: "a failed check",
            checks: [("unit", 1)],
            configured: [unit],
            isComplete: false
        ),
        EvidenceCase(
            testDescription: "the last run counts",
            checks: [("unit", 1), ("unit", 0)],
            configured: [unit],
            isComplete: true
        ),
        EvidenceCase(
            testDescription: "another phase's check",
            checks: [("unit", 0)],
            configured: [unit, slow],
            phase: .testing,
            isComplete: false
        ),
        EvidenceCase(
            testDescription: "no checks required",
            configured: [unit],
            evidence: EvidenceSettings(checks: false),
            isComplete: true
        ),
    ])
    func evidence(_ given: EvidenceCase) {
        var settings = ProjectSettings()
        settings.checks = given.configured
        settings.evidence = given.evidence
        let project = Project(
            id: .make(),
            name: "p",
            key: "PP",
            repository: given.repository,
            settings: settings,
            createdAt: Self.now,
            updatedAt: Self.now
        )
        let task = WorkTask(
            id: .make(),
            ticketID: .make(),
            projectID: project.id,
            phase: given.phase,
            title: "x",
            createdAt: Self.now
        )
        let body = ResultSubmission(
            status: .completed,
            summary: "",
            commits: (0..<given.commits).map { .init(sha: "abcdef\($0)", message: "") },
            checks: given.checks.map {
                .init(name: $0.name, command: [], exitCode: $0.code, durationMilliseconds: 1, logDigest: "")
            }
        )
        #expect((Evidence.missing(in: body, for: task, of: project) == nil) == given.isComplete)
    }
}
