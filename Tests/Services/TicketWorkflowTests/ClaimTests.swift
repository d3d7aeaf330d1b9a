import Contracts
import Kernel
import Messaging
import ServiceKit
import Testing

@testable import TicketWorkflow

@Suite(.timeLimit(.minutes(1)))
struct ClaimTests {
    @Test func `the same sandbox gets the same answer, with a valid token`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            _ = try await workflow.single(project)
            _ = try await workflow.single(project)
            let sandbox = Identifier.make()
            let first = try await workflow.claim(sandbox: sandbox)
            let before = try await workflow.contents()
            let again = try await workflow.claim(sandbox: sandbox)
            #expect(again.taskID == first.taskID)
            #expect(again.fence == first.fence)
            #expect(again.attempt == first.attempt)
            #expect(again.deadlineAt == first.deadlineAt)
            #expect(try await workflow.contents() == before)
            let key = try await workflow.ask(DescribeKey())
            let verified = try TokenVerifier(key: key).verify(again.token, now: workflow.time.now())
            #expect(verified.actor == first.actor)
        }
    }

    @Test func `a closed attempt is superseded`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            _ = try await workflow.single(project)
            let claim = try await workflow.claim()
            try await workflow.submit(claim)
            try await workflow.expectRefusal(
                ClaimTask(sandboxID: claim.sandboxID, orchestrator: TestWorkflow.orchestrator),
                .attemptSuperseded
            )
        }
    }

    @Test func `another orchestrator cannot take over a sandbox`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            _ = try await workflow.single(project)
            let claim = try await workflow.claim()
            try await workflow.expectRefusal(ClaimTask(sandboxID: claim.sandboxID, orchestrator: "other"), .conflict)
        }
    }

    @Test func `nothing to claim changes nothing`() async throws {
        try await withWorkflow { workflow in
            _ = try await workflow.project()
            try await workflow.expectRefusal(
                ClaimTask(sandboxID: .make(), orchestrator: TestWorkflow.orchestrator),
                .nothingToClaim
            )
        }
    }

    @Test func `concurrent claims have one winner per task`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let made = try await workflow.tickets(
                project,
                (0..<8).map { TicketCreate(title: "\($0)", tasks: [TaskSpecification(title: "x")]) }
            )
            let claims = await withTaskGroup(of: Claim?.self) { group in
                for _ in 0..<20 { group.addTask { try? await workflow.claim() } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let won = claims.compactMap(\.self)
            #expect(won.count == 8)
            #expect(Set(won.map(\.taskID)) == Set(made.tasks.map(\.id)))
        }
    }

    @Test func `a named task, and only that one`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, one) = try await workflow.single(project)
            let (_, two) = try await workflow.single(project)
            #expect(try await workflow.claim(two.id).taskID == two.id)
            let fault = try await workflow.expectRefusal(
                ClaimTask(sandboxID: .make(), orchestrator: TestWorkflow.orchestrator, taskID: two.id),
                .nothingToClaim
            )
            #expect(fault?.message.contains("not-pending") ?? false)
            #expect(try await workflow.claim().taskID == one.id)
        }
    }

    @Test func `the project's concurrency is kept by the claim`() async throws {
        try await withWorkflow { workflow in
            let narrow = try await workflow.project { $0.concurrency = 1 }
            let wide = try await workflow.project()
            let critical = try await workflow.tickets(
                narrow,
                (0..<2).map {
                    TicketCreate(title: "\($0)", priority: .critical, tasks: [TaskSpecification(title: "x")])
                }
            )
            let (_, low) = try await workflow.single(wide)
            let first = try await workflow.claim()
            #expect(first.projectID == narrow.id)
            let held = try #require(critical.tasks.first { $0.id != first.taskID })
            #expect(try await workflow.holds(held.id) == [.projectConcurrency])
            #expect(try await workflow.claim().taskID == low.id)
            await #expect(throws: Fault.self) { try await workflow.claim() }
            try await workflow.submit(first)
            #expect(try await workflow.claim().taskID == held.id)
        }
    }

    @Test func `tasks are claimed by priority, then age, then by how many wait for them`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let made = try await workflow.tickets(
                project,
                [
                    TicketCreate(
                        title: "t",
                        tasks: [
                            TaskSpecification(title: "low", priority: .low),
                            TaskSpecification(title: "medium", priority: .medium),
                            TaskSpecification(ref: "b", title: "blocking", priority: .medium),
                            TaskSpecification(title: "critical", priority: .critical),
                            TaskSpecification(title: "held", priority: .low, dependsOn: ["b"]),
                        ]
                    )
                ]
            )
            var order: [Int] = []
            for _ in 0..<4 {
                let claim = try await workflow.claim()
                order.append(try #require(made.tasks.firstIndex { $0.id == claim.taskID }))
            }
            #expect(order == [3, 2, 1, 0])
        }
    }

    @Test func `an archived project hands out nothing`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, task) = try await workflow.single(project)
            var patch = ProjectPatch()
            patch.status = .archived
            _ = try await workflow.run(UpdateProject(id: project.id, body: patch))
            #expect(try await workflow.holds(task.id) == [.projectArchived])
            await #expect(throws: Fault.self) { try await workflow.claim() }
            patch.status = .active
            _ = try await workflow.run(UpdateProject(id: project.id, body: patch))
            #expect(try await workflow.claim().taskID == task.id)
        }
    }

    @Test func `an assignment carries the branches it builds on and the checks of its phase`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project { settings in
                settings.checks = [
                    CheckSettings(name: "unit", command: ["unit"]),
                    CheckSettings(name: "slow", command: ["slow"], phases: [.testing]),
                ]
                settings.evidence = EvidenceSettings(commit: false, checks: false)
                settings.agent = AgentSettings(command: ["agent"])
            }
            let made = try await workflow.tickets(
                project,
                [
                    TicketCreate(title: "other", tasks: [TaskSpecification(ref: "o", title: "o")]),
                    TicketCreate(
                        title: "t",
                        tasks: [
                            TaskSpecification(ref: "a", title: "a"), TaskSpecification(ref: "b", title: "b"),
                            TaskSpecification(title: "c", phase: .testing, dependsOn: ["b", "o"]),
                        ]
                    ),
                ]
            )
            for (index, branch) in [(2, "b"), (0, "o"), (1, "a")] {
                workflow.time.advance(by: .seconds(1))
                let claim = try await workflow.claim(made.tasks[index].id)
                let assignment = try await workflow.ask(FetchAssignment(), as: claim.actor)
                #expect(assignment.baseBranches.isEmpty)
                #expect(assignment.checks.map(\.name) == ["unit"])
                var body = ResultSubmission.completed
                body.branch = branch
                try await workflow.submit(claim, body)
            }
            let claim = try await workflow.claim(made.tasks[3].id)
            let assignment = try await workflow.ask(FetchAssignment(), as: claim.actor)
            #expect(assignment.baseBranches == ["b", "o", "a"])
            #expect(assignment.checks.map(\.name) == ["unit", "slow"])
            #expect(assignment.ticketKey == "WS-2")
            #expect(assignment.timeoutSeconds == 1800)
            #expect(assignment.agent.command == ["agent"])
            let digits = made.tasks[3].id.description.replacing("-", with: "").dropLast(2).suffix(12)
            #expect(assignment.branch == "omoi/WS-2/\(digits)-1")
            try await workflow.submit(claim)
            await #expect(throws: Fault.self) { try await workflow.ask(FetchAssignment(), as: claim.actor) }
        }
    }

    @Test func `claims and heartbeats are for services`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, task) = try await workflow.single(project)
            let claim = ClaimTask(sandboxID: .make(), orchestrator: "x")
            for actor in [TestWorkflow.member, Actor(subject: "v", scope: .viewer), try await workflow.claim().actor] {
                try await workflow.expectRefusal(claim, .forbidden, as: actor)
                await #expect(throws: Fault.self) { try await workflow.ask(FetchAssignment(), as: TestWorkflow.member) }
            }
            let viewer = Actor(subject: "v", scope: .viewer)
            try await workflow.expectRefusal(CancelTask(id: task.id, reason: ""), .forbidden, as: viewer)
            let foreign = Actor(subject: "m", scope: .member, projectID: .make())
            try await workflow.expectRefusal(CancelTask(id: task.id, reason: ""), .forbidden, as: foreign)
            try await workflow.expectRefusal(
                CreateTask(body: TaskCreate(ticketID: task.ticketID, title: "t")),
                .forbidden,
                as: foreign
            )
        }
    }

    @Test func `every fact its queue is bound to has a handler`() {
        let handled = Set(Workflow.facts.flatMap(\.types).map(\.rawValue))
        #expect(Set(Topology.workflowFacts.bindings.map(\.routingKey)) == handled)
    }
}
