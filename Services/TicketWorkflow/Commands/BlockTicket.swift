import Contracts
import Kernel

extension BlockTicket: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> Ticket {
        let ticket = try unit.ticket(id)
        _ = try unit.activeProject(ticket.projectID)
        try checkVersion(ifVersion, ticket.version, "ticket")
        if ticket.phase == .done { throw Fault(.ticketDone, "\(ticket.key) is done and cannot be blocked") }
        if ticket.archived { throw Fault(.conflict, "\(ticket.key) is archived") }
        let detail = detail.flatMap { $0.isEmpty ? nil : $0 } ?? "blocked by \(unit.actor.subject)"
        if let block = ticket.block, !block.automatic, block.reason == reason, block.detail == detail { return ticket }
        try unit.block(ticket: id, reason, detail, automatic: false)
        unit.touch(ticket: id)
        try unit.settle()
        return try unit.ticket(id)
    }
}

extension UnblockTicket: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> Ticket {
        let ticket = try unit.ticket(id)
        _ = try unit.activeProject(ticket.projectID)
        try checkVersion(ifVersion, ticket.version, "ticket")
        guard let block = ticket.block else { throw Fault(.conflict, "\(ticket.key) is not blocked") }
        if block.automatic, let advice = advice(ticket, block) {
            throw Fault(.conflict, "\(ticket.key) is blocked (\(block.reason.rawValue)): \(block.detail); \(advice)")
        }
        try unit.update(ticket: id, .ticketUnblocked) { $0.block = nil }
        // What was rejected goes on only after another look.
        if ticket.approvalStatus == .rejected {
            try unit.requestReview(ofTicket: id, leaving: ticket.approvalPhase)
        }
        unit.touch(ticket: id)
        try unit.settle()
        return try unit.ticket(id)
    }

    /// What lifts a block whose cause is still there; nil when unblocking does.
    private func advice(_ ticket: Ticket, _ block: Ticket.Block) -> String? {
        switch block.reason {
        case .dependency: "it goes when what it waits for is done, or when it no longer waits for it"
        case .failingChecks: "retry the task, or send the ticket back to building"
        case .needsInput where ticket.approvalStatus == .timedOut: "approve or reject the ticket"
        case .needsInput, .approvalRejected, .environment, .budget, .manual: nil
        }
    }
}
