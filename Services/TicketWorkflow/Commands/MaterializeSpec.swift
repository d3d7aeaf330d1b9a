import Contracts
import Kernel

extension MaterializeSpec: WorkflowCommand {
    static var access: Access { .member }

    /// Its tickets start like any other from now on. Asking again lets go what came in between.
    func run(_ unit: UnitOfWork) throws -> SpecMaterialized {
        _ = try unit.editableSpec(id, ifVersion: ifVersion)
        var held: [Identifier] = []
        try unit.update(spec: id, "materialized", as: .materialized) { spec in
            held = try spec.materialize(now: unit.now)
        }
        var tasks = 0
        held = try held.filter { try !unit.ticket($0).archived }
        for id in held {
            tasks += try TaskStore.unfinished(of: id, in: unit.database).count
            try release(unit.ticket(id), unit)
        }
        try unit.settle()
        return SpecMaterialized(spec: try unit.spec(id), ticketIDs: held, taskCount: tasks)
    }

    /// Whoever lets go what the approved design plans has answered the question whether it may begin.
    private func release(_ ticket: Ticket, _ unit: UnitOfWork) throws {
        if !ticket.autoStart { try unit.update(ticket: ticket.id, .ticketUpdated) { $0.autoStart = true } }
        let isInReview = ticket.approvalStatus == .pendingReview || ticket.approvalStatus == .timedOut
        if isInReview, ticket.approvalPhase == nil { try unit.decideReview(ofTicket: ticket.id, rejection: nil) }
        unit.touch(ticket: ticket.id)
    }
}
