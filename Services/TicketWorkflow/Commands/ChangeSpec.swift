import Contracts
import Kernel

extension UpdateSpec: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> Spec {
        let spec = try unit.editableSpec(id, ifVersion: ifVersion)
        if let title = body.title { try checkTitle(title, field: "title") }
        let work = try unit.work(of: spec)
        return try unit.update(spec: id, "changed by hand") { try $0.patch(body, work) }
    }
}

extension DeleteSpec: WorkflowCommand {
    static var access: Access { .member }

    /// What nobody has let go yet goes with the spec; work that has begun is real and stays.
    func run(_ unit: UnitOfWork) throws -> Spec {
        let spec = try unit.editableSpec(id, ifVersion: ifVersion)
        let deleted = try unit.update(spec: id, "deleted", event: .specDeleted, as: .deleted) { $0.deleted = true }
        for held in spec.tickets where held.held {
            let ticket = try unit.ticket(held.ticketID)
            guard !ticket.archived, ticket.phase == .backlog else { continue }
            try unit.archive(ticket: ticket.id, reason: "its spec was deleted")
        }
        return deleted
    }
}
