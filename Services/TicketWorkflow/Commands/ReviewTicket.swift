import Contracts
import Kernel

extension ApproveTicket: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> Ticket {
        try unit.decideReview(ofTicket: id, rejection: nil)
        try unit.settle()
        return try unit.ticket(id)
    }
}

extension RejectTicket: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> Ticket {
        guard reason.contains(where: { !$0.isWhitespace }) else {
            throw Fault.invalid("rejection_reason", "must not be empty")
        }
        try unit.decideReview(ofTicket: id, rejection: String(reason.prefix(Limits.reasonLength)))
        try unit.settle()
        return try unit.ticket(id)
    }
}
