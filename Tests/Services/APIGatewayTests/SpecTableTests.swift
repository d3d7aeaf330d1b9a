import Contracts
import Kernel
import Testing

@testable import APIGateway

@Suite struct `Specs in the read model` {
    private func spec(_ project: Identifier, version: Int = 1, id: Identifier = .make()) -> Spec {
        Spec(id: id, projectID: project, title: "Checkout", version: version, createdAt: Samples.start)
    }

    private func feed(_ model: ReadModel, _ events: (EventType, EventData)...) async throws {
        try await model.feed(try events.map { try Samples.delivery(Samples.event($0.0, $0.1)) })
    }

    @Test func `the newer version wins, and the deleted stays deleted`() async throws {
        try await withReadModel { model in
            let project = Identifier.make()
            let first = spec(project)
            var second = spec(project, version: 2, id: first.id)
            second.title = "Second"
            try await feed(model, (.specUpdated, EventData(second)), (.specCreated, EventData(first)))
            let found = try await model.store.read { db in try SpecTable.find(first.id, in: db) }
            #expect(found == second)
            #expect(try await model.store.read { db in try SpecTable.find(first.id, only: .make(), in: db) } == nil)
            var deleted = spec(project, version: 3, id: first.id)
            deleted.deleted = true
            try await feed(model, (.specDeleted, EventData(deleted)), (.specUpdated, EventData(second)))
            #expect(try await model.store.read { db in try SpecTable.find(first.id, in: db) } == nil)
            let list = try await model.store.read { db in
                try SpecTable.list(of: project, status: nil, PageRequest(), in: db)
            }
            #expect(list.specs.isEmpty && list.total == 0)
        }
    }

    /// Two commits, two files, two checks of which one passed.
    private func result(of task: WorkTask, applied: Bool) -> TaskResult {
        TaskResult(
            id: .make(),
            taskID: task.id,
            ticketID: task.ticketID,
            sandboxID: .make(),
            attempt: applied ? 1 : 2,
            fence: 1,
            status: .completed,
            summary: "done",
            commits: [.init(sha: "abcdef1", message: "a"), .init(sha: "abcdef2", message: "b")],
            filesChanged: [
                .init(path: "a", action: .modified, linesAdded: 10, linesRemoved: 2),
                .init(path: "b", action: .deleted, linesRemoved: 1),
            ],
            checks: [0, 1].map { status in
                .init(name: "c", command: ["c"], exitCode: status, durationMilliseconds: 1, logDigest: "d")
            },
            applied: applied,
            createdAt: Samples.start
        )
    }

    private func attempt(at task: WorkTask) -> Attempt {
        Attempt(
            id: .make(),
            taskID: task.id,
            number: 1,
            fence: 1,
            sandboxID: .make(),
            orchestrator: "o",
            status: .completed,
            startedAt: Samples.start
        )
    }

    @Test func `progress counts each piece of work once, by its newest task`() async throws {
        try await withReadModel { model in
            let project = Identifier.make()
            let (planned, foreign) = (
                Samples.ticket(project: project), Samples.ticket(number: 2, project: project, phase: .testing)
            )
            let failed = Samples.task(ticket: planned.id, project: project, status: .failed)
            var again = Samples.task(ticket: planned.id, project: project, status: .completed)
            again.lineageID = failed.id
            again.commit = "abc"
            again.attempt = 1
            let running = Samples.task(ticket: planned.id, project: project, status: .running)
            let cancelled = Samples.task(ticket: planned.id, project: project, status: .cancelled)
            let linked = Samples.task(ticket: foreign.id, project: project)
            let unrelated = Samples.task(ticket: foreign.id, project: project)
            var spec = spec(project)
            spec.requirements = [.init(id: .make(), title: "R", condition: "c", action: "a", text: "t")]
            spec.tickets = [
                .init(ticketID: planned.id, relation: .planned, held: false),
                .init(ticketID: foreign.id, relation: .linked, held: false),
            ]
            spec.taskLinks = [
                .init(taskID: failed.id, ticketID: planned.id, requirementIDs: [spec.requirements[0].id]),
                .init(taskID: linked.id, ticketID: foreign.id),
            ]
            try await feed(
                model,
                (.ticketCreated, EventData(planned)),
                (.ticketCreated, EventData(foreign)),
                (.taskFailed, EventData(failed)),
                (.taskCompleted, EventData(again, attempt: attempt(at: again))),
                (.resultSubmitted, EventData(result(of: again, applied: true))),
                (.resultSubmitted, EventData(result(of: again, applied: false))),
                (.resultSubmitted, EventData(result(of: unrelated, applied: true))),
                (.taskStarted, EventData(running)),
                (.taskCancelled, EventData(cancelled)),
                (.taskCreated, EventData(linked)),
                (.taskCreated, EventData(unrelated))
            )
            let (view, trace) = try await model.store.read { [spec] db in
                (try SpecTable.view(spec, in: db), try SpecTable.trace(of: spec, in: db))
            }
            #expect(view.tasks.map(\.id) == [again.id, running.id, cancelled.id, linked.id])
            #expect(view.tasks.map(\.status) == [.completed, .inProgress, .blocked, .pending])
            #expect(view.tasks.first?.requirementIDs == spec.requirements.map(\.id))
            #expect(view.progress == 33.3)
            #expect(view.activeAgents == 1 && view.linkedTickets == 2)
            let figures = view.execution
            #expect(figures.commits == 2 && figures.linesAdded == 10 && figures.linesRemoved == 3)
            #expect(figures.testsTotal == 2 && figures.testsPassing == 1)
            #expect(figures.testCoverage == 0)
            let work = try #require(trace.requirements.first).tickets
            #expect(work.map(\.id) == [planned.id])
            #expect(work.first?.tasks.map(\.id) == [failed.id, again.id])
            #expect(work.first?.tasks.last?.attempts.map(\.commit) == ["abc"])
            #expect(trace.unlinked.map(\.id) == [planned.id, foreign.id])
            #expect(trace.unlinked.map { $0.tasks.map(\.id) } == [[running.id, cancelled.id], [linked.id]])
        }
    }
}
