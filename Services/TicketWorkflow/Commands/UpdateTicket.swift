import Contracts
import Kernel

extension UpdateTicket: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> Ticket {
        let before = try unit.ticket(id)
        _ = try unit.activeProject(before.projectID)
        try checkVersion(ifVersion, before.version, "ticket")
        if let title = body.title { try checkTitle(title, field: "title") }
        var after = before
        after.title = body.title ?? before.title
        after.description = body.description ?? before.description
        after.priority = body.priority ?? before.priority
        after.labels = body.labels ?? before.labels
        after.autoStart = body.autoStart ?? before.autoStart
        if let names = body.blockedBy { after.blockedBy = try blockers(names, of: before, unit) }
        if after != before {
            try unit.update(ticket: id, .ticketUpdated) { $0 = after }
            if after.blockedBy != before.blockedBy { try changeBlockers(after, unit) }
        }
        try setArchived(before, unit)
        if let status = body.status, status != before.status {
            try unit.moveByHand(ticket: id, to: status, reason: body.reason, force: false)
        }
        unit.touch(ticket: id)
        try unit.settle()
        return try unit.ticket(id)
    }

    private func blockers(_ names: [String], of ticket: Ticket, _ unit: UnitOfWork) throws -> [Identifier] {
        guard names.count <= Limits.dependenciesPerTask else {
            throw Fault.invalid("blocked_by", "must be at most \(Limits.dependenciesPerTask)")
        }
        var ids: [Identifier] = []
        for (index, name) in names.enumerated() {
            let field = "blocked_by[\(index)]"
            let found = try Identifier(name) ?? TicketStore.identifier(ofKey: name, in: unit.database)
            guard let found, let blocker = try TicketStore.find(found, in: unit.database)?.ticket,
                blocker.projectID == ticket.projectID
            else { throw Fault.invalid(field, "there is no ticket '\(name)' in this project") }
            guard found != ticket.id else { throw Fault.invalid(field, "a ticket cannot wait for itself") }
            if !ids.contains(found) { ids.append(found) }
        }
        return ids
    }

    private func changeBlockers(_ ticket: Ticket, _ unit: UnitOfWork) throws {
        try unit.flush()
        try TicketStore.setBlockers(of: ticket, in: unit.database)
        try unit.checkCycles(from: [.start(ticket: ticket.id)])
    }

    private func setArchived(_ before: Ticket, _ unit: UnitOfWork) throws {
        guard let archived = body.archived, archived != before.archived else { return }
        if archived {
            try unit.archive(ticket: id, reason: "\(before.key) was archived")
        } else {
            try unit.update(ticket: id, .ticketUpdated) { $0.archived = false }
            for waiting in try TicketStore.blocked(by: id, in: unit.database) { unit.touch(ticket: waiting) }
            // Its deadline ended with the ticket's time on the board.
            if before.approvalStatus == .pendingReview {
                try unit.requestReview(ofTicket: id, leaving: before.approvalPhase)
            }
        }
    }
}
