import Contracts
import Kernel

extension ProgressTicket: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> TicketProgress {
        let before = try unit.ticket(id)
        try unit.actor.checkProject(before.projectID)
        let tally = try TaskStore.tallies(of: id, in: unit.database)[before.phase]
        unit.touch(ticket: id)
        try unit.settle()
        let situation = try unit.situation(of: id)
        return TicketProgress(
            ticket: situation.ticket,
            fromPhase: before.phase,
            phaseComplete: tally.map { !$0.isUnfinished && $0.completed > 0 } ?? false,
            blockingReasons: Settle.holds(situation)
        )
    }
}

extension DetectBlocking: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> BlockingReport {
        if let projectID {
            _ = try unit.project(projectID)
            try unit.actor.checkProject(projectID)
        }
        let projects = try (projectID ?? unit.actor.projectID).map { [$0] } ?? ProjectStore.active(in: unit.database)
        var items: [BlockingReport.Item] = []
        for project in projects { items += try unit.blockStuck(in: project) }
        return BlockingReport(results: items)
    }
}
