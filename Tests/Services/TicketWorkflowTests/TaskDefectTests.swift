import Contracts
import Kernel
import TestSupport
import Testing

@testable import TicketWorkflow

/// What the earlier system did wrong with tasks, by the number it has in the list of its defects.
@Suite struct `Defects of tasks` {
    @Test func `defect 3: a sandbox reports for its own task only, with its own token`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, own) = try await workflow.single(project, title: "own")
            let (_, other) = try await workflow.single(project, title: "other")
            let claim = try await workflow.claim(own.id)
            try await workflow.claim(other.id)
            let report = SubmitResult(taskID: other.id, body: .completed)
            try await workflow.expectRefusal(report, .forbidden, as: claim.actor)
            try await workflow.expectRefusal(report, .forbidden, as: TestWorkflow.admin)
            var forged = claim.actor
            forged.binding?.fence += 1
            try await workflow.expectRefusal(SubmitResult(taskID: own.id, body: .completed), .forbidden, as: forged)
        }
    }

    @Test func `defect 4: a result that is sent twice counts once and gets the same answer`() async throws {
        try await withWorkflow { workflow in
            let (_, task) = try await workflow.single(try await workflow.project())
            let claim = try await workflow.claim()
            let first = try await workflow.submit(claim)
            let version = try await workflow.task(task.id).version
            #expect(try await workflow.submit(claim) == first)
            #expect(try await workflow.submit(claim, .failed(.agent)) == first, "whatever it says the second time")
            #expect(try await workflow.task(task.id).version == version)
            #expect(try await workflow.ask(ListResults(taskID: task.id, limit: 9)).results.count == 1)
        }
    }

    @Test func `defect 5: the last completed task moves its ticket in the same transaction`() async throws {
        try await withWorkflow { workflow in
            let (ticket, task) = try await workflow.single(try await workflow.project())
            try await workflow.complete(task.id)
            #expect(try await workflow.ticket(ticket.id).status == .done)
            let moves = try await workflow.transitions(ticket.id).map(\.toStatus)
            #expect(moves == [.analyzing, .building, .buildingDone, .testing, .done])
        }
    }

    @Test func `defect 6: a claim has an owner, a number and a lease that counts from the claim`() async throws {
        try await withWorkflow { workflow in
            let (_, task) = try await workflow.single(try await workflow.project())
            // The task is old, its claim is fresh: nobody takes it away.
            workflow.time.advance(by: .seconds(86_400))
            let claim = try await workflow.claim()
            try await workflow.tick()
            let attempt = try #require(try await workflow.attempts(task.id).first)
            #expect(attempt.orchestrator == TestWorkflow.orchestrator && attempt.sandboxID == claim.sandboxID)
            #expect(attempt.startedAt == workflow.time.now() && attempt.status == .open)
            let again = ClaimTask(sandboxID: .make(), orchestrator: "another", taskID: task.id)
            try await workflow.expectRefusal(again, .nothingToClaim)
        }
    }

    @Test func `defect 7: sandbox and assignment are one step, and a running task is never assigned again`()
        async throws
    {
        try await withWorkflow { workflow in
            let (_, task) = try await workflow.single(try await workflow.project())
            let claim = try await workflow.claim()
            let assigned = try await workflow.events().filter { $0.type == .taskAssigned }
            #expect(assigned.map(\.data.task?.sandboxID) == [claim.sandboxID])
            #expect(assigned.first?.data.attempt?.sandboxID == claim.sandboxID)
            try await workflow.deliver(OnSandboxRunning.handle, claim.sandboxID, state: .running)
            #expect(
                try await workflow.run(
                    ClaimTask(sandboxID: claim.sandboxID, orchestrator: TestWorkflow.orchestrator)
                ).attempt == 1
            )
            #expect(try await workflow.task(task.id).status == .running)
        }
    }

    @Test(arguments: [WorkTask.Status.completed, .cancelled, .failed])
    func `defect 8: a late sign of life or error changes no finished task`(status: WorkTask.Status) async throws {
        try await withWorkflow { workflow in
            let (_, task) = try await workflow.single(try await workflow.project { $0.maxAttempts = 1 })
            let claim = try await workflow.claim()
            switch status {
            case .completed: try await workflow.submit(claim)
            case .cancelled: try await workflow.run(CancelTask(id: task.id, reason: "x"))
            default: try await workflow.submit(claim, .failed(.agent))
            }
            let before = try await workflow.task(task.id)
            #expect(before.status == status)
            try await workflow.deliver(OnSandboxRunning.handle, claim.sandboxID, state: .running)
            try await workflow.deliver(OnSandboxFailed.handle, claim.sandboxID, state: .failed, reason: "stalled")
            var after = try await workflow.task(task.id)
            if status == .cancelled {
                // That its sandbox is gone is news, and the only one.
                #expect(after.sandboxStopped)
                (after.sandboxStopped, after.version, after.updatedAt) = (false, before.version, before.updatedAt)
            }
            #expect(after == before)
        }
    }

    @Test func `defect 9: a sandbox nobody hears of loses its attempt, and the task is tried again`() async throws {
        try await withWorkflow { workflow in
            let (_, task) = try await workflow.single(try await workflow.project())
            try await workflow.claim()
            try await workflow.advance(by: Limits.lease + .seconds(1))
            let lost = try await workflow.task(task.id)
            #expect(lost.status == .pending && lost.platformLosses == 1 && lost.countedFailures == 0)
            try await workflow.advance(by: .seconds(2))
            #expect(try await workflow.claim().attempt == 2)
        }
    }

    @Test func `defect 10: a failed attempt is followed by another after a pause, up to the cap of the lineage`()
        async throws
    {
        try await withWorkflow { workflow in
            let (ticket, task) = try await workflow.single(try await workflow.project())
            for attempt in 1...Limits.attemptsPerTask {
                let claim = try await workflow.claim()
                #expect(claim.attempt == attempt)
                try await workflow.submit(claim, .failed(.agent))
                #expect(
                    try await workflow.holds(task.id) == [attempt < Limits.attemptsPerTask ? .backoff : .notPending]
                )
                try await workflow.advance(by: .seconds(300))
            }
            #expect(try await workflow.task(task.id).status == .failed)
            #expect(try await workflow.ticket(ticket.id).block?.reason == .failingChecks)
        }
    }

    @Test func `defect 14: a new task knows its dependencies, or is refused`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (ticket, _) = try await workflow.single(project)
            func create(_ dependsOn: [Identifier]) -> CreateTask {
                CreateTask(body: TaskCreate(ticketID: ticket.id, title: "t", dependsOn: dependsOn))
            }
            try await workflow.expectRefusal(create([.make()]), .invalid)
            let (_, foreign) = try await workflow.single(try await workflow.project())
            try await workflow.expectRefusal(create([foreign.id]), .invalid)
            let first = try await workflow.run(create([]))
            let own = ChangeDependencies(id: first.id, change: .add, dependsOn: [first.id])
            try await workflow.expectRefusal(own, .invalid)
            let second = try await workflow.run(create([first.id]))
            let back = ChangeDependencies(id: first.id, change: .add, dependsOn: [second.id])
            try await workflow.expectRefusal(back, .dependencyCycle)
        }
    }

    @Test func `defect 15: who waits for a failed task is told so, and a retry lifts it`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { $0.maxAttempts = 1 }
            let made = try await workflow.tickets(
                project,
                [
                    TicketCreate(
                        title: "t",
                        tasks: [
                            TaskSpecification(ref: "a", title: "first"),
                            TaskSpecification(title: "second", dependsOn: ["a"]),
                        ]
                    )
                ]
            )
            let (ticket, first, second) = (made.tickets[0], made.tasks[0], made.tasks[1])
            try await workflow.submit(try await workflow.claim(first.id), .failed(.agent))
            let block = try #require(try await workflow.ticket(ticket.id).block)
            #expect(block.reason == .failingChecks && block.detail.contains("first"))
            #expect(try await workflow.holds(second.id).contains(.dependencyFailed))
            let replacement = try await workflow.run(RetryTask(id: first.id))
            #expect(try await workflow.ticket(ticket.id).block == nil)
            #expect(try await workflow.task(second.id).dependsOn == [replacement.id])
            try await workflow.complete(replacement.id)
            #expect(try await workflow.holds(second.id) == [])
        }
    }

    @Test func `defect 29: a cancelled task is cancelled, its sandbox is told, its slot stays busy until it is gone`()
        async throws
    {
        try await withWorkflow { workflow in
            let (_, task) = try await workflow.single(try await workflow.project())
            let claim = try await workflow.claim()
            let cancelled = try await workflow.run(CancelTask(id: task.id, reason: "enough"))
            #expect(cancelled.status == .cancelled && !cancelled.sandboxStopped)
            #expect(workflow.stops == ["\(claim.sandboxID) cancelled"])
            #expect(try await workflow.eventTypes(of: task.id).last == .taskCancelled)
            let beat = Heartbeat(
                instance: TestWorkflow.orchestrator,
                capacity: Capacity(slots: 1, used: 1),
                sandboxes: [
                    .init(id: claim.sandboxID, taskID: task.id, fence: 1, state: .running, lastActivityAt: nil)
                ]
            )
            let reply = try await workflow.run(beat)
            #expect(reply.stop == [.init(id: claim.sandboxID, reason: "cancelled")], "the safety net")
            try await workflow.deliver(OnSandboxEnded.handle, claim.sandboxID, state: .terminated)
            #expect(try await workflow.task(task.id).sandboxStopped)
        }
    }
}
