import Contracts
import GRDB
import Kernel
import Testing

@testable import TicketWorkflow

@Suite(.timeLimit(.minutes(1)))
struct ResultTests {
    @Test func `a result completes its task and is answered the same when it comes again`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, task) = try await workflow.single(project)
            let claim = try await workflow.claim()
            var body = ResultSubmission.completed
            body.commits = [.init(sha: "1111111", message: "one"), .init(sha: "2222222", message: "two")]
            body.summary = String(repeating: "ä", count: 3000)
            let answer = try await workflow.submit(claim, body)
            #expect(answer.success)
            #expect(answer.taskStatus == .completed)
            #expect(!answer.late)
            let before = try await workflow.contents()
            #expect(try await workflow.submit(claim, body) == answer)
            #expect(try await workflow.submit(claim, .failed(.agent)) == answer)
            #expect(try await workflow.contents() == before)
            let completed = try await workflow.task(task.id)
            #expect(completed.commit == "2222222")
            #expect(completed.branch == "omoi/branch")
            #expect(completed.resultID == answer.resultID)
            #expect(completed.summary?.utf8.count == Limits.summaryBytes)
            #expect(try await workflow.attempts(task.id).map(\.status) == [.completed])
            let results = try await workflow.events().compactMap(\.data.result)
            #expect(results.count == 1)
            #expect(results.first?.summary == body.summary)
            #expect(results.first?.applied == true)
        }
    }

    @Test func `a result on a running task takes no second running edge`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, task) = try await workflow.single(project)
            let claim = try await workflow.claim()
            try await workflow.deliver(OnSandboxRunning.handle, claim.sandboxID, state: .running)
            try await workflow.deliver(OnSandboxRunning.handle, claim.sandboxID, state: .running)
            #expect(try await workflow.task(task.id).status == .running)
            try await workflow.submit(claim)
            #expect(
                try await workflow.eventTypes(of: task.id)
                    == [.taskCreated, .taskPending, .taskAssigned, .taskStarted, .taskCompleted]
            )
        }
    }

    @Test func `a superseded attempt changes nothing, its report is kept`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, task) = try await workflow.single(project)
            let old = try await workflow.claim()
            try await workflow.deliver(OnSandboxFailed.handle, old.sandboxID, state: .failed, reason: "worker-exited")
            try await workflow.advance(by: .seconds(2))
            let new = try await workflow.claim()
            #expect(new.taskID == task.id)
            #expect(new.attempt == 2)
            #expect(new.fence > old.fence)
            let before = try await workflow.task(task.id)
            for _ in 0..<2 {
                let fault = await #expect(throws: Fault.self) { try await workflow.submit(old) }
                #expect(fault?.code == .attemptSuperseded)
            }
            #expect(try await workflow.task(task.id) == before)
            #expect(try await workflow.submit(new).taskStatus == .completed)
            let kept = try await workflow.store.read { database in
                try String.fetchAll(database, sql: "SELECT body FROM result WHERE is_refused = 1")
            }
            #expect(kept.count == 1)
            #expect(kept.first?.contains("\"applied\":false") ?? false)
        }
    }

    @Test func `a lost attempt may deliver late while nobody has taken over`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (ticket, task) = try await workflow.single(project)
            let claim = try await workflow.claim()
            try await workflow.deliver(OnSandboxFailed.handle, claim.sandboxID, state: .failed, reason: "silent")
            #expect(try await workflow.task(task.id).status == .pending)
            let answer = try await workflow.submit(claim)
            #expect(answer.late)
            #expect(answer.taskStatus == .completed)
            #expect(try await workflow.ticket(ticket.id).status == .done)
            let attempts = try await workflow.attempts(task.id)
            #expect(attempts.map(\.status) == [.completed])
            #expect(attempts.map(\.late) == [true])
            try await workflow.advance(by: .seconds(5))
            await #expect(throws: Fault.self) { try await workflow.claim() }
        }
    }

    @Test func `a late failure is only kept`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, task) = try await workflow.single(project)
            let claim = try await workflow.claim()
            try await workflow.deliver(OnSandboxFailed.handle, claim.sandboxID, state: .failed, reason: "silent")
            let answer = try await workflow.submit(claim, .failed(.agent))
            #expect(answer.late && !answer.success)
            #expect(answer.taskStatus == .pending)
            #expect(try await workflow.task(task.id).countedFailures == 0)
        }
    }

    @Test func `completed without its evidence fails, by fault of the agent`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { settings in
                settings.checks = [CheckSettings(name: "unit", command: ["unit"])]
            }
            let (_, task) = try await workflow.single(project)
            let claim = try await workflow.claim()
            let answer = try await workflow.submit(claim)
            #expect(!answer.success)
            #expect(answer.taskStatus == .pending)
            let failed = try await workflow.task(task.id)
            #expect(failed.countedFailures == 1)
            #expect(failed.error == "evidence-missing: the check 'unit' was not run")
            let attempt = try #require(try await workflow.attempts(task.id).first)
            #expect(attempt.status == .failed)
            #expect(attempt.faultDomain == .agent)
            #expect(try await workflow.submit(claim) == answer)
            #expect(
                try await workflow.eventTypes(of: task.id).suffix(2) == [.taskStarted, .taskRetrying]
            )
        }
    }

    @Test func `partial counts as failed by the agent`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, task) = try await workflow.single(project)
            try await workflow.submit(
                try await workflow.claim(),
                ResultSubmission(status: .partial, summary: "half")
            )
            #expect(try await workflow.task(task.id).countedFailures == 1)
            #expect(try await workflow.task(task.id).error == "partial: half")
        }
    }

    @Test func `a sandbox speaks for its own attempt only`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, one) = try await workflow.single(project)
            let (_, two) = try await workflow.single(project)
            let claim = try await workflow.claim(one.id)
            try await workflow.claim(two.id)
            try await workflow.expectRefusal(
                SubmitResult(taskID: two.id, body: .completed),
                .forbidden,
                as: claim.actor
            )
            try await workflow.expectRefusal(SubmitResult(taskID: one.id, body: .completed), .forbidden)
            var forged = claim
            forged.attempt = 2
            try await workflow.expectRefusal(
                SubmitResult(taskID: one.id, body: .completed),
                .forbidden,
                as: forged.actor
            )
            forged = claim
            forged.fence = 9
            try await workflow.expectRefusal(
                SubmitResult(taskID: one.id, body: .completed),
                .forbidden,
                as: forged.actor
            )
            forged = claim
            forged.sandboxID = .make()
            try await workflow.expectRefusal(
                SubmitResult(taskID: one.id, body: .completed),
                .forbidden,
                as: forged.actor
            )
        }
    }

    // MARK: Retry

    @Test func `a failure is tried again after its back-off, until the attempts are used up`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (ticket, task) = try await workflow.single(project)
            for attempt in 1...3 {
                let claim = try await workflow.claim()
                #expect(claim.attempt == attempt)
                try await workflow.submit(claim, .failed(.agent))
                guard attempt < 3 else { break }
                let pending = try await workflow.task(task.id)
                #expect(pending.status == .pending)
                #expect(pending.readyAt == nil && pending.sandboxID == nil && pending.deadlineAt == nil)
                let wait = try #require(pending.notBefore) - workflow.time.now()
                let nominal = 10 * Double(1 << (attempt - 1))
                #expect((nominal * 0.75...nominal * 1.25).contains(wait.seconds))
                #expect(try await workflow.holds(task.id) == [.backoff])
                try await workflow.expectRefusal(
                    ClaimTask(sandboxID: .make(), orchestrator: TestWorkflow.orchestrator),
                    .nothingToClaim
                )
                try await workflow.advance(by: wait)
                #expect(try await workflow.holds(task.id).isEmpty)
            }
            #expect(try await workflow.task(task.id).status == .failed)
            let blocked = try await workflow.ticket(ticket.id)
            #expect(blocked.block?.reason == .failingChecks)
            #expect(blocked.block?.detail.contains("'task of one'") ?? false)
            #expect(blocked.block?.detail.contains("it broke") ?? false)
            #expect(
                try await workflow.eventTypes(of: task.id).filter { $0 == .taskRetrying || $0 == .taskFailed }
                    == [.taskRetrying, .taskRetrying, .taskFailed]
            )
            #expect(try await workflow.eventTypes(of: task.id).count { $0 == .taskPending } == 3)
        }
    }

    @Test func `a back-off that is over counts at once, timer or not`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, task) = try await workflow.single(project)
            try await workflow.submit(try await workflow.claim(), .failed(.agent))
            workflow.time.advance(by: .seconds(15))
            #expect(try await workflow.holds(task.id).isEmpty)
            #expect(try await workflow.claim().taskID == task.id)
        }
    }

    @Test func `retry lifts the block and lets dependents go on`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { $0.maxAttempts = 1 }
            let made = try await workflow.tickets(
                project,
                [
                    TicketCreate(
                        title: "t",
                        tasks: [
                            TaskSpecification(ref: "a", title: "a"), TaskSpecification(title: "b", dependsOn: ["a"]),
                            TaskSpecification(title: "c"),
                        ]
                    )
                ]
            )
            try await workflow.submit(try await workflow.claim(made.tasks[0].id), .failed(.task))
            #expect(try await workflow.holds(made.tasks[1].id) == [.ticketBlocked, .dependencyFailed])
            #expect(try await workflow.holds(made.tasks[2].id) == [.ticketBlocked])
            #expect(try await workflow.task(made.tasks[2].id).readyAt == nil)
            let again = try await workflow.run(RetryTask(id: made.tasks[0].id))
            #expect(again.id != made.tasks[0].id)
            #expect(again.lineageID == made.tasks[0].lineageID)
            #expect(again.readyAt != nil)
            #expect(try await workflow.task(made.tasks[0].id).status == .failed)
            #expect(try await workflow.ticket(made.tickets[0].id).block == nil)
            #expect(try await workflow.holds(made.tasks[2].id).isEmpty)
            try await workflow.expectRefusal(RetryTask(id: made.tasks[0].id), .conflict)
            try await workflow.expectRefusal(RetryTask(id: again.id), .conflict)
            for id in [again.id, made.tasks[1].id, made.tasks[2].id] { try await workflow.complete(id) }
            #expect(try await workflow.ticket(made.tickets[0].id).status == .done)
            try await workflow.expectRefusal(RetryTask(id: again.id), .conflict)
        }
    }

    @Test func `a task that takes too long times out`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { $0.maxAttempts = 2 }
            let made = try await workflow.tickets(
                project,
                [TicketCreate(title: "t", tasks: [TaskSpecification(title: "x", timeoutSeconds: 10)])]
            )
            let task = made.tasks[0].id
            for attempt in 1...2 {
                let claim = try await workflow.claim(task)
                #expect(claim.deadlineAt == workflow.time.now() + .seconds(70))
                for _ in 0..<14 {
                    try await workflow.run(
                        Heartbeat(
                            instance: TestWorkflow.orchestrator,
                            capacity: Capacity(slots: 1, used: 1),
                            sandboxes: [
                                .init(
                                    id: claim.sandboxID,
                                    taskID: task,
                                    fence: claim.fence,
                                    state: .running,
                                    lastActivityAt: nil
                                )
                            ]
                        )
                    )
                    try await workflow.advance(by: .seconds(5))
                }
                #expect(try await workflow.attempts(task).last?.status == .timedOut)
                #expect(workflow.stops.last == "\(claim.sandboxID) timed-out")
                #expect(try await workflow.task(task).status == (attempt == 1 ? .pending : .timedOut))
                let fault = await #expect(throws: Fault.self) { try await workflow.submit(claim) }
                #expect(fault?.code == .attemptSuperseded)
                try await workflow.advance(by: .seconds(20))
            }
            #expect(try await workflow.eventTypes(of: task).last == .taskTimedOut)
            #expect(try await workflow.ticket(made.tickets[0].id).block?.reason == .failingChecks)
        }
    }

    // MARK: Cancel

    @Test func `cancel raises the fence and stops the sandbox`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, task) = try await workflow.single(project)
            let claim = try await workflow.claim()
            let cancelled = try await workflow.run(CancelTask(id: task.id, reason: "not needed"))
            #expect(cancelled.status == .cancelled)
            #expect(cancelled.error == "not needed")
            #expect(!cancelled.sandboxStopped)
            #expect(workflow.stops == ["\(claim.sandboxID) cancelled"])
            let fence = try await workflow.store.read { try TaskStore.find(task.id, in: $0)?.fence }
            #expect(fence == claim.fence + 1)
            for _ in 0..<2 {
                let fault = await #expect(throws: Fault.self) { try await workflow.submit(claim) }
                #expect(fault?.code == .attemptCancelled)
            }
            await #expect(throws: Fault.self) { try await workflow.ask(FetchAssignment(), as: claim.actor) }
            try await workflow.deliver(OnSandboxEnded.handle, claim.sandboxID, state: .terminated)
            #expect(try await workflow.task(task.id).sandboxStopped)
            try await workflow.deliver(OnSandboxEnded.handle, claim.sandboxID, state: .terminated)
            #expect(try await workflow.eventTypes(of: task.id).suffix(2) == [.taskCancelled, .taskUpdated])
            try await workflow.expectRefusal(CancelTask(id: task.id, reason: ""), .conflict)
        }
    }

    @Test func `a pending task is cancelled without a sandbox to wait for`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, task) = try await workflow.single(project)
            #expect(try await workflow.run(CancelTask(id: task.id, reason: "no")).sandboxStopped)
            #expect(workflow.stops.isEmpty)
            await #expect(throws: Fault.self) { try await workflow.claim() }
        }
    }

    @Test func `a sandbox that ends without a result costs nothing but the attempt`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, task) = try await workflow.single(project)
            let claim = try await workflow.claim()
            try await workflow.deliver(OnSandboxEnded.handle, claim.sandboxID, state: .completed)
            let pending = try await workflow.task(task.id)
            #expect(pending.status == .pending)
            #expect(pending.platformLosses == 1)
            #expect(pending.countedFailures == 0)
            try await workflow.deliver(OnSandboxFailed.handle, .make(), state: .failed)
            #expect(try await workflow.task(task.id) == pending)
        }
    }
}
