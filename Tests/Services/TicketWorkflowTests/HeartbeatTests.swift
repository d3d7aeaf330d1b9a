import Contracts
import Kernel
import Testing

@testable import TicketWorkflow

@Suite(.timeLimit(.minutes(1)))
struct HeartbeatTests {
    private func beat(
        _ workflow: TestWorkflow,
        _ claims: [Claim],
        instance: String = TestWorkflow.orchestrator
    ) async throws -> HeartbeatReply {
        try await workflow.run(
            Heartbeat(
                instance: instance,
                capacity: Capacity(slots: 4, used: claims.count),
                sandboxes: claims.map {
                    .init(id: $0.sandboxID, taskID: $0.taskID, fence: $0.fence, state: .running, lastActivityAt: nil)
                }
            )
        )
    }

    @Test func `a heartbeat renews what it names`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, task) = try await workflow.single(project)
            let claim = try await workflow.claim()
            for _ in 0..<20 {
                let reply = try await beat(workflow, [claim])
                #expect(reply == HeartbeatReply(renewed: [claim.sandboxID], stop: []))
                try await workflow.advance(by: .seconds(25))
            }
            #expect(try await workflow.task(task.id).status == .assigned)
            try await workflow.advance(by: .seconds(6))
            #expect(try await workflow.task(task.id).status == .pending)
            #expect(try await workflow.task(task.id).platformLosses == 1)
            #expect(try await workflow.attempts(task.id).map(\.status) == [.lost])
        }
    }

    @Test func `capacity adds up what orchestrators said lately`() async throws {
        try await withWorkflow { workflow in
            #expect(try await workflow.ask(DescribeCapacity()) == SandboxCapacity([]))
            _ = try await beat(workflow, [])
            try await workflow.advance(by: .seconds(20))
            _ = try await beat(workflow, [], instance: "other")
            let both = try await workflow.ask(DescribeCapacity(), as: Actor(subject: "v", scope: .viewer))
            #expect(both.orchestrators.map(\.instance) == ["local", "other"])
            #expect((both.slots, both.used, both.available) == (8, 0, 8))
            try await workflow.advance(by: .seconds(15))
            #expect(try await workflow.ask(DescribeCapacity()).orchestrators.map(\.instance) == ["other"])
            await #expect(throws: Fault.self) {
                _ = try await workflow.ask(DescribeCapacity(), as: Actor(subject: "s", scope: .sandbox))
            }
        }
    }

    @Test func `an attempt missing in two heartbeats is lost`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, task) = try await workflow.single(project)
            let claim = try await workflow.claim()
            _ = try await beat(workflow, [])
            // The same beat again, sent twice on a bad connection.
            _ = try await beat(workflow, [])
            #expect(try await workflow.task(task.id).status == .assigned)
            try await workflow.advance(by: .seconds(5))
            _ = try await beat(workflow, [claim])
            try await workflow.advance(by: .seconds(5))
            _ = try await beat(workflow, [])
            try await workflow.advance(by: .seconds(5))
            #expect(try await workflow.task(task.id).status == .assigned)
            _ = try await beat(workflow, [])
            #expect(try await workflow.task(task.id).status == .pending)
            #expect(try await workflow.attempts(task.id).first?.faultDomain == .platform)
        }
    }

    @Test func `another orchestrator's heartbeat says nothing about an attempt`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, task) = try await workflow.single(project)
            let claim = try await workflow.claim()
            for _ in 0..<3 {
                _ = try await beat(workflow, [], instance: "other")
                try await workflow.advance(by: .seconds(5))
            }
            #expect(try await workflow.task(task.id).status == .assigned)
            let reply = try await beat(workflow, [claim], instance: "other")
            #expect(reply.stop == [.init(id: claim.sandboxID, reason: "held-by-another")])
        }
    }

    @Test func `an outage of the workflow costs nobody an attempt`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, task) = try await workflow.single(project)
            let claim = try await workflow.claim()
            workflow.environment.leases.pause()
            try await workflow.advance(by: .seconds(600))
            #expect(try await workflow.task(task.id).status == .assigned)
            workflow.environment.leases.restart(uptime: workflow.time.uptime())
            try await workflow.advance(by: .seconds(29))
            #expect(try await workflow.task(task.id).status == .assigned)
            #expect(try await beat(workflow, [claim]).renewed == [claim.sandboxID])
            try await workflow.advance(by: .seconds(29))
            #expect(try await workflow.task(task.id).status == .assigned)
        }
    }

    @Test func `a jump of the wall clock ends no lease`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let made = try await workflow.tickets(
                project,
                [TicketCreate(title: "t", tasks: [TaskSpecification(title: "x", timeoutSeconds: 604_800)])]
            )
            try await workflow.claim()
            workflow.time.jump(by: .seconds(3600))
            try await workflow.tick()
            #expect(try await workflow.task(made.tasks[0].id).status == .assigned)
        }
    }

    @Test func `leases begin anew after a restart`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            _ = try await workflow.single(project)
            let claim = try await workflow.claim()
            let leases = LeaseTable(duration: Limits.lease)
            let restarted = WorkflowEnvironment(
                configuration: workflow.environment.configuration,
                time: workflow.time,
                leases: leases,
                tokens: workflow.environment.tokens,
                random: workflow.environment.random,
                stop: workflow.environment.stop
            )
            try await restarted.restoreLeases(workflow.store)
            #expect(leases.count == 1)
            #expect(leases.expired(uptime: .seconds(1000)).isEmpty)
            leases.restart(uptime: .seconds(1000))
            #expect(leases.expired(uptime: .seconds(1029)).isEmpty)
            #expect(leases.expired(uptime: .seconds(1030)) == [claim.sandboxID])
        }
    }

    @Test func `a heartbeat is told what to stop`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            for index in 0..<4 { _ = try await workflow.single(project, title: "\(index)") }
            var claims: [Claim] = []
            for _ in 0..<4 { claims.append(try await workflow.claim()) }
            try await workflow.run(CancelTask(id: claims[0].taskID, reason: "no"))
            try await workflow.submit(claims[1])
            try await workflow.deliver(OnSandboxFailed.handle, claims[2].sandboxID, state: .failed, reason: "silent")
            let unclaimed = Heartbeat.Item(
                id: .make(),
                taskID: nil,
                fence: nil,
                state: .pending,
                lastActivityAt: nil
            )
            var reply = try await beat(workflow, claims)
            // Lost, but nobody has taken over: it may still deliver.
            #expect(reply.stop == [.init(id: claims[0].sandboxID, reason: "cancelled")])
            #expect(reply.renewed == [claims[3].sandboxID])
            try await workflow.advance(by: .seconds(2))
            try await workflow.claim(claims[2].taskID)
            reply = try await workflow.run(
                Heartbeat(
                    instance: TestWorkflow.orchestrator,
                    capacity: Capacity(slots: 4, used: 4),
                    sandboxes: claims.map {
                        .init(
                            id: $0.sandboxID,
                            taskID: $0.taskID,
                            fence: $0.fence,
                            state: .running,
                            lastActivityAt: nil
                        )
                    } + [unclaimed]
                )
            )
            #expect(
                Set(reply.stop.map { "\($0.id) \($0.reason)" })
                    == ["\(claims[0].sandboxID) cancelled", "\(claims[2].sandboxID) superseded"]
            )
        }
    }

    @Test func `ten losses end a task`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (ticket, task) = try await workflow.single(project)
            for _ in 0..<Limits.platformLosses {
                try await workflow.claim(task.id)
                try await workflow.advance(by: .seconds(31))
                try await workflow.advance(by: .seconds(1))
            }
            #expect(try await workflow.task(task.id).status == .failed)
            #expect(try await workflow.task(task.id).countedFailures == 0)
            #expect(try await workflow.ticket(ticket.id).block?.reason == .failingChecks)
        }
    }
}
