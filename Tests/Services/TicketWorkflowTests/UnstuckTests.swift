import Contracts
import Kernel
import Testing

@testable import TicketWorkflow

/// Nothing that could go on may stand still, and no finished work may be refused.
@Suite(.timeLimit(.minutes(2)))
struct UnstuckTests {
    @Test func `a full list of evidence never refuses a result; the oldest gives way`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (ticket, task) = try await workflow.single(project)
            for number in 0..<Limits.artifactsPerTicket {
                let body = ArtifactCreate(phase: .implementation, type: "note", path: "\(number)")
                try await workflow.run(AddArtifact(id: ticket.id, body: body))
            }
            let extra = ArtifactCreate(phase: .implementation, type: "note", path: "more")
            try await workflow.expectRefusal(AddArtifact(id: ticket.id, body: extra), .conflict)
            var result = ResultSubmission.completed
            result.artifacts = [ArtifactSubmission(type: "note", path: "from the result")]
            try await workflow.submit(try await workflow.claim(task.id), result)
            let artifacts = try #require(try await workflow.ticket(ticket.id).artifacts)
            #expect(artifacts.count == Limits.artifactsPerTicket)
            #expect(try await workflow.ticket(ticket.id).status == .done)
        }
    }

    @Test func `a ticket that waits at a gate goes on when the gate is lifted`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { settings in
                settings.gates = ["PHASE_IMPLEMENTATION": GateSettings(checks: ["unit"])]
            }
            let (ticket, task) = try await workflow.single(project)
            try await workflow.complete(task.id)
            #expect(try await workflow.ticket(ticket.id).waitingFor != nil)
            var patch = ProjectPatch()
            patch.settings = .object(["gates": .null])
            try await workflow.run(UpdateProject(id: project.id, body: patch))
            #expect(try await workflow.ticket(ticket.id).status == .done)
        }
    }

    @Test func `a failed task its ticket was forced past can be retried while others wait for it`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { $0.maxAttempts = 1 }
            let tickets = try await workflow.tickets(
                project,
                [
                    TicketCreate(
                        title: "forced",
                        tasks: [
                            TaskSpecification(ref: "first", title: "first"),
                            TaskSpecification(title: "proof", phase: .testing, dependsOn: ["first"]),
                        ]
                    )
                ]
            )
            let (ticket, first, proof) = (tickets.tickets[0], tickets.tasks[0], tickets.tasks[1])
            try await workflow.submit(try await workflow.claim(first.id), .failed(.agent))
            try await workflow.run(
                TransitionTicket(id: ticket.id, body: TicketTransition(toStatus: .testing, force: true))
            )
            #expect(try await !workflow.holds(proof.id).isEmpty)
            let again = try await workflow.run(RetryTask(id: first.id))
            #expect(try await workflow.task(proof.id).dependsOn == [again.id])
            try await workflow.expectRefusal(RetryTask(id: first.id), .conflict)
            try await workflow.complete(again.id)
            #expect(try await workflow.holds(proof.id).isEmpty)
        }
    }

    @Test func `a ticket brought back to the board holds those that wait for it again`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let batch = try await workflow.tickets(
                project,
                [
                    TicketCreate(title: "before", tasks: [TaskSpecification(title: "a")]),
                    TicketCreate(title: "after", phase: .implementation, tasks: [TaskSpecification(title: "b")]),
                ]
            )
            let (before, after) = (batch.tickets[0], batch.tickets[1])
            var patch = TicketPatch()
            patch.blockedBy = [before.key]
            try await workflow.run(UpdateTicket(id: after.id, body: patch))
            #expect(try await workflow.ticket(after.id).block?.reason == .dependency)
            patch = TicketPatch()
            patch.archived = true
            try await workflow.run(UpdateTicket(id: before.id, body: patch))
            #expect(try await workflow.ticket(after.id).block == nil)
            patch.archived = false
            try await workflow.run(UpdateTicket(id: before.id, body: patch))
            #expect(try await workflow.ticket(after.id).block?.reason == .dependency)
        }
    }
}
