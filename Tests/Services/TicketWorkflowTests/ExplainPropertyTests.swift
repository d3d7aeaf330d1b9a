import Contracts
import Kernel
import Testing

@testable import TicketWorkflow

/// `explain` and the claim never disagree, whatever happens to a board.
@Suite(.timeLimit(.minutes(3)))
struct ExplainPropertyTests {
    @Test(arguments: Array(UInt64(1)...8))
    func `a task can be claimed if and only if explain is empty`(seed: UInt64) async throws {
        try await withWorkflow(seed: seed) { workflow in
            let board = try await RestlessBoard(workflow, SeededRandom(seed))
            for _ in 0..<40 {
                try await board.step()
                try await board.compare()
            }
            #expect(board.claimable > 0 && board.held > 0, "both answers occurred")
        }
    }
}

private final class RestlessBoard {
    /// Undoes a claim that was only made to see whether it can be.
    private struct Undone: Error { var refusal: Fault? }

    let workflow: TestWorkflow
    let random: SeededRandom
    let project: Project
    var tasks: [Identifier] = []
    var claims: [Claim] = []
    /// Answers so far.
    var claimable = 0
    var held = 0

    init(_ workflow: TestWorkflow, _ random: SeededRandom) async throws {
        self.workflow = workflow
        self.random = random
        project = try await workflow.project { $0.concurrency = 3 }
        while tasks.isEmpty {
            do {
                try await create()
            } catch let fault as Fault where fault.code == .dependencyCycle {
                // A task of an earlier phase was to wait for one of a later phase: another roll of the dice.
            }
        }
    }

    func step() async throws {
        do {
            switch random.int(0..<12) {
            case 0, 1: try await create()
            case 2, 3: claims.append(try await workflow.claim())
            case 4: claims.append(try await workflow.claim(any()))
            case 5, 6: try await endOne()
            case 7: try await workflow.run(CancelTask(id: any(), reason: "no longer"))
            case 8: try await workflow.run(ChangeDependencies(id: any(), change: .add, dependsOn: [any()]))
            case 9: try await workflow.advance(by: .seconds(random.int(1..<120)))
            case 10: try await disturbTicket()
            default: try await disturbProject()
            }
        } catch is Fault {
            // Refused, as random requests often are.
        }
    }

    /// Asks `explain` about every task, then tries to claim it.
    func compare() async throws {
        for id in tasks {
            let holds = try await workflow.ask(ExplainTask(id: id)).holds
            let refusal = try await refusal(of: id)
            #expect(
                holds.isEmpty == (refusal == nil),
                "explain: \(holds.map(\.condition)), claim: \(refusal?.message ?? "granted")"
            )
            if holds.isEmpty { claimable += 1 } else { held += 1 }
        }
    }

    private func any() -> Identifier { tasks[random.int(0..<tasks.count)] }

    private func refusal(of id: Identifier) async throws -> Fault? {
        do {
            return try await workflow.change { unit in
                do {
                    let command = ClaimTask(sandboxID: .make(), orchestrator: TestWorkflow.orchestrator, taskID: id)
                    _ = try command.run(unit)
                } catch let fault as Fault {
                    throw Undone(refusal: fault)
                }
                throw Undone()
            }
        } catch let undone as Undone {
            return undone.refusal
        }
    }

    private func create() async throws {
        let phases: [Phase] = [.requirements, .implementation, .testing]
        let made = try await workflow.tickets(
            project,
            [
                TicketCreate(
                    title: "t",
                    tasks: (0..<random.int(1..<4)).map { index in
                        TaskSpecification(
                            ref: "\(index)",
                            title: "\(index)",
                            phase: phases[random.int(0..<3)],
                            dependsOn: index > 0 && random.chance(0.4) ? ["\(random.int(0..<index))"] : []
                        )
                    }
                )
            ]
        )
        tasks += made.tasks.map(\.id)
    }

    private func endOne() async throws {
        guard !claims.isEmpty else { return }
        let claim = claims.remove(at: random.int(0..<claims.count))
        let domains: [FaultDomain?] = [nil, nil, nil, .agent, .platform, .providerLimit]
        let domain = domains[random.int(0..<domains.count)]
        try await workflow.submit(claim, domain.map { .failed($0) } ?? .completed)
    }

    private func disturbTicket() async throws {
        let id = try await workflow.task(any()).ticketID
        let (blocks, approval) = (
            random.chance(0.5), [Ticket.ApprovalStatus.pendingReview, .approved][random.int(0..<2)]
        )
        let isAboutBlock = random.chance(0.5)
        try await workflow.change { unit in
            try unit.update(ticket: id, .ticketUpdated) { ticket in
                if isAboutBlock {
                    ticket.block =
                        blocks
                        ? .init(reason: .manual, detail: "by hand", since: unit.now, automatic: false) : nil
                } else {
                    ticket.approvalStatus = approval
                }
            }
            unit.touch(ticket: id)
        }
    }

    private func disturbProject() async throws {
        let (id, archives, concurrency) = (project.id, random.chance(0.3), random.int(1..<6))
        try await workflow.change { unit in
            try unit.update(project: id, .projectUpdated) { project in
                project.status = archives ? .archived : .active
                project.settings.concurrency = concurrency
            }
            unit.reconsider(project: id)
        }
    }
}
