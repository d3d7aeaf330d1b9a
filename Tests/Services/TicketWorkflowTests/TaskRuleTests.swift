import Contracts
import Kernel
import TestSupport
import Testing

@testable import TicketWorkflow

@Suite struct `Task rules` {
    // MARK: PATCH

    @Test func `a patch changes what it names, once, with one event`() async throws {
        try await withWorkflow { workflow in
            let (_, task) = try await workflow.single(try await workflow.project())
            let patch = TaskPatch(title: "Other", description: "more", priority: .critical, taskType: "fix")
            let changed = try await workflow.run(UpdateTask(id: task.id, ifVersion: task.version, body: patch))
            #expect(changed.title == "Other" && changed.description == "more")
            #expect(changed.priority == .critical && changed.taskType == "fix")
            #expect(changed.version == task.version + 1)
            #expect(try await workflow.eventTypes(of: task.id).last == .taskUpdated)
            let again = try await workflow.run(UpdateTask(id: task.id, body: patch))
            #expect(again.version == changed.version, "no change, no version")
            #expect(try await workflow.task(task.id) == changed)
        }
    }

    @Test func `a patch of an older version is refused`() async throws {
        try await withWorkflow { workflow in
            let (_, task) = try await workflow.single(try await workflow.project())
            let command = UpdateTask(id: task.id, ifVersion: task.version - 1, body: TaskPatch(title: "Other"))
            try await workflow.expectRefusal(command, .preconditionFailed)
        }
    }

    @Test func `a higher priority moves a ready task forward`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, first) = try await workflow.single(project, title: "first")
            workflow.time.advance(by: .seconds(60))
            let (_, second) = try await workflow.single(project, title: "second")
            try await workflow.run(UpdateTask(id: second.id, body: TaskPatch(priority: .critical)))
            #expect(try await workflow.claim().taskID == second.id)
            #expect(try await workflow.claim().taskID == first.id)
        }
    }

    @Test(arguments: [WorkTask.Status.pending, .running, .completed, .timedOut, .assigned])
    func `defect 26: a patch cannot write a status`(status: WorkTask.Status) async throws {
        try await withWorkflow { workflow in
            let (_, task) = try await workflow.single(try await workflow.project())
            let command = UpdateTask(id: task.id, body: TaskPatch(status: status))
            if status == task.status {
                #expect(try await workflow.run(command).version == task.version)
            } else {
                try await workflow.expectRefusal(command, .conflict)
            }
        }
    }

    @Test func `a patch may cancel, by the rules of a cancel`() async throws {
        try await withWorkflow { workflow in
            let (_, task) = try await workflow.single(try await workflow.project())
            let claim = try await workflow.claim()
            let changed = try await workflow.run(
                UpdateTask(id: task.id, body: TaskPatch(title: "Other", status: .cancelled))
            )
            #expect(changed.status == .cancelled && changed.title == "Other")
            #expect(workflow.stops == ["\(claim.sandboxID) cancelled"])
        }
    }

    @Test func `of a final task only the title still changes`() async throws {
        try await withWorkflow { workflow in
            let (_, task) = try await workflow.single(try await workflow.project())
            try await workflow.complete(task.id)
            #expect(try await workflow.run(UpdateTask(id: task.id, body: TaskPatch(title: "Other"))).title == "Other")
            for patch in [
                TaskPatch(description: "x"), TaskPatch(priority: .low), TaskPatch(timeoutSeconds: 9),
                TaskPatch(deadlineAt: workflow.time.now()),
            ] { try await workflow.expectRefusal(UpdateTask(id: task.id, body: patch), .conflict) }
        }
    }

    // MARK: Fail

    @Test(arguments: [false, true])
    func `a task that is worked on can be failed by hand, for good`(isRunning: Bool) async throws {
        try await withWorkflow { workflow in
            let (ticket, task) = try await workflow.single(try await workflow.project())
            let claim = try await workflow.claim()
            if isRunning {
                try await workflow.deliver(OnSandboxRunning.handle, claim.sandboxID, state: .running)
            }
            let answer = try await workflow.run(FailTask(id: task.id, reason: "wrong approach"))
            #expect(answer.status == .failed && answer.oldStatus == (isRunning ? .running : .assigned))
            let failed = try await workflow.task(task.id)
            #expect(failed.status == .failed && failed.error == "wrong approach" && !failed.sandboxStopped)
            #expect(workflow.stops == ["\(claim.sandboxID) cancelled"])
            #expect(try await workflow.ticket(ticket.id).block?.reason == .failingChecks)
            let fault = await #expect(throws: Fault.self) { try await workflow.submit(claim) }
            #expect(fault?.code == .attemptCancelled)
            #expect(try await workflow.task(task.id) == failed, "a late report changes nothing")
            try await workflow.deliver(OnSandboxEnded.handle, claim.sandboxID, state: .terminated)
            #expect(try await workflow.task(task.id).sandboxStopped)
        }
    }

    @Test func `nothing else can be failed`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, pending) = try await workflow.single(project)
            try await workflow.expectRefusal(FailTask(id: pending.id, reason: ""), .conflict)
            try await workflow.complete(pending.id)
            try await workflow.expectRefusal(FailTask(id: pending.id, reason: ""), .conflict)
            try await workflow.expectRefusal(FailTask(id: .make(), reason: ""), .notFound)
        }
    }

    // MARK: Time

    @Test func `a timeout set while an attempt runs is measured from its start`() async throws {
        try await withWorkflow { workflow in
            let (_, task) = try await workflow.single(try await workflow.project())
            let claim = try await workflow.claim()
            let start = workflow.time.now()
            try await workflow.deliver(OnSandboxRunning.handle, claim.sandboxID, state: .running)
            workflow.time.advance(by: .seconds(20))
            let answer = try await workflow.run(SetTimeout(id: task.id, seconds: 100))
            #expect(answer == TaskTimeout(taskID: task.id, timeoutSeconds: 100, status: .running))
            let grace = workflow.environment.configuration.deadlineGrace
            #expect(try await workflow.task(task.id).attemptDeadlineAt == start + .seconds(100) + grace)
            workflow.environment.leases.restart(uptime: workflow.time.uptime())
            workflow.time.advance(by: .seconds(79) + grace)
            workflow.environment.leases.restart(uptime: workflow.time.uptime())
            try await workflow.tick()
            #expect(try await workflow.task(task.id).status == .running)
            try await workflow.advance(by: .seconds(2))
            let ended = try await workflow.task(task.id)
            #expect(ended.status == .pending && ended.countedFailures == 1)
            #expect(workflow.stops == ["\(claim.sandboxID) timed-out"])
        }
    }

    @Test(arguments: [0, -1, Limits.taskTimeoutSeconds + 1])
    func `a timeout out of range is refused`(seconds: Int) async throws {
        try await withWorkflow { workflow in
            let (_, task) = try await workflow.single(try await workflow.project())
            try await workflow.expectRefusal(SetTimeout(id: task.id, seconds: seconds), .invalid)
        }
    }

    @Test func `a clean-up ends what is over its time, and only that`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { $0.maxAttempts = 1 }
            let (_, slow) = try await workflow.single(project, title: "slow")
            let (_, fine) = try await workflow.single(project, title: "fine")
            try await workflow.run(SetTimeout(id: slow.id, seconds: 10))
            let claim = try await workflow.claim(slow.id)
            try await workflow.claim(fine.id)
            #expect(try await workflow.run(CleanUpTimedOut()) == CleanedUp(cleanedCount: 0, totalTimedOut: 0))
            workflow.time.advance(by: .seconds(10))
            let foreign = Actor(subject: "x", scope: .member, projectID: .make())
            #expect(try await workflow.run(CleanUpTimedOut(), as: foreign).totalTimedOut == 0)
            #expect(try await workflow.run(CleanUpTimedOut()) == CleanedUp(cleanedCount: 1, totalTimedOut: 1))
            #expect(try await workflow.task(slow.id).status == .timedOut)
            #expect(try await workflow.task(fine.id).status == .assigned)
            #expect(workflow.stops == ["\(claim.sandboxID) timed-out"])
        }
    }

    @Test func `a deadline that comes near makes a task urgent, whatever its rank`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let due = workflow.time.now() + .seconds(3600)
            let made = try await workflow.tickets(
                project,
                [
                    TicketCreate(
                        title: "one",
                        tasks: [
                            TaskSpecification(title: "first", priority: .critical),
                            TaskSpecification(title: "second", priority: .critical),
                            TaskSpecification(title: "due", priority: .low, deadlineAt: due),
                        ]
                    )
                ]
            )
            #expect(made.tasks[2].deadlineAt == due)
            #expect(try await workflow.claim().taskID == made.tasks[0].id)
            try await workflow.advance(by: .seconds(2700))
            #expect(try await workflow.claim().taskID == made.tasks[2].id, "15 minutes before its deadline")
            #expect(try await workflow.claim().taskID == made.tasks[1].id)
        }
    }

    @Test func `a deadline that is moved away takes the urgency back`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, plain) = try await workflow.single(project, title: "plain")
            let (_, due) = try await workflow.single(project, title: "due")
            let soon = workflow.time.now() + .seconds(60)
            let later = workflow.time.now() + .seconds(86_400)
            try await workflow.run(UpdateTask(id: due.id, body: TaskPatch(priority: .low, deadlineAt: soon)))
            try await workflow.tick()
            try await workflow.run(UpdateTask(id: due.id, body: TaskPatch(deadlineAt: later)))
            try await workflow.tick()
            #expect(try await workflow.claim().taskID == plain.id)
        }
    }

    // MARK: Provider limits

    @Test(arguments: [(nil, 300), (3600, 3600), (1, 10), (-500, 10), (8 * 86_400, 7 * 86_400)] as [(Int?, Int)])
    func `a task is parked until the provider's reset, and spends no attempt`(
        reset: Int?,
        expected: Int
    ) async throws {
        try await withWorkflow { workflow in
            let (_, task) = try await workflow.single(try await workflow.project())
            let claim = try await workflow.claim()
            var body = ResultSubmission.failed(.providerLimit, "quota")
            body.failure?.resetAt = reset.map { workflow.time.now() + .seconds($0) }
            try await workflow.submit(claim, body)
            let parked = try await workflow.task(task.id)
            #expect(parked.status == .pending && parked.countedFailures == 0 && parked.platformLosses == 0)
            #expect(parked.notBefore == workflow.time.now() + .seconds(expected))
            #expect(try await workflow.holds(task.id) == [.providerLimit])
            try await workflow.advance(by: .seconds(expected))
            #expect(try await workflow.holds(task.id) == [])
            #expect(try await workflow.claim().taskID == task.id)
        }
    }

    // MARK: Lineage

    @Test func `a retry begins anew, a repetition by a regress keeps the counts of its lineage`() async throws {
        let task: WorkTask = {
            var task = WorkTask(
                id: .make(),
                ticketID: .make(),
                projectID: .make(),
                phase: .testing,
                title: "t",
                createdAt: Timestamp(milliseconds: 0)
            )
            task.countedFailures = 2
            task.platformLosses = 4
            task.attempt = 6
            task.status = .completed
            return task
        }()
        let now = Timestamp(milliseconds: 9)
        let fresh = task.successor(id: .make(), round: 1, keepingCounts: false, at: now)
        #expect(fresh.countedFailures == 0 && fresh.platformLosses == 0 && fresh.attempt == 0)
        var clone = task.successor(id: .make(), round: 2, keepingCounts: true, at: now)
        #expect(clone.lineageID == task.lineageID && clone.round == 2 && clone.status == .pending)
        #expect(clone.countedFailures == 2 && clone.platformLosses == 4 && clone.attempt == 0)
        let ending = AttemptOutcome.Ending(status: .failed, domain: .agent, error: "no")
        #expect(
            AttemptOutcome.decide(ending, on: &clone, now: now, random: 0) == .end(.failed),
            "the third of the lineage"
        )
    }
}
