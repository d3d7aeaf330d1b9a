import Contracts
import GRDB
import Kernel
import Storage

// Carries out what `Settle` decides, for every ticket the unit touched and all that follows.
extension UnitOfWork {
    /// Who moves tickets by themselves, as recorded.
    static let settler = "settle"
    /// Tickets moved into columns with a limit in one transaction; the rest follows at once in the next.
    static let fillLimit = 200

    /// Lets everything move that can. Call it before building a reply; calling it again costs nothing.
    func settle() throws {
        repeat {
            while !unsettled.isEmpty {
                try settle(ticket: unsettled.removeFirst(), granted: nil)
            }
            // From right to left: work that is further on goes first.
            if let column = freed.max(by: { $0.status < $1.status }) {
                freed.remove(column)
                try fill(column)
            }
        } while !unsettled.isEmpty || !freed.isEmpty
        try showApplicants()
        try finish()
    }

    /// Every column of the project may have room or other rules now.
    func reconsider(project id: Identifier) {
        for status in TicketStatus.allCases { freed.insert(Column(project: id, status: status)) }
    }

    /// Moves a ticket, with a transition and an event for every column on its way.
    func move(
        ticket id: Identifier,
        to target: Phase,
        cause: Transition.Cause,
        actor: String = UnitOfWork.settler,
        reason: String? = nil
    ) throws {
        let start = try ticket(id)
        var from = start.phase
        for phase in TicketStateMachine.path(from: start.phase, to: target) {
            let isLast = phase == target
            let transition = Transition(
                id: .make(bucket: id.bucket),
                ticketID: id,
                from: from,
                to: phase,
                cause: isLast ? cause : .passed,
                actor: actor,
                reason: isLast ? reason : nil,
                at: now
            )
            try TicketStore.insert(transition, in: database)
            try update(ticket: id, .ticketTransitioned, transition: transition) { ticket in
                ticket.previousPhase = from
                ticket.phase = phase
                ticket.status = phase.status
                ticket.enteredPhaseAt = now
                ticket.waitingFor = nil
                if phase < from { ticket.approvedPhases?.removeAll { $0 >= phase } }
            }
            from = phase
        }
        try setWanted(nil, of: id)
        try free(start.status, of: start.projectID)
        if target == .done { for waiting in try TicketStore.blocked(by: id, in: database) { touch(ticket: waiting) } }
        touch(ticket: id)
    }

    /// Whether a further ticket may enter the column.
    func hasRoom(in status: TicketStatus, of project: Identifier) throws -> Bool {
        guard let limit = try self.project(project).settings.limit(of: status) else { return true }
        try flush()
        return try TicketStore.count(in: status, of: project, in: database) < limit
    }

    /// - Parameter granted: a column in which this ticket was given the free place.
    private func settle(ticket id: Identifier, granted: TicketStatus?) throws {
        var granted = granted
        var isResting = false
        while !isResting {
            try flush()
            let situation = try situation(of: id)
            switch Settle.decide(situation) {
            case .rest:
                try rest(ticket: id, waitingFor: nil)
                isResting = true
            case .wait(let waiting):
                try rest(ticket: id, waitingFor: waiting)
                isResting = true
            case .block(let reason, let detail):
                try block(ticket: id, reason, detail, automatic: true)
            case .unblock:
                try update(ticket: id, .ticketUnblocked) { $0.block = nil }
            case .requestApproval(let phase):
                try requestReview(ofTicket: id, leaving: phase)
            case .withdrawApproval:
                try withdrawReview(ofTicket: id)
            case .move(let target, let cause):
                try move(ticket: id, to: target, cause: cause)
            case .moveWhenRoom(let target, let cause):
                if target.status == granted {
                    granted = nil
                    try move(ticket: id, to: target, cause: cause)
                } else {
                    try setWanted(target.status, of: id)
                    if situation.ticket.phase != .backlog { applicants.append(id) }
                    freed.insert(Column(project: situation.ticket.projectID, status: target.status))
                    isResting = true
                }
            }
        }
        unsettled.removeAll { $0 == id }
        try judgeReadiness(ofTicket: id)
    }

    /// Sets or changes a block.
    ///
    /// - Parameter automatic: whether it goes when its cause does.
    func block(ticket id: Identifier, _ reason: Ticket.BlockReason, _ detail: String, automatic: Bool) throws {
        try update(ticket: id, .ticketBlocked) { ticket in
            ticket.block = Ticket.Block(
                reason: reason,
                detail: String(detail.prefix(Limits.reasonLength)),
                since: now,
                automatic: automatic
            )
        }
    }

    private func rest(ticket id: Identifier, waitingFor waiting: Ticket.Waiting?) throws {
        try setWanted(nil, of: id)
        guard try ticket(id).waitingFor != waiting else { return }
        try update(ticket: id, .ticketUpdated) { $0.waitingFor = waiting }
    }

    /// Lets it be seen who found no room. Tickets of the backlog are seen to wait anyway.
    private func showApplicants() throws {
        for id in applicants {
            let record = try ticketRecord(id)
            guard let wanted = record.wanted else { continue }
            let waiting = Ticket.Waiting(.room, "the column '\(wanted.rawValue)' has no room")
            if record.ticket.waitingFor != waiting {
                try update(ticket: id, .ticketUpdated) { $0.waitingFor = waiting }
            }
        }
        applicants.removeAll()
    }

    /// What is known about a ticket now.
    func situation(of id: Identifier) throws -> Settle.Situation {
        let ticket = try ticket(id)
        var situation = Settle.Situation(ticket: ticket, tallies: try TaskStore.tallies(of: id, in: database))
        if !ticket.blockedBy.isEmpty {
            situation.openBlockers = try TicketStore.openBlockers(of: id, in: database).map(\.key)
        }
        if situation.tallies.values.contains(where: { $0.failed > 0 }) {
            situation.failure = try TaskStore.failure(in: id, database)
        }
        if let tally = situation.tallies[ticket.phase], tally.free == 0, tally.active == 0, tally.held > 0 {
            situation.waitsFor = try TaskStore.foreignHold(of: ticket, in: database)
        }
        situation.gates = try project(ticket.projectID).settings.openGates
        if !situation.gates.isEmpty { situation.evidence = try ArtifactStore.evidence(of: ticket, in: database) }
        return situation
    }

    /// Sends `task.pending` on each edge to ready, and takes the mark back where it no longer holds.
    private func judgeReadiness(ofTicket id: Identifier) throws {
        try flush()
        let ticket = try ticket(id)
        let isOpen = Readiness.isOpenForWork(ticket)
        for record in try TaskStore.losingReadiness(in: ticket, isOpen: isOpen, database) {
            try update(task: known(record).task.id, .taskUpdated) { $0.task.readyAt = nil }
        }
        guard isOpen else { return }
        for record in try TaskStore.becomingReady(in: ticket, now: now, database) {
            let task = known(record).task
            let dependents = try DependencyStore.countDependents(of: task.id, in: database)
            try update(task: task.id, .taskPending) { record in
                record.task.readyAt = now
                record.task.notBefore = nil
                record.task.notBeforeCause = nil
                record.rank = Rank.value(
                    readyAt: now,
                    priority: task.priority,
                    dependents: dependents,
                    retries: task.countedFailures
                )
                record.isUrgent = Rank.isUrgent(deadline: task.deadlineAt, now: now)
            }
        }
    }

    /// Gives the free places of a column to the tickets that want them, best first.
    private func fill(_ column: Column) throws {
        let project = try project(column.project)
        let fromBacklog = project.settings.autoStart && project.status == .active
        while try hasRoom(in: column.status, of: column.project) {
            try flush()
            guard
                let id = try TicketStore.bestCandidate(
                    for: column.status,
                    of: column.project,
                    fromBacklog: fromBacklog,
                    in: database
                )
            else { return }
            guard fills < Self.fillLimit else {
                try Timers.set(
                    kind: TimerKind.reconsider.rawValue,
                    key: column.project.description,
                    due: now,
                    generation: 0,
                    in: database
                )
                return
            }
            fills += 1
            try settle(ticket: id, granted: column.status)
            // Still wanting the same column would mean the same answer for ever.
            if try ticketRecord(id).wanted == column.status { return }
        }
    }
}
