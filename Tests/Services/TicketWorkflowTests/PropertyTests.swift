import Contracts
import Kernel
import Storage
import Testing

@testable import TicketWorkflow

/// Random boards on a simulated clock: whatever happens, nothing that could move stands still.
@Suite(.timeLimit(.minutes(5)))
struct PropertyTests {
    @Test(arguments: Array(UInt64(1)...12))
    func `nothing that can move stands still`(seed: UInt64) async throws {
        try await withWorkflow(seed: seed) { workflow in
            let board = try await RandomBoard(workflow, SeededRandom(seed))
            try await board.play()
            try await board.check()
        }
    }
}

private final class RandomBoard {
    let workflow: TestWorkflow
    let random: SeededRandom
    let project: Project
    var tickets: [Identifier] = []
    var tasks: [Identifier] = []
    var claims: [Claim] = []

    init(_ workflow: TestWorkflow, _ random: SeededRandom) async throws {
        self.workflow = workflow
        self.random = random
        project = try await workflow.project { settings in
            settings.concurrency = random.int(1..<6)
            settings.wipLimits = [
                "analyzing": random.int(1..<4), "building": random.int(1..<4), "testing": random.int(1..<3),
            ]
            settings.approval.required = random.chance(0.3)
            if random.chance(0.5) {
                settings.gates["PHASE_IMPLEMENTATION"] = GateSettings(artifacts: [.init(type: "code_changes")])
            }
            if random.chance(0.5) { settings.gates["PHASE_TESTING"] = GateSettings(approval: true) }
        }
    }

    /// Creates, claims, ends and waits at random; then only works until nothing is left to do.
    func play() async throws {
        for step in 0..<60 {
            switch random.int(0..<10) {
            case 0, 1: try await create()
            case 2, 3, 4: try await claim()
            case 5, 6, 7: try await endOne(failing: 0.3)
            case 8: try await random.chance(0.5) ? disturb() : disturbTicket()
            default: try await workflow.advance(by: .seconds(random.int(1..<60)))
            }
            if step % 3 == 0 { try await checkClaimability() }
        }
        try await drain(failing: 0.05)
        // What failed or was cancelled rightly holds its column's place for ever: let it be done after all.
        // What one ticket frees may be what the next one waited for.
        for _ in 0..<30 where try await isUnfinished() {
            try await relieve()
            try await retryAll()
            try await drain(failing: 0)
        }
    }

    /// Works until nothing is left to do.
    private func drain(failing: Double) async throws {
        while true {
            try await claim()
            if claims.isEmpty {
                let before = try await end()
                try await workflow.advance(by: .seconds(400))
                try await claim()
                if claims.isEmpty, try await end() == before { return }
            }
            while !claims.isEmpty { try await endOne(failing: failing) }
        }
    }

    /// How many events there are.
    private func end() async throws -> Int {
        try await workflow.store.read { try Outbox.entries(after: 0, limit: 1_000_000, in: $0).count }
    }

    private func isUnfinished() async throws -> Bool {
        try await workflow.store.read { database in
            try TicketStore.page(after: nil, limit: 10_000, in: database).contains { ticket in
                guard !ticket.archived, ticket.phase != .done else { return false }
                return ticket.phase != .backlog || ticket.taskCount > 0
            }
        }
    }

    /// People do what only they can: lift blocks, decide reviews, bring evidence.
    private func relieve() async throws {
        for ticket in try await workflow.store.read({ try TicketStore.page(after: nil, limit: 10_000, in: $0) }) {
            guard !ticket.archived, ticket.phase != .done else { continue }
            if ticket.block?.automatic == false || ticket.approvalStatus == .rejected {
                try await workflow.run(UnblockTicket(id: ticket.id))
            }
            let now = try await workflow.ticket(ticket.id)
            if [.pendingReview, .timedOut].contains(now.approvalStatus) {
                try await workflow.run(ApproveTicket(id: ticket.id))
            }
            let isThere = now.artifacts?.contains { $0.phase == .implementation && $0.round == now.round } ?? false
            guard now.phase <= .implementation, now.phase != .backlog, !isThere else { continue }
            try await workflow.run(
                AddArtifact(id: ticket.id, body: ArtifactCreate(phase: .implementation, type: "code_changes"))
            )
        }
    }

    /// Somebody does something to a ticket; most of it is refused, and what is not must not stop the board.
    private func disturbTicket() async throws {
        guard !tickets.isEmpty else { return }
        let id = tickets[random.int(0..<tickets.count)]
        var patch = TicketPatch()
        do {
            switch random.int(0..<9) {
            case 0: try await workflow.run(BlockTicket(id: id, reason: .manual))
            case 1: try await workflow.run(UnblockTicket(id: id))
            case 2, 3: try await workflow.run(ApproveTicket(id: id))
            case 4: try await workflow.run(RejectTicket(id: id, reason: "no"))
            case 5: try await workflow.run(RegressTicket(id: id, toStatus: .building, feedback: "again", force: true))
            case 6:
                patch.blockedBy = ["\(tickets[random.int(0..<tickets.count)])"]
                try await workflow.run(UpdateTicket(id: id, body: patch))
            case 7:
                let to = Phase.allCases[random.int(0..<Phase.allCases.count)]
                let body = PhaseTransition(toPhase: to, force: random.chance(0.3), spawnTasks: random.chance(0.5))
                try await workflow.run(ChangePhase(id: id, body: body))
            default:
                patch.archived = random.chance(0.3)
                try await workflow.run(UpdateTicket(id: id, body: patch))
            }
        } catch let fault as Fault {
            let expected: [Fault.Code] = [
                .conflict, .ticketDone, .transitionRefused, .tasksOpen, .limitReached, .dependencyCycle, .invalid,
            ]
            #expect(expected.contains(fault.code), "\(fault)")
        }
    }

    private func retryAll() async throws {
        try await learnTasks()
        for id in tasks {
            guard [.failed, .timedOut, .cancelled].contains(try await workflow.task(id).status) else { continue }
            do {
                tasks.append(try await workflow.run(RetryTask(id: id)).id)
            } catch let fault as Fault where [.conflict, .ticketDone, .dependencyCycle].contains(fault.code) {
                // Replaced already, or its ticket is done without it.
            }
        }
    }

    private func create() async throws {
        let phases: [Phase] = [.requirements, .design, .implementation, .testing]
        let batch = (0..<random.int(1..<4)).map { number in
            let specifications = (0..<random.int(0..<5)).map { index in
                var dependsOn: [String] = []
                // Only back in the batch's order, so that most requests are free of cycles.
                if index > 0, random.chance(0.4) { dependsOn.append("\(number)-\(random.int(0..<index))") }
                if !tasks.isEmpty, random.chance(0.3) { dependsOn.append("\(tasks[random.int(0..<tasks.count)])") }
                return TaskSpecification(
                    ref: "\(number)-\(index)",
                    title: "\(number)-\(index)",
                    phase: phases[random.int(0..<4)],
                    priority: Priority.allCases[random.int(0..<4)],
                    dependsOn: dependsOn
                )
            }
            let blockers =
                tickets.isEmpty || !random.chance(0.2) ? [] : ["\(tickets[random.int(0..<tickets.count)])"]
            return TicketCreate(
                title: "ticket",
                priority: Priority.allCases[random.int(0..<4)],
                blockedBy: blockers,
                tasks: specifications
            )
        }
        do {
            let made = try await workflow.tickets(project, batch)
            tickets += made.tickets.map(\.id)
            tasks += made.tasks.map(\.id)
        } catch let fault as Fault where fault.code == .dependencyCycle {
            // A random edge may close a cycle; refusing it is what should happen.
        }
    }

    private func claim() async throws {
        while claims.isEmpty || random.chance(0.8) {
            do {
                let claim = try await workflow.claim()
                try await checkMayRun(claim)
                claims.append(claim)
            } catch let fault as Fault where fault.code == .nothingToClaim {
                return
            }
        }
    }

    private func endOne(failing: Double) async throws {
        guard !claims.isEmpty else { return }
        let claim = claims.remove(at: random.int(0..<claims.count))
        do {
            if random.chance(failing) {
                let domains: [FaultDomain] = [.agent, .platform, .sandbox]
                try await workflow.submit(claim, .failed(domains[random.int(0..<3)]))
            } else if failing > 0, random.chance(0.1) {
                try await workflow.deliver(
                    OnSandboxFailed.handle,
                    claim.sandboxID,
                    state: .failed,
                    reason: "worker-exited"
                )
            } else {
                var result = ResultSubmission.completed
                result.filesChanged = [.init(path: "a.swift", action: .modified)]
                try await workflow.submit(claim, result)
            }
        } catch let fault as Fault where [.attemptCancelled, .attemptSuperseded].contains(fault.code) {
            // Cancelled, or out of time: its sandbox has nothing to say any more.
        }
    }

    private func disturb() async throws {
        guard !tasks.isEmpty else { return }
        let task = try await workflow.task(tasks[random.int(0..<tasks.count)])
        do {
            switch task.status {
            case .pending, .assigned, .running:
                if random.chance(0.5) { try await workflow.run(CancelTask(id: task.id, reason: "no longer")) }
            case .failed, .timedOut, .cancelled:
                tasks.append(try await workflow.run(RetryTask(id: task.id)).id)
            case .completed:
                break
            }
        } catch let fault as Fault where [.conflict, .ticketDone, .tasksOpen, .dependencyCycle].contains(fault.code) {
            // Replaced already, or its ticket has gone on.
        }
    }

    /// Nothing runs that may not.
    private func checkMayRun(_ claim: Claim) async throws {
        let (task, ticket) = (try await workflow.task(claim.taskID), try await workflow.ticket(claim.ticketID))
        #expect(ticket.phase == task.phase && ticket.block == nil && !ticket.archived)
        #expect(Settle.isApproved(ticket))
        #expect(task.round == ticket.round || task.phase < .implementation)
        for id in task.dependsOn { #expect(try await workflow.task(id).status == .completed) }
        for id in ticket.blockedBy {
            let blocker = try await workflow.ticket(id)
            #expect(blocker.phase == .done || blocker.archived)
        }
    }

    private func learnTasks() async throws {
        tasks = try await workflow.store.read { try TaskStore.page(after: nil, limit: 10_000, in: $0).map(\.id) }
    }

    /// A task is claimable if and only if explain is empty.
    private func checkClaimability() async throws {
        try await learnTasks()
        var claimable: Set<Identifier> = []
        for task in tasks where try await workflow.holds(task).isEmpty { claimable.insert(task) }
        let best = try await workflow.store.read { try TaskStore.bestClaimable(project: nil, in: $0) }
        // Waiting times that are over count at once, although their timer may not have fired.
        let due = try await workflow.store.read { [now = workflow.time.now()] in
            try TaskStore.page(after: nil, limit: 10_000, in: $0).contains { task in
                task.status == .pending && task.notBefore.map { $0 <= now } ?? false
            }
        }
        if due { return }
        #expect((best == nil) == claimable.isEmpty)
        if let best { #expect(claimable.contains(best)) }
    }

    /// Judges the board at rest from its contents alone.
    func check() async throws {
        try await checkClaimability()
        let page = try await workflow.store.read { try TaskStore.page(after: nil, limit: 10_000, in: $0) }
        let all = Dictionary(uniqueKeysWithValues: page.map { ($0.id, $0) })
        let current = try await workflow.store.read { database in
            try page.filter { try TaskStore.find($0.id, in: database)?.isCurrent ?? false }
        }
        var finishable: [Identifier: Bool] = [:]
        let board = try await workflow.store.read { try TicketStore.page(after: nil, limit: 10_000, in: $0) }
        let boardByID = Dictionary(uniqueKeysWithValues: board.map { ($0.id, $0) })

        /// Whether a ticket has all it needs to be done: no task of it, and nothing it waits for, is stuck for good.
        func canFinish(_ ticket: Ticket) -> Bool {
            if let known = finishable[ticket.id] { return known }
            finishable[ticket.id] = false
            let own = current.filter { $0.ticketID == ticket.id }
            let possible =
                ticket.phase == .done || ticket.archived
                || own.contains { $0.status == .pending || $0.status == .completed }
                    && own.allSatisfy { task in
                        switch task.status {
                        case .failed, .timedOut: false
                        case .completed, .cancelled: true
                        case .pending, .assigned, .running:
                            task.dependsOn.allSatisfy { id in
                                guard let other = all[id] else { return false }
                                switch other.status {
                                case .completed: return true
                                case .failed, .timedOut, .cancelled: return false
                                default:
                                    return other.ticketID == ticket.id
                                        || boardByID[other.ticketID].map(canFinish) ?? false
                                }
                            }
                        }
                    }
                    && (ticket.phase != .backlog || own.contains { $0.status == .pending })
                    && ticket.blockedBy.allSatisfy { boardByID[$0].map(canFinish) ?? false }
            finishable[ticket.id] = possible
            return possible
        }
        for ticket in board where !ticket.archived && canFinish(ticket) {
            #expect(ticket.status == .done, "\(ticket.key) stands still in \(ticket.phase): \(ticket)")
        }
        for ticket in board where ticket.phase == .done {
            let forced = try await workflow.transitions(ticket.id).contains { $0.cause == .forced }
            let isReviewed = ticket.approvedPhases?.contains(.testing) == true
            let needsReview = project.settings.gate(of: .testing) != nil
            #expect(forced || !needsReview || isReviewed, "\(ticket.key) is done without its review")
        }
        #expect(current.allSatisfy { $0.status != .assigned && $0.status != .running })
    }
}
