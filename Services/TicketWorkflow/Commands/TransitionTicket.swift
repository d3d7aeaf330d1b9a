import Contracts
import Kernel

extension TransitionTicket: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> Ticket {
        let ticket = try unit.ticket(id)
        _ = try unit.activeProject(ticket.projectID)
        try checkVersion(ifVersion, ticket.version, "ticket")
        let isForced = body.force ?? false
        if isForced, unit.actor.scope != .admin {
            throw Fault(.forbidden, "'force' needs a token with scope 'admin'")
        }
        guard !ticket.archived, TicketStateMachine.mayMove(from: ticket.status, to: body.toStatus),
            let target = body.toStatus.phases.first
        else { throw refused(ticket, "that is not a way a ticket goes") }
        if target < ticket.phase {
            throw refused(ticket, "create a task for \(target.rawValue) instead; the ticket then goes back by itself")
        }
        let left = try TaskStore.unfinished(of: id, in: unit.database).filter { $0.task.phase < target }
        if isForced {
            for record in left {
                try unit.cancel(task: unit.known(record).task.id, reason: "\(ticket.key) was moved by force")
            }
        } else {
            try check(ticket, left.map(\.task), unit)
        }
        try unit.move(
            ticket: id,
            to: target,
            cause: isForced ? .forced : .manual,
            actor: unit.actor.subject,
            reason: body.reason
        )
        try unit.settle()
        return try unit.ticket(id)
    }

    /// The same door automatic moves go through.
    private func check(_ ticket: Ticket, _ left: [WorkTask], _ unit: UnitOfWork) throws {
        if let block = ticket.block {
            throw refused(ticket, "it is blocked (\(block.reason.rawValue)): \(block.detail)")
        }
        if left.contains(where: { $0.status != .pending }) {
            throw Fault(
                .tasksOpen,
                "tasks of \(ticket.key) are being worked on; wait for them, cancel them, or use 'force'"
            )
        }
        if let task = left.first {
            throw refused(ticket, "the task '\(task.title)' of \(task.phase.rawValue) is unfinished")
        }
        if ticket.phase == .backlog, let blocker = try TicketStore.openBlockers(of: id, in: unit.database).first {
            throw refused(ticket, "it waits for \(blocker.key)")
        }
        if body.toStatus == .done {
            let tallies = try TaskStore.tallies(of: id, in: unit.database).values
            guard tallies.contains(where: { $0.completed > 0 }), !tallies.contains(where: \.isUnfinished) else {
                throw refused(ticket, "'done' needs at least one completed task and none unfinished")
            }
        }
        guard try unit.hasRoom(in: body.toStatus, of: ticket.projectID) else {
            throw Fault(.limitReached, "the column '\(body.toStatus.rawValue)' has no room")
        }
    }

    private func refused(_ ticket: Ticket, _ reason: String) -> Fault {
        Fault(
            .transitionRefused,
            "\(ticket.key) is in '\(ticket.status.rawValue)' and may not move to '\(body.toStatus.rawValue)': \(reason)"
        )
    }
}
