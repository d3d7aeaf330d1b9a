import Contracts
import Kernel
import Testing

@testable import TicketWorkflow

struct GateTests {
    private static let time = Timestamp(milliseconds: 0)

    private static func artifact(
        _ type: String,
        _ content: [String: JSONValue]? = nil,
        phase: Phase = .implementation
    ) -> TicketArtifact {
        TicketArtifact(
            id: .make(),
            ticketID: .make(),
            phase: phase,
            type: type,
            content: content.map { .object($0) },
            round: 1,
            collectedBy: "test",
            collectedAt: time
        )
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var gate: GateSettings
        var evidence = Gate.Evidence()
        var approved: [Phase] = []
        var expected: [Gate.Shortfall] = []
    }

    private static let coverage = GateSettings(artifacts: [
        ArtifactRequirement(type: "test_coverage", criteria: ["percentage": .integer(80)])
    ])
    private static let tested = GateSettings(artifacts: [
        ArtifactRequirement(type: "code_changes", criteria: ["has_tests": .bool(true)])
    ])

    static let cases: [Case] = [
        Case(testDescription: "an empty gate is open", gate: GateSettings()),
        Case(
            testDescription: "a missing artifact",
            gate: coverage,
            expected: [.artifact(type: "test_coverage")]
        ),
        Case(
            testDescription: "an artifact of another phase",
            gate: coverage,
            evidence: .init(artifacts: [artifact("test_coverage", ["percentage": .integer(99)], phase: .testing)]),
            expected: [.artifact(type: "test_coverage")]
        ),
        Case(
            testDescription: "defect 22: the real figure decides, one below",
            gate: coverage,
            evidence: .init(artifacts: [artifact("test_coverage", ["percentage": .number(79.9)])]),
            expected: [
                .criterion(
                    type: "test_coverage",
                    member: "percentage",
                    wanted: .integer(80),
                    found: .number(79.9)
                )
            ]
        ),
        Case(
            testDescription: "defect 22: the real figure decides, exactly met",
            gate: coverage,
            evidence: .init(artifacts: [artifact("test_coverage", ["percentage": .integer(80)])])
        ),
        Case(
            testDescription: "the newest artifact says how things are",
            gate: tested,
            evidence: .init(artifacts: [
                artifact("code_changes", ["has_tests": .bool(true)]),
                artifact("code_changes", ["has_tests": .bool(false)]),
            ]),
            expected: [
                .criterion(type: "code_changes", member: "has_tests", wanted: .bool(true), found: .bool(false))
            ]
        ),
        Case(
            testDescription: "an artifact that does not say",
            gate: tested,
            evidence: .init(artifacts: [artifact("code_changes")]),
            expected: [.criterion(type: "code_changes", member: "has_tests", wanted: .bool(true), found: nil)]
        ),
        Case(
            testDescription: "a check that was not run",
            gate: GateSettings(checks: ["unit"]),
            expected: [.check("unit", ran: false)]
        ),
        Case(
            testDescription: "the last run of a check counts",
            gate: GateSettings(checks: ["unit"]),
            evidence: .init(runs: [
                .init(check: "unit", phase: .implementation, passed: true),
                .init(check: "unit", phase: .implementation, passed: false),
            ]),
            expected: [.check("unit", ran: true)]
        ),
        Case(
            testDescription: "a check of a later phase is none of this one",
            gate: GateSettings(checks: ["unit"]),
            evidence: .init(runs: [.init(check: "unit", phase: .testing, passed: true)]),
            expected: [.check("unit", ran: false)]
        ),
        Case(
            testDescription: "the approval comes last",
            gate: GateSettings(checks: ["unit"], approval: true),
            expected: [.check("unit", ran: false), .approval(.implementation)]
        ),
        Case(
            testDescription: "approved",
            gate: GateSettings(approval: true),
            approved: [.implementation]
        ),
    ]

    @Test(arguments: cases) func `what is missing`(_ given: Case) {
        #expect(
            Gate.shortfalls(given.gate, leaving: .implementation, given.evidence, approved: given.approved)
                == given.expected
        )
        for shortfall in given.expected { #expect(!shortfall.description.isEmpty) }
    }

    @Test(arguments: Phase.allCases, Phase.allCases)
    func `a move passes the gate of what it leaves and of what it skips`(from: Phase, to: Phase) {
        let passed = Gate.passed(from: from, to: to)
        #expect(passed.isEmpty == (from == .backlog || to <= from))
        #expect(passed.allSatisfy { $0 >= from && $0 < to })
        if !passed.isEmpty { #expect(passed.first == from) }
    }

    @Test func `defect 23: a result is evidence by itself, with its real figures`() {
        let result = TaskResult(
            id: .make(),
            taskID: .make(),
            ticketID: .make(),
            sandboxID: .make(),
            attempt: 1,
            fence: 1,
            status: .completed,
            summary: "s",
            branch: "b",
            commits: [.init(sha: "1234567", message: "m")],
            filesChanged: [.init(path: "Tests/a.swift", action: .created)],
            checks: [
                .init(name: "unit", command: ["x"], exitCode: 0, durationMilliseconds: 1, logDigest: "d"),
                .init(name: "lint", command: ["x"], exitCode: 1, durationMilliseconds: 1, logDigest: "d"),
            ],
            failure: nil,
            notes: nil,
            applied: true,
            createdAt: Self.time
        )
        let derived = Gate.derived(from: result)
        #expect(derived.map(\.type) == ["code_changes", "test_results"])
        #expect(
            derived[0].content
                == .object([
                    "commits": .integer(1), "files_changed": .integer(1), "has_tests": .bool(true),
                    "branch_name": .string("b"),
                ])
        )
        #expect(
            derived[1].content
                == .object(["all_passed": .bool(false), "checks": .integer(2), "checks_passed": .integer(1)])
        )
        #expect(derived.allSatisfy { $0.type != "test_coverage" }, "nobody has measured a coverage")
    }
}

/// Moves by hand as a table over phases and objections.
struct ManualMoveTests {
    private static func facts(_ from: Phase, _ to: Phase) -> ManualMove.Facts {
        let time = Timestamp(milliseconds: 0)
        let ticket = Ticket(
            id: .make(),
            key: "A-1",
            projectID: .make(),
            title: "t",
            phase: from,
            createdAt: time,
            updatedAt: time,
            enteredPhaseAt: time
        )
        return ManualMove.Facts(
            ticket: ticket,
            target: to,
            leftBehind: [],
            tallies: [.implementation: Settle.Tally(completed: 1)],
            openBlockers: [],
            shortfalls: [],
            hasRoom: true
        )
    }

    @Test(arguments: Phase.allCases, Phase.allCases)
    func `ways between phases`(from: Phase, to: Phase) {
        let isBack = [.buildingDone, .testing].contains(from) && to == .implementation
        let isAllowed = from != .done && (to > from || isBack)
        #expect(TicketStateMachine.mayMove(from: from, to: to) == isAllowed)
        #expect(ManualMove.impossibilities(Self.facts(from, to)).isEmpty == isAllowed)
        if to > from { #expect(ManualMove.refusals(Self.facts(from, to)).isEmpty == isAllowed) }
    }

    struct Objection: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var code: Fault.Code
        var change: @Sendable (inout ManualMove.Facts) -> Void
    }

    private static func task(_ status: WorkTask.Status) -> WorkTask {
        WorkTask(
            id: .make(),
            ticketID: .make(),
            projectID: .make(),
            phase: .implementation,
            title: "t",
            status: status,
            createdAt: Timestamp(milliseconds: 0)
        )
    }

    static let objections: [Objection] = [
        Objection(testDescription: "blocked", code: .transitionRefused) { facts in
            facts.ticket.block = .init(
                reason: .manual,
                detail: "d",
                since: Timestamp(milliseconds: 0),
                automatic: false
            )
        },
        Objection(testDescription: "not reviewed", code: .transitionRefused) { facts in
            facts.ticket.approvalStatus = .pendingReview
        },
        Objection(testDescription: "a task is worked on", code: .tasksOpen) { $0.leftBehind = [task(.running)] },
        Objection(testDescription: "a task is pending", code: .transitionRefused) { $0.leftBehind = [task(.pending)] },
        Objection(testDescription: "waits for a ticket", code: .transitionRefused) { $0.openBlockers = ["A-2"] },
        Objection(testDescription: "a gate is closed", code: .transitionRefused) {
            $0.shortfalls = [.artifact(type: "x")]
        },
        Objection(testDescription: "no room", code: .limitReached) { $0.hasRoom = false },
        Objection(testDescription: "nothing was done", code: .transitionRefused) { $0.tallies = [:] },
        Objection(testDescription: "something is unfinished", code: .transitionRefused) { facts in
            facts.tallies[.testing] = Settle.Tally(failed: 1)
        },
    ]

    @Test(arguments: objections) func `what speaks against a move`(_ objection: Objection) {
        var facts = Self.facts(.testing, .done)
        objection.change(&facts)
        let refusals = ManualMove.refusals(facts)
        #expect(refusals.map(\.code) == [objection.code])
        #expect(ManualMove.impossibilities(facts).isEmpty, "an administrator may force it")
    }
}
