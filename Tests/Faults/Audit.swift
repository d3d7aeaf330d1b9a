import Contracts
import HTTPClient
import Kernel
import Messaging
import TestSupport
import Testing

/// Compares what everybody knows after a fault: the owner, the read model, the history, an outside subscriber and the
/// side effects of the agents.
struct Audit {
    let system: OmoiSystem
    let workload: Workload
    let ledger: EventLedger

    /// Records an issue for everything lost, doubled or contradictory.
    func run() async throws {
        let owner = try await ownersView()
        expectCompletedOnce(owner)
        try await expectSubscriberSawEverything(owner)
        try await expectReadModelAgrees(owner)
        try await expectHistoryAgrees(owner)
        try expectEffectsAtMostOncePerAttempt(owner)
    }

    /// The owner's own rows, asked for by command.
    struct View {
        var tasks: [Identifier: WorkTask] = [:]
        var tickets: [Identifier: Ticket] = [:]
        var attempts: [Attempt] = []
        var transitions: [Transition] = []
    }

    private func ownersView() async throws -> View {
        let requester = Requester(try BrokerConfiguration(url: system.broker.url, connectionName: "audit"))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await requester.run() }
            await requester.waitUntilConnected()
            var view = View()
            var cursor: String?
            repeat {
                let page = try await requester.request(
                    Snapshot(cursor: cursor),
                    to: Topic.workflow(),
                    context: RequestContext(actor: .service("audit"))
                ).reply
                for entity in page.entities {
                    if let task = entity.task { view.tasks[task.id] = task }
                    if let ticket = entity.ticket { view.tickets[ticket.id] = ticket }
                }
                view.attempts += page.attempts
                view.transitions += page.transitions
                cursor = page.nextCursor
            } while cursor != nil
            requester.stop()
            try await group.waitForAll()
            return view
        }
    }

    private func expectCompletedOnce(_ owner: View) {
        let attempts = Dictionary(grouping: owner.attempts, by: \.taskID)
        for id in workload.taskIDs {
            #expect(owner.tasks[id]?.status == .completed, "task \(id)")
            #expect(attempts[id, default: []].count { $0.status == .completed } == 1, "completed attempts of \(id)")
            #expect(!attempts[id, default: []].contains { $0.status == .open }, "open attempt of \(id)")
        }
        for id in workload.ticketIDs {
            #expect(owner.tickets[id]?.status == .done, "ticket \(id)")
        }
    }

    private func expectSubscriberSawEverything(_ owner: View) async throws {
        let transitions = Set(owner.transitions.map(\.id))
        try await eventually("the outside subscriber saw everything", within: .seconds(20)) {
            Set(ledger.events(of: .taskCompleted).map(\.subject)).isSuperset(of: workload.taskIDs)
                && Set(ledger.events(of: .ticketTransitioned).compactMap(\.data.transition?.id))
                    .isSuperset(of: transitions)
        }
        let endings = ledger.events(of: .taskCompleted, .taskFailed, .taskCancelled, .taskTimedOut)
        for (task, events) in Dictionary(grouping: endings, by: \.subject) {
            #expect(Set(events.map(\.id)).count == 1, "task \(task) ended in \(events.map(\.type.rawValue))")
        }
        // Exactly one event per version: the same version never says two different things.
        let byVersion = Dictionary(grouping: ledger.events) { "\($0.subject) \($0.data.reference.version)" }
        for (version, events) in byVersion {
            #expect(Set(events.map(\.id)).count == 1, "entity and version \(version)")
        }
    }

    private func expectReadModelAgrees(_ owner: View) async throws {
        try await eventually("the read model agrees with the owner", within: .seconds(20)) {
            let tasks = try await workload.tasks(of: system)
            let list: TicketList = try await system.gateway.get(
                "/api/v1/tickets?project_id=\(workload.project.id)&limit=200"
            )
            return tasks.count == workload.taskIDs.count && tasks.allSatisfy { owner.tasks[$0.id] == $0 }
                && list.tickets.allSatisfy { owner.tickets[$0.id] == $0 }
        }
    }

    private func expectHistoryAgrees(_ owner: View) async throws {
        try await eventually("the history agrees with the owner", within: .seconds(20)) {
            let events = try await history()
            var versions: [Identifier: Set<Int>] = [:]
            for event in events { versions[event.subject, default: []].insert(event.data.reference.version) }
            // Without holes: as many versions as the highest one says.
            let tasks = workload.taskIDs.allSatisfy { id in
                owner.tasks[id].map { versions[id] == Set(1...$0.version) } ?? false
            }
            let tickets = workload.ticketIDs.allSatisfy { id in
                owner.tickets[id].map { versions[id] == Set(1...$0.version) } ?? false
            }
            return tasks && tickets && Set(events.map(\.id)).count == events.count
        }
    }

    private func history() async throws -> [Event] {
        struct Page: Decodable {
            var events: [Event]
            var next_cursor: String?
        }
        var events: [Event] = []
        var after: String?
        while true {
            let suffix = after.map { "&after=\($0)" } ?? ""
            let page: Page = try await system.relay.get("/api/v1/events?limit=500\(suffix)")
            events += page.events
            guard !page.events.isEmpty, let next = page.next_cursor else { return events }
            after = next
        }
    }

    private func expectEffectsAtMostOncePerAttempt(_ owner: View) throws {
        let effects = try workload.effects()
        #expect(Set(effects).count == effects.count, "an attempt ran twice: \(effects)")
        #expect(Set(effects.compactMap { $0.split(separator: " ").first }).count == workload.taskIDs.count)
        #expect(effects.count <= owner.attempts.count)
    }
}
