import Contracts
import Kernel

extension UpdateTicketContext: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> Ticket {
        let ticket = try unit.ticket(id)
        _ = try unit.activeProject(ticket.projectID)
        if let reserved = body.context?.keys.first(where: { $0 == TicketContext.phases }) {
            throw Fault.invalid("context.\(reserved)", "is written by the system")
        }
        let tasks = try TaskStore.current(of: id, in: unit.database).map(\.task).filter { $0.phase == phase }
        let context = TicketContext.merged(
            ticket.context ?? [:],
            adding: body.context ?? [:],
            phase: phase,
            tasks: tasks,
            at: unit.now
        )
        let size = try ContractCoder.encode(context).count
        guard size <= Limits.contextBytes else {
            throw Fault.invalid("context", "would have \(size) bytes, at most \(Limits.contextBytes) fit")
        }
        try unit.update(ticket: id, .ticketUpdated) { ticket in
            ticket.context = context
            ticket.contextSummary = body.summary ?? ticket.contextSummary
        }
        try unit.settle()
        return try unit.ticket(id)
    }
}
