import Contracts
import Kernel

extension TransitionTicket: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> Ticket {
        let ticket = try unit.ticket(id)
        _ = try unit.activeProject(ticket.projectID)
        try checkVersion(ifVersion, ticket.version, "ticket")
        try unit.moveByHand(ticket: id, to: body.toStatus, reason: body.reason, force: body.force ?? false)
        try unit.settle()
        return try unit.ticket(id)
    }
}

extension ChangePhase: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> PhaseChange {
        let before = try unit.ticket(id)
        _ = try unit.activeProject(before.projectID)
        try checkVersion(ifVersion, before.version, "ticket")
        try unit.moveByHand(ticket: id, to: body.toPhase, reason: body.reason, force: body.force ?? false)
        var tasks: [WorkTask] = []
        if body.spawnTasks ?? true, body.toPhase.hasTasks,
            try TaskStore.tallies(of: id, in: unit.database)[body.toPhase]?.isUnfinished != true
        {
            tasks = try unit.spawnUsualTasks(of: id, in: body.toPhase)
        }
        try unit.settle()
        let artifacts = try ArtifactStore.all(of: id, in: unit.database)
        return PhaseChange(
            ticket: try unit.ticket(id),
            fromPhase: before.phase,
            artifactsCollected: artifacts.count { $0.phase == before.phase && $0.round == before.round },
            tasks: try tasks.map { try unit.task($0.id) }
        )
    }
}

extension CheckPhase: WorkflowCommand {
    static var access: Access { .viewer }

    func run(_ unit: UnitOfWork) throws -> PhaseCheck {
        let ticket = try unit.ticket(id)
        try unit.actor.checkProject(ticket.projectID)
        let refusals = try unit.refusals(ofMoving: ticket, to: toPhase, force: false)
        return PhaseCheck(ticketID: id, toPhase: toPhase, blockingReasons: refusals.map(\.message))
    }
}

// MARK: - The one door for moves by hand

extension UnitOfWork {
    /// Moves a ticket to the first phase of a column.
    func moveByHand(ticket id: Identifier, to status: TicketStatus, reason: String?, force: Bool) throws {
        guard let target = status.phases.first else { return }
        try moveByHand(ticket: id, to: target, reason: reason, force: force)
    }

    /// Moves a ticket, or begins another round when it goes back to building.
    ///
    /// - Parameter force: cancels what is left behind and passes every objection; recorded, and for administrators.
    /// - Throws: ``Fault`` with the first reason against it.
    func moveByHand(ticket id: Identifier, to target: Phase, reason: String?, force: Bool) throws {
        let ticket = try ticket(id)
        if force, actor.scope != .admin { throw Fault(.forbidden, "'force' needs a token with scope 'admin'") }
        if let refusal = try refusals(ofMoving: ticket, to: target, force: force).first { throw refusal }
        if target < ticket.phase {
            try regress(ticket: id, feedback: reason, force: force)
            return
        }
        if force { try dropTasks(before: target, of: ticket) }
        try move(
            ticket: id,
            to: target,
            cause: force ? .forced : .manual,
            actor: actor.subject,
            reason: reason
        )
    }

    /// Everything that speaks against a move by hand; empty if and only if it is carried out.
    func refusals(ofMoving ticket: Ticket, to target: Phase, force: Bool) throws -> [Fault] {
        let situation = try situation(of: ticket.id)
        let unfinished = try TaskStore.unfinished(of: ticket.id, in: database).map { known($0).task }
        let isBack = target < ticket.phase
        let facts = ManualMove.Facts(
            ticket: ticket,
            target: target,
            leftBehind: unfinished.filter { $0.phase < target },
            tallies: situation.tallies,
            openBlockers: situation.openBlockers,
            shortfalls: Settle.shortfalls(situation, to: target),
            hasRoom: try target.status == ticket.status || hasRoom(in: target.status, of: ticket.projectID)
        )
        let impossible = ManualMove.impossibilities(facts)
        if force || !impossible.isEmpty { return impossible }
        return isBack
            ? Rework.refusals(ticket, active: unfinished.filter { $0.status != .pending }.count)
            : ManualMove.refusals(facts)
    }

    /// Cancels the tasks of earlier phases, and lets go of those that failed.
    private func dropTasks(before target: Phase, of ticket: Ticket) throws {
        for record in try TaskStore.current(of: ticket.id, in: database) where record.task.phase < target {
            let task = known(record).task
            if !task.status.isFinal {
                try cancel(task: task.id, reason: "\(ticket.key) was moved by force")
            } else if task.status == .failed || task.status == .timedOut {
                try note(task: task.id) { $0.isCurrent = false }
                try recount(ticket: ticket.id, tasks: -1)
            }
        }
    }
}
