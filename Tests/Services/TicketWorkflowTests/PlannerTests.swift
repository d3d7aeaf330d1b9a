import Contracts
import Kernel
import ServiceKit
import Testing

@testable import TicketWorkflow

/// The sandbox whose agent writes a spec.
@Suite struct `Planners` {
    /// A spec being analyzed, with the claim of its task and the sandbox as the one who asks.
    private struct Analysis {
        var project: Project
        var spec: Spec
        var claim: Claim
        var planner: Actor
    }

    private func analysis(_ workflow: TestWorkflow) async throws -> Analysis {
        let project = try await workflow.project()
        let spec = try await workflow.spec(project, analyze: true)
        let claim = try await workflow.claim()
        #expect(claim.taskID == spec.analysisTaskID)
        var planner = claim.actor
        planner.scope = .plan
        return Analysis(project: project, spec: spec, claim: claim, planner: planner)
    }

    @Test func `analyze makes a ticket with one task whose token may plan`() async throws {
        try await withWorkflow { workflow in
            let analysis = try await analysis(workflow)
            let task = try await workflow.task(analysis.claim.taskID)
            #expect(task.taskType == "analyze_requirements" && task.phase == .requirements)
            #expect(task.description.contains(analysis.spec.id.description))
            let ticket = try await workflow.ticket(task.ticketID)
            #expect(ticket.taskCount == 1 && ticket.specID == analysis.spec.id && ticket.status == .analyzing)
            #expect(analysis.spec.tickets == [.init(ticketID: ticket.id, relation: .analysis, held: false)])
            let verifier = try TokenVerifier(key: workflow.environment.tokens.verificationKey)
            let actor = try verifier.verify(analysis.claim.token, now: workflow.time.now()).actor
            #expect(actor == analysis.planner)
            // Still a sandbox: it fetches its assignment and reports its result.
            #expect(try await workflow.ask(FetchAssignment(), as: analysis.planner).task.id == task.id)
            let answer = try await workflow.run(
                SubmitResult(taskID: task.id, body: .completed),
                as: analysis.planner
            )
            #expect(answer.taskStatus == .completed)
        }
    }

    @Test func `the task of the same type in another ticket gets no such token`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let made = try await workflow.tickets(
                project,
                [
                    TicketCreate(
                        title: "t",
                        tasks: [.init(title: "x", phase: .requirements, taskType: "analyze_requirements")]
                    )
                ]
            )
            let claim = try await workflow.claim(made.tasks[0].id)
            let verifier = try TokenVerifier(key: workflow.environment.tokens.verificationKey)
            #expect(try verifier.verify(claim.token, now: workflow.time.now()).actor.scope == .sandbox)
        }
    }

    @Test func `what a planner proposes is held until the spec is approved and materialized`() async throws {
        try await withWorkflow { workflow in
            let analysis = try await analysis(workflow)
            let (id, planner) = (analysis.spec.id, analysis.planner)
            let spec = try await workflow.run(AddRequirement(id: id, body: .pay), as: planner)
            try await workflow.run(SetDesign(id: id, body: DesignBody(architecture: "a")), as: planner)
            let batch = try await workflow.run(
                CreateTickets(
                    body: TicketBatch(
                        projectID: analysis.project.id,
                        tickets: [TicketCreate(title: "planned", autoStart: true, tasks: [.init(title: "one")])]
                    )
                ),
                as: planner
            )
            let own = try await workflow.run(
                CreateSpecTask(
                    id: id,
                    body: SpecTaskCreate(title: "two", requirementIDs: [spec.requirements[0].id])
                ),
                as: planner
            )
            let third = try await workflow.run(
                CreateTask(body: TaskCreate(ticketID: batch.tickets[0].id, title: "three")),
                as: planner
            )
            let planned = [batch.tasks[0].id, own.task.id, third.id]
            for task in planned { #expect(try await workflow.holds(task).contains(.ticketNotInPhase)) }
            try await workflow.run(SubmitResult(taskID: analysis.claim.taskID, body: .completed), as: planner)
            await #expect(throws: Fault.self) { try await workflow.claim() }
            try await workflow.run(ApproveSpec(id: id, part: .requirements))
            try await workflow.run(ApproveSpec(id: id, part: .design))
            await #expect(throws: Fault.self) { try await workflow.claim() }
            let done = try await workflow.run(MaterializeSpec(id: id))
            #expect(Set(done.ticketIDs) == [batch.tickets[0].id, own.task.ticketID])
            #expect(done.taskCount == 3)
            for task in planned { #expect(try await workflow.holds(task).isEmpty) }
            for task in planned { try await workflow.complete(task) }
            #expect(try await workflow.spec(id).status == .completed)
        }
    }

    @Test func `a planner may nothing else`() async throws {
        try await withWorkflow { workflow in
            let analysis = try await analysis(workflow)
            let (id, planner, project) = (analysis.spec.id, analysis.planner, analysis.project)
            let (ticket, task) = try await workflow.single(project)
            let other = try await workflow.spec(project)
            try await workflow.expectRefusal(ApproveSpec(id: id, part: .requirements), .forbidden, as: planner)
            try await workflow.expectRefusal(MaterializeSpec(id: id), .forbidden, as: planner)
            try await workflow.expectRefusal(UpdateSpec(id: id, body: SpecPatch(title: "x")), .forbidden, as: planner)
            try await workflow.expectRefusal(DeleteSpec(id: id), .forbidden, as: planner)
            try await workflow.expectRefusal(AddRequirement(id: other.id, body: .pay), .forbidden, as: planner)
            try await workflow.expectRefusal(CancelTask(id: task.id, reason: "x"), .forbidden, as: planner)
            try await workflow.expectRefusal(
                CreateTask(body: TaskCreate(ticketID: ticket.id, title: "x")),
                .forbidden,
                as: planner
            )
            try await workflow.expectRefusal(
                CreateSpecTask(id: id, body: SpecTaskCreate(title: "x", ticketID: ticket.id)),
                .forbidden,
                as: planner
            )
            try await workflow.expectRefusal(
                CreateTickets(
                    body: TicketBatch(projectID: project.id, tickets: [.init(title: "x", phase: .implementation)])
                ),
                .forbidden,
                as: planner
            )
            let unbound = Actor(subject: "x", scope: .plan, projectID: project.id)
            try await workflow.expectRefusal(AddRequirement(id: id, body: .pay), .forbidden, as: unbound)
        }
    }

    @Test func `a planner has no say after its attempt, or once the spec is worked off`() async throws {
        try await withWorkflow { workflow in
            let analysis = try await analysis(workflow)
            let (id, planner) = (analysis.spec.id, analysis.planner)
            try await workflow.run(AddRequirement(id: id, body: .pay), as: planner)
            try await workflow.run(SetDesign(id: id, body: DesignBody(architecture: "a")))
            try await workflow.run(ApproveSpec(id: id, part: .requirements))
            try await workflow.run(ApproveSpec(id: id, part: .design))
            try await workflow.run(MaterializeSpec(id: id))
            try await workflow.expectRefusal(AddRequirement(id: id, body: .pay), .conflict, as: planner)
            try await workflow.run(CancelTask(id: analysis.claim.taskID, reason: "enough"))
            try await workflow.expectRefusal(AddRequirement(id: id, body: .pay), .attemptSuperseded, as: planner)
            // A retry of the analysis plans again.
            let retried = try await workflow.run(RetryTask(id: analysis.claim.taskID))
            let claim = try await workflow.claim(retried.id)
            let verifier = try TokenVerifier(key: workflow.environment.tokens.verificationKey)
            #expect(try verifier.verify(claim.token, now: workflow.time.now()).actor.scope == .plan)
        }
    }
}
