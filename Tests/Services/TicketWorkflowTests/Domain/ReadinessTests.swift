import Contracts
import Kernel
import Testing

@testable import TicketWorkflow

struct ReadinessTests {
    typealias Condition = TaskExplanation.Hold.Condition

    struct Case: CustomTestStringConvertible, Sendable {
        var facts: Readiness.Facts
        var expected: [Condition]

        var testDescription: String { expected.isEmpty ? "nothing" : expected.map(\.rawValue).joined(separator: ", ") }
    }

    private static let now = Timestamp(milliseconds: 1_000_000)

    private static func facts(
        status: WorkTask.Status = .pending,
        ticketPhase: Phase = .implementation,
        blocked: Bool = false,
        approval: Ticket.ApprovalStatus = .notRequired,
        dependencies: [WorkTask.Status] = [],
        notBefore: Timestamp? = nil,
        openTasks: Int = 0,
        projectStatus: Project.Status = .active
    ) -> Readiness.Facts {
        let project = Project(
            id: .make(),
            name: "p",
            key: "PP",
            status: projectStatus,
            createdAt: now,
            updatedAt: now
        )
        let ticket = Ticket(
            id: .make(),
            key: "PP-1",
            projectID: project.id,
            title: "t",
            phase: ticketPhase,
            approvalStatus: approval,
            block: blocked ? .init(reason: .manual, detail: "", since: now, automatic: false) : nil,
            createdAt: now,
            updatedAt: now,
            enteredPhaseAt: now
        )
        var task = WorkTask(
            id: .make(),
            ticketID: ticket.id,
            projectID: project.id,
            phase: .implementation,
            title: "x",
            status: status,
            createdAt: now
        )
        task.notBefore = notBefore
        return Readiness.Facts(
            task: task,
            ticket: ticket,
            project: project,
            dependencies: dependencies.map { .init(id: .make(), status: $0, since: now) },
            openTasks: openTasks,
            now: now
        )
    }

    @Test(
        arguments: [
            (facts(), []),
            (facts(dependencies: [.completed, .completed]), []),
            (facts(ticketPhase: .testing), [.ticketNotInPhase]),
            (facts(ticketPhase: .backlog), [.ticketNotInPhase]),
            (facts(blocked: true), [.ticketBlocked]),
            (facts(approval: .pendingReview), [.notApproved]),
            (facts(approval: .rejected), [.notApproved]),
            (facts(approval: .approved), []),
            (facts(dependencies: [.pending]), [.dependency]),
            (facts(dependencies: [.assigned, .completed, .running]), [.dependency, .dependency]),
            (facts(dependencies: [.cancelled]), [.dependencyCancelled]),
            (facts(dependencies: [.failed, .timedOut]), [.dependencyFailed, .dependencyFailed]),
            (facts(notBefore: now + .seconds(1)), [.backoff]),
            (facts(notBefore: now), []),
            (facts(openTasks: Limits.projectConcurrency), [.projectConcurrency]),
            (facts(openTasks: Limits.projectConcurrency - 1), []),
            (facts(projectStatus: .archived), [.projectArchived]),
            (
                facts(ticketPhase: .testing, blocked: true, dependencies: [.pending]),
                [.ticketNotInPhase, .ticketBlocked, .dependency]
            ),
        ].map(Case.init)
    )
    func `what holds a task`(given: Case) {
        let (facts, expected) = (given.facts, given.expected)
        let holds = Readiness.holds(facts)
        #expect(holds.map(\.condition) == expected)
        #expect(holds.allSatisfy { !$0.subject.isEmpty && !$0.liftedBy.isEmpty })
        let isHeldByProject = expected.allSatisfy { $0 == .projectConcurrency || $0 == .projectArchived }
        #expect(Readiness.isReady(facts) == isHeldByProject)
    }

    @Test(arguments: WorkTask.Status.allCases)
    func `only pending tasks are ready, whatever else holds`(status: WorkTask.Status) {
        for phase in Phase.allCases {
            for blocked in [false, true] {
                for dependency in [nil] + WorkTask.Status.allCases.map(Optional.some) {
                    let facts = Self.facts(
                        status: status,
                        ticketPhase: phase,
                        blocked: blocked,
                        dependencies: dependency.map { [$0] } ?? []
                    )
                    let expected =
                        status == .pending && phase == .implementation && !blocked
                        && (dependency == nil || dependency == .completed)
                    #expect(Readiness.isReady(facts) == expected)
                    if status != .pending { #expect(Readiness.holds(facts).map(\.condition) == [.notPending]) }
                }
            }
        }
    }

    @Test func `rank prefers the urgent, the important, the blocking and the waiting`() {
        func rank(_ ready: Int64, _ priority: Priority, _ dependents: Int = 0, _ retries: Int = 0) -> Int64 {
            Rank.value(
                readyAt: Timestamp(milliseconds: ready),
                priority: priority,
                dependents: dependents,
                retries: retries
            )
        }
        #expect(rank(0, .critical) < rank(0, .high))
        #expect(rank(0, .high) < rank(0, .medium))
        #expect(rank(0, .medium) < rank(0, .low))
        #expect(rank(0, .low, 10) < rank(0, .low, 9))
        #expect(rank(0, .low, 10) == rank(0, .low, 100))
        #expect(rank(0, .low, 0, 0) < rank(0, .low, 0, 1))
        #expect(rank(0, .low) < rank(1, .low))
        // 18,000 s * .45 * (1 - .25) is how much longer a LOW task must have waited than a CRITICAL one.
        #expect(rank(0, .low) == rank(6_075_000, .critical))
        let now = Timestamp(milliseconds: 0)
        #expect(!Rank.isUrgent(deadline: nil, now: now))
        #expect(Rank.isUrgent(deadline: now + .seconds(900), now: now))
        #expect(!Rank.isUrgent(deadline: now + .seconds(901), now: now))
        #expect(Rank.isUrgent(deadline: now - .seconds(1), now: now))
    }
}
