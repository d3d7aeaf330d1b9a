import Contracts
import Kernel
import TestSupport
import Testing

@testable import TicketWorkflow

@Suite struct `Questions about tasks` {
    // MARK: Circular dependencies

    @Test func `defect 14: a check finds self-dependencies and cycles before they are made`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, one) = try await workflow.single(project, title: "one")
            let (_, two) = try await workflow.single(project, title: "two")
            func check(_ id: Identifier, _ others: [Identifier]) async throws -> CircularCheck {
                try await workflow.ask(CheckCircular(id: id, dependsOn: others))
            }
            let own = try await check(one.id, [one.id])
            #expect(own.hasCircularDependency && own.cycle == [one.id])
            #expect(try await check(one.id, [two.id]) == CircularCheck())
            try await workflow.run(ChangeDependencies(id: one.id, change: .add, dependsOn: [two.id]))
            let before = try await workflow.contents()
            let pair = try await check(two.id, [one.id])
            #expect(pair.hasCircularDependency)
            #expect(Set(pair.cycle ?? []) == [one.id, two.id])
            #expect(pair.detail?.contains("task of one") == true)
            #expect(try await workflow.contents() == before, "a question changes nothing")
            try await workflow.expectRefusal(
                ChangeDependencies(id: two.id, change: .add, dependsOn: [one.id]),
                .dependencyCycle
            )
        }
    }

    @Test func `a cycle through the phases of a ticket is found too`() async throws {
        try await withWorkflow { workflow in
            let made = try await workflow.tickets(
                try await workflow.project(),
                [
                    TicketCreate(
                        title: "t",
                        tasks: [
                            TaskSpecification(title: "build", phase: .implementation),
                            TaskSpecification(title: "test", phase: .testing),
                        ]
                    )
                ]
            )
            let check = try await workflow.ask(CheckCircular(id: made.tasks[0].id, dependsOn: [made.tasks[1].id]))
            #expect(check.hasCircularDependency)
            #expect(check.cycle?.contains(made.tickets[0].id) == true)
        }
    }

    @Test func `unknown tasks and those of other projects are refused by the check`() async throws {
        try await withWorkflow { workflow in
            let (_, task) = try await workflow.single(try await workflow.project())
            let (_, foreign) = try await workflow.single(try await workflow.project())
            for other in [Identifier.make(), foreign.id] {
                let fault = await #expect(throws: Fault.self) {
                    try await workflow.ask(CheckCircular(id: task.id, dependsOn: [other]))
                }
                #expect(fault?.code == .invalid)
            }
        }
    }

    // MARK: Conversations

    @Test func `a sandbox registers its conversation, and blanks overwrite nothing`() async throws {
        try await withWorkflow { workflow in
            let (_, task) = try await workflow.single(try await workflow.project())
            let claim = try await workflow.claim()
            func register(_ body: ConversationBody, as actor: Actor) async throws -> WorkTask {
                try await workflow.run(RegisterConversation(id: task.id, body: body), as: actor)
            }
            let first = try await register(
                ConversationBody(conversationID: "c1", sandboxID: "", persistenceDirectory: "/home/agent"),
                as: claim.actor
            )
            #expect(first.conversationID == "c1" && first.persistenceDirectory == "/home/agent")
            #expect(first.sandboxID == claim.sandboxID)
            let second = try await register(
                ConversationBody(conversationID: "c2", sandboxID: "", persistenceDirectory: ""),
                as: TestWorkflow.member
            )
            #expect(second.conversationID == "c2" && second.persistenceDirectory == "/home/agent")
            #expect(second.sandboxID == claim.sandboxID && second.version == first.version + 1)
            let again = try await register(ConversationBody(conversationID: "c2"), as: claim.actor)
            #expect(again.version == second.version)
        }
    }

    @Test func `a conversation of another sandbox, of an earlier attempt or of nobody is refused`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, task) = try await workflow.single(project)
            let body = ConversationBody(conversationID: "c")
            try await workflow.expectRefusal(RegisterConversation(id: task.id, body: body), .conflict)
            let claim = try await workflow.claim()
            let other = ConversationBody(conversationID: "c", sandboxID: Identifier.make().description)
            try await workflow.expectRefusal(RegisterConversation(id: task.id, body: other), .conflict)
            let (_, second) = try await workflow.single(project, title: "second")
            try await workflow.expectRefusal(
                RegisterConversation(id: second.id, body: body),
                .forbidden,
                as: claim.actor
            )
            try await workflow.submit(claim, .failed(.agent))
            try await workflow.advance(by: .seconds(60))
            try await workflow.claim(task.id)
            try await workflow.expectRefusal(
                RegisterConversation(id: task.id, body: body),
                .attemptSuperseded,
                as: claim.actor
            )
            let viewer = Actor(subject: "v", scope: .viewer)
            try await workflow.expectRefusal(RegisterConversation(id: task.id, body: body), .forbidden, as: viewer)
        }
    }

    // MARK: Results

    @Test func `results are listed with their content, superseded ones too`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (ticket, task) = try await workflow.single(project)
            let lost = try await workflow.claim()
            try await workflow.run(CancelTask(id: task.id, reason: "stop"))
            await #expect(throws: Fault.self) { try await workflow.submit(lost) }
            let (_, other) = try await workflow.single(project, title: "other")
            let done = try await workflow.submit(try await workflow.claim(other.id))
            func list(_ query: ListResults) async throws -> [TaskResult] { try await workflow.ask(query).results }
            let all = try await list(ListResults(limit: 50))
            #expect(all.map(\.taskID) == [other.id, task.id])
            #expect(all.map(\.applied) == [true, false])
            #expect(try await list(ListResults(taskID: task.id, limit: 50)).map(\.sandboxID) == [lost.sandboxID])
            #expect(try await list(ListResults(ticketID: ticket.id, limit: 50)).map(\.taskID) == [task.id])
            #expect(try await list(ListResults(status: .failed, limit: 50)) == [])
            let page = try await workflow.ask(ListResults(limit: 1))
            #expect(page.hasMore && page.results.map(\.taskID) == [other.id])
            #expect(try await list(ListResults(before: page.results.last?.id, limit: 1)).map(\.taskID) == [task.id])
            #expect(try await workflow.ask(DescribeResult(id: done.resultID)) == all[0])
            let foreign = Actor(subject: "x", scope: .viewer, projectID: .make())
            await #expect(throws: Fault.notFound("result", done.resultID)) {
                try await workflow.ask(DescribeResult(id: done.resultID), as: foreign)
            }
            #expect(try await workflow.ask(ListResults(limit: 50), as: foreign).results == [])
        }
    }

    @Test func `a result is judged with feedback and evidence, and may be judged again`() async throws {
        try await withWorkflow { workflow in
            let project = try await workflow.project()
            let (_, task) = try await workflow.single(project)
            let id = try await workflow.submit(try await workflow.claim(task.id)).resultID
            let evidence: [JSONValue] = [.object(["p99": .integer(12)])]
            let rejected = try await workflow.run(
                VerifyResult(id: id, body: .init(passed: false, feedback: "slow", evidence: evidence)),
                as: TestWorkflow.member
            )
            #expect(rejected.verification?.status == .rejected && rejected.version == 2)
            #expect(rejected.verification?.by == "ann" && rejected.verification?.evidence == evidence)
            let verified = try await workflow.run(VerifyResult(id: id, body: .init(passed: true)))
            #expect(verified.verification?.status == .verified && verified.version == 3)
            #expect(try await workflow.ask(DescribeResult(id: id)) == verified)
            #expect(try await workflow.eventTypes(of: id) == [.resultSubmitted, .resultVerified, .resultVerified])
            let foreign = Actor(subject: "x", scope: .member, projectID: .make())
            try await workflow.expectRefusal(VerifyResult(id: id, body: .init(passed: true)), .notFound, as: foreign)
            try await workflow.expectRefusal(VerifyResult(id: .make(), body: .init(passed: true)), .notFound)
        }
    }
}
