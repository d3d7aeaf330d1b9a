import Contracts
import Kernel
import Testing

@testable import TicketWorkflow

/// Reviews of new tickets and of gates, with their deadlines.
@Suite(.timeLimit(.minutes(1)))
struct ReviewTests {
    private func reviewed(
        _ workflow: TestWorkflow,
        _ change: (inout ProjectSettings) -> Void = { _ in }
    ) async throws -> (Ticket, WorkTask) {
        let project = try await workflow.project { settings in
            settings.approval.required = true
            change(&settings)
        }
        return try await workflow.single(project)
    }

    @Test func `defect 16: nothing of a ticket runs before its review`() async throws {
        try await withWorkflow { workflow in
            let (ticket, task) = try await reviewed(workflow)
            #expect(ticket.approvalStatus == .pendingReview)
            #expect(ticket.approvalDeadlineAt == workflow.time.now() + .seconds(1800))
            #expect(ticket.status == .backlog)
            #expect(try await workflow.holds(task.id).contains(.notApproved))
            #expect(
                try await workflow.eventTypes(of: ticket.id) == [.ticketCreated, .ticketApprovalRequested]
            )
            let approved = try await workflow.run(ApproveTicket(id: ticket.id), as: TestWorkflow.member)
            #expect(approved.approvalStatus == .approved)
            #expect(approved.approvalDeadlineAt == nil)
            #expect(approved.status == .building)
            #expect(try await workflow.holds(task.id).isEmpty)
            #expect(try await workflow.eventTypes(of: ticket.id).contains(.ticketApproved))
        }
    }

    @Test func `a review is decided once`() async throws {
        try await withWorkflow { workflow in
            let (ticket, _) = try await reviewed(workflow)
            let results = await withTaskGroup(of: Fault.Code?.self) { group in
                for number in 0..<6 {
                    group.addTask {
                        do {
                            if number % 2 == 0 {
                                try await workflow.run(ApproveTicket(id: ticket.id))
                            } else {
                                try await workflow.run(RejectTicket(id: ticket.id, reason: "no"))
                            }
                            return nil
                        } catch {
                            return (error as? Fault)?.code
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.count { $0 == nil } == 1)
            #expect(results.count { $0 == .conflict } == 5)
        }
    }

    @Test func `a rejected ticket stays, blocked, and may be sent to review again`() async throws {
        try await withWorkflow { workflow in
            let (ticket, task) = try await reviewed(workflow)
            let rejected = try await workflow.run(RejectTicket(id: ticket.id, reason: "too vague"))
            #expect(rejected.approvalStatus == .rejected)
            #expect(rejected.rejectionReason == "too vague")
            #expect(rejected.block?.reason == .approvalRejected)
            #expect(rejected.status == .backlog)
            #expect(try await workflow.holds(task.id).contains(.ticketBlocked))
            try await workflow.expectRefusal(ApproveTicket(id: ticket.id), .conflict)
            let again = try await workflow.run(UnblockTicket(id: ticket.id))
            #expect(again.approvalStatus == .pendingReview)
            #expect(again.block == nil)
            #expect(again.rejectionReason == nil)
            #expect(try await workflow.run(ApproveTicket(id: ticket.id)).status == .building)
        }
    }

    @Test func `defect 20: rejecting with on_reject=archive takes the ticket off the board`() async throws {
        try await withWorkflow { workflow in
            let (ticket, task) = try await reviewed(workflow) { $0.approval.onReject = .archive }
            let rejected = try await workflow.run(RejectTicket(id: ticket.id, reason: "no"))
            #expect(rejected.archived)
            #expect(rejected.approvalStatus == .rejected)
            #expect(try await workflow.task(task.id).status == .cancelled)
            try await workflow.advance(by: .seconds(4000))
            #expect(try await workflow.ticket(ticket.id).approvalStatus == .rejected)
        }
    }

    @Test func `defect 45: a review that nobody does is escalated on time, and can still be decided`() async throws {
        try await withWorkflow { workflow in
            let (ticket, task) = try await reviewed(workflow) { $0.approval.timeoutSeconds = 60 }
            try await workflow.advance(by: .seconds(59))
            #expect(try await workflow.ticket(ticket.id).approvalStatus == .pendingReview)
            try await workflow.advance(by: .seconds(2))
            let late = try await workflow.ticket(ticket.id)
            #expect(late.approvalStatus == .timedOut)
            #expect(late.block?.reason == .needsInput)
            #expect(late.status == .backlog, "silence is no approval")
            #expect(try await workflow.eventTypes(of: ticket.id).count { $0 == .ticketApprovalRequested } == 2)
            try await workflow.expectRefusal(UnblockTicket(id: ticket.id), .conflict)
            let approved = try await workflow.run(ApproveTicket(id: ticket.id))
            #expect(approved.block == nil)
            #expect(approved.status == .building)
            #expect(try await workflow.holds(task.id).isEmpty)
        }
    }

    @Test func `refusals`() async throws {
        try await withWorkflow { workflow in
            let (ticket, _) = try await workflow.single(try await workflow.project())
            try await workflow.expectRefusal(ApproveTicket(id: ticket.id), .conflict)
            try await workflow.expectRefusal(RejectTicket(id: ticket.id, reason: "no"), .conflict)
            try await workflow.expectRefusal(ApproveTicket(id: .make()), .notFound)
            let viewer = Actor(subject: "v", scope: .viewer)
            try await workflow.expectRefusal(ApproveTicket(id: ticket.id), .forbidden, as: viewer)
            let stranger = Actor(subject: "s", scope: .member, projectID: .make())
            try await workflow.expectRefusal(ApproveTicket(id: ticket.id), .forbidden, as: stranger)
        }
        try await withWorkflow { workflow in
            let (ticket, _) = try await reviewed(workflow)
            try await workflow.expectRefusal(RejectTicket(id: ticket.id, reason: "  "), .invalid)
            try await workflow.expectRefusal(
                TransitionTicket(id: ticket.id, body: TicketTransition(toStatus: .done)),
                .transitionRefused
            )
        }
    }
}

/// Gates hold what they name until it is there.
@Suite(.timeLimit(.minutes(1)))
struct GateCommandTests {
    @Test func `defect 23: a result that brings the evidence opens the gate`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { settings in
                settings.gates = [
                    "PHASE_IMPLEMENTATION": GateSettings(artifacts: [
                        .init(type: "code_changes", criteria: ["has_tests": .bool(true)]),
                        .init(type: "test_coverage", criteria: ["percentage": .integer(80)]),
                    ])
                ]
            }
            let (ticket, task) = try await workflow.single(project)
            let before = try await workflow.run(DescribeGate(id: ticket.id), as: TestWorkflow.admin)
            #expect(before.validationStatus == .waitingTasks)
            #expect(before.missingArtifacts == ["code_changes", "test_coverage"])
            var result = ResultSubmission.completed
            result.filesChanged = [.init(path: "tests/a.py", action: .created)]
            result.artifacts = [.init(type: "test_coverage", content: .object(["percentage": .integer(79)]))]
            try await workflow.submit(try await workflow.claim(task.id), result)
            let held = try await workflow.ticket(ticket.id)
            #expect(held.status == .building)
            #expect(held.waitingFor?.condition == .gate)
            #expect(held.waitingFor?.detail.contains("79") ?? false)
            #expect(held.artifacts?.map(\.type) == ["test_coverage", "code_changes"])
            #expect(try await workflow.run(DescribeGate(id: ticket.id)).missingArtifacts == ["test_coverage"])
            try await workflow.run(
                AddArtifact(
                    id: ticket.id,
                    body: ArtifactCreate(
                        phase: .implementation,
                        type: "test_coverage",
                        content: .object(["percentage": .integer(81)])
                    )
                )
            )
            let moved = try await workflow.ticket(ticket.id)
            #expect(moved.status == .done)
            #expect(moved.waitingFor == nil)
            #expect(try await workflow.ask(ListArtifacts(id: ticket.id)).artifacts.count == 3)
        }
    }

    @Test func `an approval is asked for when everything else is there`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { settings in
                settings.gates = ["PHASE_TESTING": GateSettings(approval: true)]
            }
            let made = try await workflow.tickets(
                project,
                [
                    TicketCreate(
                        title: "t",
                        tasks: [TaskSpecification(title: "b"), TaskSpecification(title: "t", phase: .testing)]
                    )
                ]
            )
            try await workflow.complete(made.tasks[0].id)
            #expect(try await workflow.ticket(made.tickets[0].id).approvalStatus == .notRequired)
            try await workflow.complete(made.tasks[1].id)
            let waiting = try await workflow.ticket(made.tickets[0].id)
            #expect(waiting.approvalStatus == .pendingReview)
            #expect(waiting.approvalPhase == .testing)
            #expect(waiting.status == .testing)
            #expect(
                try await workflow.run(DescribeGate(id: waiting.id)).validationStatus == .waitingApproval
            )
            let done = try await workflow.run(ApproveTicket(id: waiting.id))
            #expect(done.status == .done)
            #expect(done.approvedPhases == [.testing])
        }
    }

    @Test func `work that goes on overtakes the review of its phase`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { settings in
                settings.gates = ["PHASE_IMPLEMENTATION": GateSettings(approval: true)]
            }
            let (ticket, task) = try await workflow.single(project)
            try await workflow.complete(task.id)
            #expect(try await workflow.ticket(ticket.id).approvalStatus == .pendingReview)
            try await workflow.run(RejectTicket(id: ticket.id, reason: "not yet"))
            let more = try await workflow.run(CreateTask(body: TaskCreate(ticketID: ticket.id, title: "more")))
            let open = try await workflow.ticket(ticket.id)
            #expect(open.approvalStatus == .notRequired)
            #expect(open.block == nil)
            #expect(try await workflow.holds(more.id).isEmpty)
            try await workflow.complete(more.id)
            #expect(try await workflow.ticket(ticket.id).approvalStatus == .pendingReview)
            #expect(try await workflow.run(ApproveTicket(id: ticket.id)).status == .done)
        }
    }

    @Test func `a check named by a gate must have run and passed`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { settings in
                settings.gates = ["PHASE_IMPLEMENTATION": GateSettings(checks: ["unit"])]
            }
            let (ticket, task) = try await workflow.single(project)
            try await workflow.complete(task.id)
            #expect(try await workflow.ticket(ticket.id).waitingFor?.detail == "the check 'unit' was not run")
            let more = try await workflow.run(CreateTask(body: TaskCreate(ticketID: ticket.id, title: "more")))
            var result = ResultSubmission.completed
            result.checks = [
                .init(name: "unit", command: ["make"], exitCode: 0, durationMilliseconds: 5, logDigest: "d")
            ]
            try await workflow.submit(try await workflow.claim(more.id), result)
            #expect(try await workflow.ticket(ticket.id).status == .done)
        }
    }

    @Test func `a gate also holds moves by hand, and force passes it`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { settings in
                settings.gates = ["PHASE_REQUIREMENTS": GateSettings(artifacts: [.init(type: "requirements_document")])]
            }
            let ticket = try await workflow.tickets(project, [TicketCreate(title: "t", phase: .requirements)]).tickets[
                0
            ]
            let check = try await workflow.run(CheckPhase(id: ticket.id, toPhase: .implementation))
            #expect(!check.canTransition)
            #expect(check.blockingReasons.first?.contains("requirements_document") ?? false)
            let move = TransitionTicket(id: ticket.id, body: TicketTransition(toStatus: .building))
            try await workflow.expectRefusal(move, .transitionRefused)
            var forced = move
            forced.body.force = true
            #expect(try await workflow.run(forced).status == .building)
        }
    }

    @Test func `evidence is bounded`() async throws {
        try await withWorkflow { workflow in
            let (ticket, _) = try await workflow.single(try await workflow.project())
            let large = JSONValue.object(["text": .string(String(repeating: "x", count: Limits.artifactBytes))])
            try await workflow.expectRefusal(
                AddArtifact(id: ticket.id, body: ArtifactCreate(phase: .testing, type: "t", content: large)),
                .invalid
            )
            try await workflow.expectRefusal(
                AddArtifact(id: .make(), body: ArtifactCreate(phase: .testing, type: "t")),
                .notFound
            )
        }
    }
}
