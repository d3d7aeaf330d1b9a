import Contracts
import Kernel
import Storage

// Reviews: of a new ticket before it begins, and of a phase before it is left. Each has a deadline.
extension UnitOfWork {
    /// Asks for a decision.
    ///
    /// - Parameter phase: whose gate it is about; nil: whether the ticket may begin at all.
    func requestReview(ofTicket id: Identifier, leaving phase: Phase? = nil) throws {
        let ticket = try ticket(id)
        let timeout: Duration = .seconds(try project(ticket.projectID).settings.approval.timeoutSeconds)
        try update(ticket: id, .ticketApprovalRequested) { ticket in
            ticket.approvalStatus = .pendingReview
            ticket.approvalPhase = phase
            ticket.approvalDeadlineAt = now + timeout
            ticket.rejectionReason = nil
        }
        try Timers.set(
            kind: TimerKind.review.rawValue,
            key: id.description,
            due: now + timeout,
            generation: ticket.round,
            in: database
        )
    }

    /// Takes back a question that no longer matters.
    func withdrawReview(ofTicket id: Identifier) throws {
        try update(ticket: id, .ticketUpdated) { ticket in
            ticket.approvalStatus = .notRequired
            ticket.approvalPhase = nil
            ticket.approvalDeadlineAt = nil
            ticket.rejectionReason = nil
        }
        try Timers.cancel(kind: TimerKind.review.rawValue, key: id.description, in: database)
    }

    /// Decides a review.
    ///
    /// - Parameter rejection: the reason against the ticket; nil: it is approved.
    /// - Throws: ``Fault`` `conflict` when no review is under way.
    func decideReview(ofTicket id: Identifier, rejection: String?) throws {
        let ticket = try ticket(id)
        _ = try activeProject(ticket.projectID)
        guard !ticket.archived, ticket.approvalStatus == .pendingReview || ticket.approvalStatus == .timedOut else {
            throw Fault(
                .conflict,
                "\(ticket.key) is not waiting for a review: its approval is \(ticket.approvalStatus.rawValue)"
            )
        }
        try Timers.cancel(kind: TimerKind.review.rawValue, key: id.description, in: database)
        try update(ticket: id, rejection == nil ? .ticketApproved : .ticketRejected) { ticket in
            ticket.approvalDeadlineAt = nil
            ticket.rejectionReason = rejection
            guard rejection == nil else {
                ticket.approvalStatus = .rejected
                return
            }
            ticket.approvalStatus = .approved
            if let phase = ticket.approvalPhase {
                ticket.approvedPhases = (ticket.approvedPhases ?? []).filter { $0 != phase } + [phase]
            }
            ticket.approvalPhase = nil
        }
        if rejection != nil, try project(ticket.projectID).settings.approval.onReject == .archive {
            try archive(ticket: id, reason: "\(ticket.key) was rejected")
        }
        touch(ticket: id)
    }

    /// The deadline is past: nobody's silence is a yes, so the ticket is shown to wait for an answer.
    func escalateReview(ofTicket id: Identifier) throws {
        let ticket = try ticket(id)
        guard ticket.approvalStatus == .pendingReview, ticket.phase != .done, !ticket.archived else { return }
        try update(ticket: id, .ticketApprovalRequested) { $0.approvalStatus = .timedOut }
        touch(ticket: id)
    }

    /// Takes a ticket off the board: its tasks are cancelled, nobody waits for it any more.
    func archive(ticket id: Identifier, reason: String) throws {
        for record in try TaskStore.unfinished(of: id, in: database) {
            try cancel(task: known(record).task.id, reason: reason)
        }
        try Timers.cancel(kind: TimerKind.review.rawValue, key: id.description, in: database)
        try update(ticket: id, .ticketArchived) { ticket in
            ticket.archived = true
            ticket.waitingFor = nil
        }
        try setWanted(nil, of: id)
        for waiting in try TicketStore.blocked(by: id, in: database) { touch(ticket: waiting) }
    }
}
