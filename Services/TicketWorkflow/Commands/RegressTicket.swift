import Contracts
import Kernel
import ServiceKit

extension RegressTicket: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> Ticket {
        let ticket = try unit.ticket(id)
        _ = try unit.activeProject(ticket.projectID)
        try checkVersion(ifVersion, ticket.version, "ticket")
        guard let target = toStatus.phases.first, target < ticket.phase else {
            throw Fault(
                .transitionRefused,
                "\(ticket.key) is in '\(ticket.status.rawValue)'; '\(toStatus.rawValue)' is not before that"
            )
        }
        try unit.moveByHand(ticket: id, to: target, reason: feedback, force: force)
        try unit.settle()
        return try unit.ticket(id)
    }
}

extension UnitOfWork {
    /// Begins the next round: completed work stays what it is and no longer counts, a rework task carries the feedback,
    /// and every task of later phases is done again after it.
    ///
    /// - Throws: a kept ``Fault`` when the ticket has had all its rounds: it is blocked then.
    func regress(ticket id: Identifier, feedback: String?, force: Bool) throws {
        let ticket = try ticket(id)
        if Rework.isExhausted(ticket) { throw try exhausted(ticket) }
        let project = try project(ticket.projectID)
        let current = try TaskStore.current(of: id, in: database).map { known($0).task }
        let previous = current.filter { $0.phase == .implementation && $0.status == .completed }
        let later = Rework.repeated(current)
        for task in later where !task.status.isFinal {
            try cancel(task: task.id, reason: "\(ticket.key) went back to building")
        }
        for task in later + previous { try drop(task.id, of: id) }
        let rework = Rework.task(
            id: .make(bucket: id.bucket),
            for: ticket,
            feedback: feedback,
            previous: previous.sorted { ($0.completedAt ?? $0.createdAt) < ($1.completedAt ?? $1.createdAt) },
            maxAttempts: project.settings.maxAttempts,
            at: now
        )
        let ids = Dictionary(uniqueKeysWithValues: later.map { ($0.id, Identifier.make(bucket: id.bucket)) })
        try add([rework] + Rework.clones(of: later, ids: ids, round: ticket.round + 1, at: now), to: id)
        try update(ticket: id, .ticketUpdated) { ticket in
            ticket.round += 1
            ticket.approvedPhases?.removeAll { $0 >= .implementation }
        }
        try move(
            ticket: id,
            to: .implementation,
            cause: .regressed,
            actor: actor.subject,
            reason: feedback.map { String($0.prefix(Limits.reasonLength)) }
        )
        for task in later where task.status != .completed {
            if let clone = ids[task.id] { try repoint(dependentsOf: task.id, to: clone) }
        }
    }

    private func exhausted(_ ticket: Ticket) throws -> KeptFault {
        let message = "\(ticket.key) has had \(ticket.round) rounds, which is the limit"
        try block(ticket: ticket.id, .failingChecks, message, automatic: false)
        try settle()
        return KeptFault(Fault(.conflict, "\(message); it is blocked now"))
    }

    /// A task no longer counts for its ticket.
    private func drop(_ id: Identifier, of ticket: Identifier) throws {
        let task = try task(id)
        try note(task: id) { $0.isCurrent = false }
        guard task.status != .cancelled else { return }
        try recount(ticket: ticket, tasks: -1, completed: task.status == .completed ? -1 : 0)
    }

    /// Stores new tasks of a ticket with what they depend on.
    func add(_ tasks: [WorkTask], to ticket: Identifier) throws {
        for task in tasks { try insert(task) }
        for task in tasks where !task.dependsOn.isEmpty {
            try DependencyStore.insert(task.dependsOn, of: task.id, in: database)
        }
        try recount(ticket: ticket, tasks: tasks.count)
        touch(ticket: ticket)
    }
}
